import FFmpeg
import Foundation
import Synchronization
import Threading

/// Tells libav when to abort a blocking call: when reading is stopped, or when the source has been silent for too long.
/// There is no limit before the first activity: a source may wait for its sender.
final class Watch: Sendable {
  private let timeout: Duration?
  private let interrupt: @Sendable () -> Bool
  private let stopped = Atomic<Bool>(false)
  /// The deadline, in nanoseconds since `start`.
  private let deadline = Atomic<Int64>(.max)
  private let start = ContinuousClock.now

  /// - Parameter timeout: The maximum silence; nil for no limit.
  init(timeout: Duration?, interrupt: @escaping @Sendable () -> Bool) {
    self.timeout = timeout
    self.interrupt = interrupt
  }

  /// Whether reading has been stopped.
  var isStopped: Bool { stopped.load(ordering: .acquiring) || interrupt() }

  /// Whether to abort the call.
  var isRaised: Bool { isStopped || nanoseconds(.now) > deadline.load(ordering: .relaxed) }

  func stop() { stopped.store(true, ordering: .releasing) }

  /// Restarts the timeout.
  func noteActivity() {
    if let timeout { wait(until: .now + timeout) }
  }

  /// Replaces the timeout by a deadline until the next activity.
  func wait(until deadline: ContinuousClock.Instant) {
    self.deadline.store(nanoseconds(deadline), ordering: .relaxed)
  }

  func timeoutError(_ source: MediaSource) -> MediaError {
    MediaError(
      operation: "read", file: source.displayName,
      message: "no data for \(String(format: "%g", (timeout ?? .zero).seconds)) s")
  }

  private func nanoseconds(_ instant: ContinuousClock.Instant) -> Int64 {
    Int64(min(start.duration(to: instant).seconds * 1e9, 9e18))
  }
}
