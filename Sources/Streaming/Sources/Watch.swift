import FFmpeg
import Foundation
import Synchronization
import Threading

/// Tells libav when to abort a blocking call: when reading is stopped, or when the source has been silent for too long.
/// Before the first activity, silence has a limit of its own: a server that is connected answers within half a minute,
/// and a source that waits for its sender has no limit.
final class Watch: Sendable {
  private static let openingTimeout = Duration.seconds(30)

  private let timeout: Duration?
  private let hasBegun = Atomic<Bool>(false)
  private let interrupt: @Sendable () -> Bool
  private let stopped = Atomic<Bool>(false)
  /// The deadline, in nanoseconds since `start`.
  private let deadline = Atomic<Int64>(.max)
  private let start = ContinuousClock.now

  /// - Parameters:
  ///   - timeout: The maximum silence; nil for no limit.
  ///   - waitsForSender: Whether there is no limit before the first activity.
  init(timeout: Duration?, waitsForSender: Bool, interrupt: @escaping @Sendable () -> Bool) {
    self.timeout = timeout
    self.interrupt = interrupt
    if let timeout, !waitsForSender { wait(until: .now + max(timeout, Self.openingTimeout)) }
  }

  /// Whether reading has been stopped.
  var isStopped: Bool { stopped.load(ordering: .acquiring) || interrupt() }

  /// Whether to abort the call.
  var isRaised: Bool { isStopped || nanoseconds(.now) > deadline.load(ordering: .relaxed) }

  func stop() { stopped.store(true, ordering: .releasing) }

  /// Restarts the timeout.
  func noteActivity() {
    guard let timeout else { return }
    hasBegun.store(true, ordering: .relaxed)
    wait(until: .now + timeout)
  }

  /// Replaces the timeout by a deadline until the next activity.
  func wait(until deadline: ContinuousClock.Instant) {
    self.deadline.store(nanoseconds(deadline), ordering: .relaxed)
  }

  func timeoutError(_ source: MediaSource) -> MediaError {
    var length = timeout ?? .zero
    if !hasBegun.load(ordering: .relaxed) { length = max(length, Self.openingTimeout) }
    return MediaError(
      operation: "read", file: source.displayName, message: "no data for \(String(format: "%g", length.seconds)) s")
  }

  private func nanoseconds(_ instant: ContinuousClock.Instant) -> Int64 {
    Int64(min(start.duration(to: instant).seconds * 1e9, 9e18))
  }
}
