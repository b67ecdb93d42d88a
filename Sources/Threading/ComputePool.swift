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

  private typealias Body = (Int) -> Void

  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let workArrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let workersDone = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let nextIndex = Atomic<Int>(0)
  private var threads: [pthread_t] = []

  // Guarded by `lock`.
  private var body: Body?
  private var iterationCount = 0
  private var generation = 0
  private var busyWorkers = 0
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
    for _ in 1..<threadCount { startWorker() }
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
  public func parallelFor(_ count: Int, _ body: (Int) -> Void) {
    guard count > 1, threadCount > 1 else {
      for index in 0..<max(count, 0) { body(index) }
      return
    }
    withoutActuallyEscaping(body) { escapable in
      pthread_mutex_lock(turn)
      pthread_mutex_lock(lock)
      self.body = escapable
      iterationCount = count
      nextIndex.store(0, ordering: .relaxed)
      busyWorkers = threadCount - 1
      generation &+= 1
      pthread_cond_broadcast(workArrived)
      pthread_mutex_unlock(lock)

      runIterations(escapable, count: count)

      pthread_mutex_lock(lock)
      while busyWorkers > 0 { pthread_cond_wait(workersDone, lock) }
      self.body = nil
      pthread_mutex_unlock(lock)
      pthread_mutex_unlock(turn)
    }
  }

  private func runIterations(_ body: Body, count: Int) {
    while true {
      let index = nextIndex.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index)
    }
  }

  private func startWorker() {
    // The pool joins its threads before it goes, so an unretained reference is safe.
    let context = Unmanaged.passUnretained(self).toOpaque()
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<ComputePool>.fromOpaque(context).takeUnretainedValue().work()
        return nil
      }, context)
    precondition(status == 0, "the system refuses another thread: \(String(cString: strerror(status)))")
    threads.append(thread)
  }

  private func work() {
    var seenGeneration = 0
    pthread_mutex_lock(lock)
    while true {
      while generation == seenGeneration && !isStopping { pthread_cond_wait(workArrived, lock) }
      if isStopping { break }
      seenGeneration = generation
      guard let body else { continue }
      let count = iterationCount
      pthread_mutex_unlock(lock)
      runIterations(body, count: count)
      pthread_mutex_lock(lock)
      busyWorkers -= 1
      if busyWorkers == 0 { pthread_cond_signal(workersDone) }
    }
    pthread_mutex_unlock(lock)
  }
}
