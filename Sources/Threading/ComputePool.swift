import Foundation
import Synchronization

/// A fixed set of threads that run the iterations of one loop at a time.
///
/// The calling thread takes part, so a pool of one thread starts none. Iterations are handed out one by one; which thread
/// runs which is not fixed, so a body must not let its result depend on it. Long compute stays off Swift's cooperative
/// threads, which it would starve.
public final class ComputePool: @unchecked Sendable {
  /// The number of threads that compute, the caller included.
  public let threadCount: Int

  /// Looks at a counter before a thread goes to sleep: about 30 µs.
  private static let watchCount = 20_000

  private typealias Body = (_ index: Int, _ thread: Int) -> Void

  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let workArrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let workersDone = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let nextIndex = Atomic<Int>(0)
  /// Counts the loops; changes under ``lock``, but idle threads watch it for a while before they sleep.
  private let generation = Atomic<Int>(0)
  /// Threads beside the caller that have not finished the current loop.
  private let busyWorkers = Atomic<Int>(0)
  private var threads: [pthread_t] = []
  private var workers: [Worker] = []

  // Guarded by `lock`.
  private var body: Body?
  private var iterationCount = 0
  private var isStopping = false
  /// Held by the caller for the length of a loop: loops of several callers follow one another.
  private let turn = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  /// The number of processors that this process may run on.
  public static var availableProcessors: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  /// A pool of `threads` threads, at least 1; nil means one for each available processor.
  public init(threads: Int? = nil) {
    threadCount = max(1, threads ?? Self.availableProcessors)
    pthread_mutex_init(lock, nil)
    pthread_mutex_init(turn, nil)
    pthread_cond_init(workArrived, nil)
    pthread_cond_init(workersDone, nil)
    workers = (1..<threadCount).map { Worker(pool: self, number: $0) }
    for worker in workers { start(worker) }
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

  /// Runs `body(0) … body(count - 1)`, each exactly once, on the pool's threads; returns when all are done.
  ///
  /// `body` must not call the same pool.
  public func parallelFor(_ count: Int, _ body: (_ index: Int) -> Void) {
    parallelFor(count) { index, _ in body(index) }
  }

  /// The same, with the number of the thread that runs the iteration, in `0..<threadCount`: for scratch memory of which
  /// each thread has its own.
  public func parallelFor(_ count: Int, _ body: (_ index: Int, _ thread: Int) -> Void) {
    guard count > 1, threadCount > 1 else {
      for index in 0..<max(count, 0) { body(index, 0) }
      return
    }
    withoutActuallyEscaping(body) { escapable in
      pthread_mutex_lock(turn)
      pthread_mutex_lock(lock)
      self.body = escapable
      iterationCount = count
      nextIndex.store(0, ordering: .relaxed)
      busyWorkers.store(threadCount - 1, ordering: .relaxed)
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

  /// Waits some microseconds for `condition` without sleeping: a network is a chain of short loops, and to wake a thread takes as
  /// long as a small one.
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

  /// Runs iterations of the current loop; gets the lock held and returns without it.
  ///
  /// A call of its own, so that the body is let go of before the caller is told that its loop has ended.
  @inline(never)
  private func runCurrentLoop(thread: Int) {
    let (body, count) = (body, iterationCount)
    pthread_mutex_unlock(lock)
    if let body { runIterations(body, count: count, thread: thread) }
  }

  private func start(_ worker: Worker) {
    // The pool joins its threads before it lets its workers go, so an unretained reference is safe.
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
    precondition(status == 0, "the system refuses another thread: \(String(cString: strerror(status)))")
    threads.append(thread)
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
        // Under the lock, so that the caller is either still watching or already waiting.
        pthread_mutex_lock(lock)
        pthread_cond_signal(workersDone)
        pthread_mutex_unlock(lock)
      }
      Self.watch { generation.load(ordering: .acquiring) != seenGeneration }
      pthread_mutex_lock(lock)
    }
    pthread_mutex_unlock(lock)
  }

  /// What a started thread needs to know; the pool outlives it.
  private final class Worker {
    unowned(unsafe) let pool: ComputePool
    let number: Int

    init(pool: ComputePool, number: Int) {
      self.pool = pool
      self.number = number
    }
  }
}
