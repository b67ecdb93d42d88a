import Foundation
import Synchronization

/// Threads that work on one job: the first error ends them all.
public final class ThreadGroup: Sendable {
  private struct State {
    var threads: [pthread_t] = []
    var firstError: (any Error)?
    var isCancelled = false
    var cancellations: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  /// A group without threads.
  public init() {}

  /// Whether an error has ended the job.
  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Has `action` run, on any thread, when the job ends by an error, so that nobody waits any longer; at once if it
  /// has.
  public func onCancel(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      if !state.isCancelled { state.cancellations.append(action) }
      return state.isCancelled
    }
    if isLate { action() }
  }

  /// Ends the job with `error`, unless another came before.
  public func cancel(_ error: any Error) {
    let actions = state.withLock { state -> [@Sendable () -> Void] in
      guard !state.isCancelled else { return [] }
      state.isCancelled = true
      state.firstError = error
      return state.cancellations
    }
    for action in actions { action() }
  }

  /// Runs `body` on a thread of its own; an error that it throws ends the job. `name` has at most 15 characters.
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

  /// Waits until all threads have ended, those that they start included; throws the error that ended the job.
  public func wait() throws {
    while let thread = state.withLock({ $0.threads.popLast() }) { pthread_join(thread, nil) }
    if let error = state.withLock({ $0.firstError }) { throw error }
  }
}

/// The system refuses another thread.
public struct ThreadError: Error, CustomStringConvertible, Sendable {
  let reason: String

  /// One sentence.
  public var description: String { "cannot start another thread: \(reason)" }
}

private final class ThreadTask: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}
