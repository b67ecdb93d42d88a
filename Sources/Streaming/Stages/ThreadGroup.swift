import Foundation
import Synchronization

/// A group of threads that work on one job. The first error ends the job.
public final class ThreadGroup: Sendable {
  private struct State {
    var threads: [pthread_t] = []
    var firstError: (any Error)?
    var isCancelled = false
    var cancellations: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  /// Creates a group without threads.
  public init() {}

  /// Whether the job has been cancelled.
  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Registers an action to run, on any thread, when the job is cancelled, such as one that wakes waiting threads. Runs
  /// it immediately if the job is already cancelled.
  public func onCancel(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      if !state.isCancelled { state.cancellations.append(action) }
      return state.isCancelled
    }
    if isLate { action() }
  }

  /// Cancels the job with `error`. Only the first error counts.
  public func cancel(_ error: any Error) {
    let actions = state.withLock { state -> [@Sendable () -> Void] in
      guard !state.isCancelled else { return [] }
      state.isCancelled = true
      state.firstError = error
      return state.cancellations
    }
    for action in actions { action() }
  }

  /// Runs `body` on a new thread. If it throws, the job is cancelled.
  ///
  /// - Parameter name: The thread's name, at most 15 characters.
  public func start(_ name: String, _ body: @escaping @Sendable () throws -> Void) {
    let task = ThreadTask(name: name) { [self] in
      do { try body() } catch { cancel(error) }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(task)
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let task = Unmanaged<ThreadTask>.fromOpaque(context).takeRetainedValue()
        Thread.current.name = task.name
        task.body()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      context.release()
      return cancel(ThreadError(reason: String(cString: strerror(status))))
    }
    let started = thread
    state.withLock { $0.threads.append(started) }
  }

  /// Waits for all threads, including those that they start.
  ///
  /// - Throws: The error that cancelled the job.
  public func wait() throws {
    while let thread = state.withLock({ $0.threads.popLast() }) { pthread_join(thread, nil) }
    if let error = state.withLock({ $0.firstError }) { throw error }
  }
}

/// The system cannot create another thread.
package struct ThreadError: Error, CustomStringConvertible, Sendable {
  let reason: String

  /// The error message, one sentence.
  package var description: String { "cannot start another thread: \(reason)" }
}

private final class ThreadTask: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}
