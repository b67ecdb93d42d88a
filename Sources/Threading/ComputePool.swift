import FoundationEssentials
import Glibc
import Synchronization

/// A fixed set of threads that run the iterations of one loop at a time.
///
/// The calling thread takes part, so a pool with one thread starts none. Threads fetch iterations one by one. The
/// assignment of iterations to threads is not fixed, and results must not depend on it. The pool keeps long
/// computations off Swift's cooperative threads, which they would block.
public final class ComputePool: @unchecked Sendable {
  /// The number of threads that compute, including the caller. The system may have refused some of them.
  public let threadCount: Int

  /// The number of times an idle thread reads a counter before it goes to sleep: about 30 µs.
  private static let watchCount = 20_000

  private typealias Body = (_ index: Int, _ thread: Int) -> Void

  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let workArrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let workersDone = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let nextIndex = Atomic<Int>(0)
  /// The number of loops started. Changes under ``lock``, but idle threads poll it for a while before they sleep.
  private let generation = Atomic<Int>(0)
  /// The number of threads besides the caller that have not finished the current loop.
  private let busyWorkers = Atomic<Int>(0)
  private var threads: [pthread_t] = []
  private var workers: [Worker] = []

  // Guarded by `lock`.
  private var body: Body?
  private var iterationCount = 0
  private var isStopping = false
  /// Held by the caller during a loop, so that loops of several callers run one after another.
  private let turn = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  /// The number of processors available to this process.
  public static var availableProcessors: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  /// Creates a pool with `threads` threads, at least 1; nil for one per available processor.
  public init(threads: Int? = nil) {
    threadCount = max(1, threads ?? Self.availableProcessors)
    pthread_mutex_init(lock, nil)
    pthread_mutex_init(turn, nil)
    pthread_cond_init(workArrived, nil)
    pthread_cond_init(workersDone, nil)
    workers = (1..<threadCount).map { Worker(pool: self, number: $0) }
    // Where the system allows no more threads, those that run do the work.
    for worker in workers { guard start(worker) else { break } }
  }

  deinit {
    pthread_mutex_lock(lock)
    isStopping = true
    pthread_cond_broadcast(workArrived)
    pthread_mutex_unlock(lock)
    for thread in threads { pthread_join(thread, nil) }
    pthread_cond_destroy(workArrived)
    pthread_cond_destroy(workersDone)
    pthread_mutex_destroy(lock)
    pthread_mutex_destroy(turn)
    workArrived.deallocate()
    workersDone.deallocate()
    lock.deallocate()
    turn.deallocate()
  }

  /// Runs `body(0) … body(count - 1)`, each exactly once, on the threads of the pool, and returns when all have
  /// finished.
  ///
  /// `body` must not use the same pool.
  public func parallelFor(_ count: Int, _ body: (_ index: Int) -> Void) {
    parallelFor(count) { index, _ in body(index) }
  }

  /// Runs a loop like the method above, and passes the number of the thread, in `0..<threadCount`, to `body`. Use it to
  /// give each thread its own scratch memory.
  public func parallelFor(_ count: Int, _ body: (_ index: Int, _ thread: Int) -> Void) {
    guard count > 1, !threads.isEmpty else {
      for index in 0..<max(count, 0) { body(index, 0) }
      return
    }
    withoutActuallyEscaping(body) { escapable in
      pthread_mutex_lock(turn)
      pthread_mutex_lock(lock)
      self.body = escapable
      iterationCount = count
      nextIndex.store(0, ordering: .relaxed)
      busyWorkers.store(threads.count, ordering: .relaxed)
      generation.wrappingAdd(1, ordering: .releasing)
      pthread_cond_broadcast(workArrived)
      pthread_mutex_unlock(lock)

      runIterations(escapable, count: count, thread: 0)

      Self.watch { busyWorkers.load(ordering: .acquiring) == 0 }
      pthread_mutex_lock(lock)
      while busyWorkers.load(ordering: .acquiring) > 0 { pthread_cond_wait(workersDone, lock) }
      self.body = nil
      pthread_mutex_unlock(lock)
      pthread_mutex_unlock(turn)
    }
  }

  /// Polls `condition` for some microseconds instead of sleeping. A network is a chain of short loops, and waking a
  /// thread takes as long as a short loop.
  private static func watch(_ condition: () -> Bool) {
    for _ in 0..<watchCount where condition() { return }
  }

  private func runIterations(_ body: Body, count: Int, thread: Int) {
    while true {
      let index = nextIndex.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index, thread)
    }
  }

  /// Runs iterations of the current loop. Called with the lock held; returns with the lock released.
  ///
  /// A separate function, so that the reference to the body is released before the caller learns that its loop has
  /// ended.
  @inline(never)
  private func runCurrentLoop(thread: Int) {
    let (body, count) = (body, iterationCount)
    pthread_mutex_unlock(lock)
    if let body { runIterations(body, count: count, thread: thread) }
  }

  /// Starts the thread of `worker`. Returns false if the system refuses it.
  private func start(_ worker: Worker) -> Bool {
    // The pool joins its threads before it releases its workers, so an unretained reference is safe.
    let context = Unmanaged.passUnretained(worker).toOpaque()
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let worker = Unmanaged<Worker>.fromOpaque(context).takeUnretainedValue()
        worker.pool.work(thread: worker.number)
        return nil
      }, context)
    guard status == 0 else { return false }
    threads.append(thread)
    return true
  }

  private func work(thread: Int) {
    var seenGeneration = 0
    pthread_mutex_lock(lock)
    while true {
      while generation.load(ordering: .acquiring) == seenGeneration && !isStopping {
        pthread_cond_wait(workArrived, lock)
      }
      if isStopping { break }
      seenGeneration = generation.load(ordering: .acquiring)
      runCurrentLoop(thread: thread)
      if busyWorkers.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
        // Signals under the lock, so that the caller is either still polling or already waiting.
        pthread_mutex_lock(lock)
        pthread_cond_signal(workersDone)
        pthread_mutex_unlock(lock)
      }
      Self.watch { generation.load(ordering: .acquiring) != seenGeneration }
      pthread_mutex_lock(lock)
    }
    pthread_mutex_unlock(lock)
  }

  /// The context of a thread. The pool outlives it.
  private final class Worker {
    unowned(unsafe) let pool: ComputePool
    let number: Int

    init(pool: ComputePool, number: Int) {
      self.pool = pool
      self.number = number
    }
  }
}
