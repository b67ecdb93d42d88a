import Glibc

/// A lock with a condition to wait for. Foundation's `NSCondition` would bring all of Foundation into every program.
final class Condition: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let variable = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Creates an open lock.
  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // A change of the time of day does not move the end of a wait.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(variable, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(variable)
    pthread_mutex_destroy(mutex)
    variable.deallocate()
    mutex.deallocate()
  }

  /// Takes the lock.
  func lock() { pthread_mutex_lock(mutex) }

  /// Releases the lock.
  func unlock() { pthread_mutex_unlock(mutex) }

  /// Wakes a waiting thread.
  func signal() { pthread_cond_signal(variable) }

  /// Wakes all waiting threads.
  func broadcast() { pthread_cond_broadcast(variable) }

  /// Releases the lock, waits for a signal, and takes the lock again. It may also return without a signal.
  func wait() { pthread_cond_wait(variable, mutex) }

  /// Waits as ``wait()`` does, but not longer than until `end`. Returns false if the time is over.
  func wait(until end: ContinuousClock.Instant) -> Bool {
    let left = ContinuousClock.now.duration(to: end)
    guard left > .zero else { return false }
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    // A wait of years is one without an end. The sum must not overflow.
    time.tv_sec += Int(min(left.components.seconds, 1 << 30))
    time.tv_nsec += Int(left.components.attoseconds / 1_000_000_000)
    if time.tv_nsec >= 1_000_000_000 {
      time.tv_nsec -= 1_000_000_000
      time.tv_sec += 1
    }
    return pthread_cond_timedwait(variable, mutex, &time) != ETIMEDOUT
  }
}
