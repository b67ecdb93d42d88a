import FFmpeg
import Foundation
import Synchronization
import Threading

/// Tells libav when to give up a call that waits for a source: when someone stops it, or when it has been silent for
/// too long.
final class Watch: Sendable {
  private let timeout: Duration?
  private let interrupt: @Sendable () -> Bool
  private let stopped = Atomic<Bool>(false)
  /// When to give up, in nanoseconds since the start.
  private let deadline = Atomic<Int64>(.max)
  private let start = ContinuousClock.now

  /// Without a timeout, silence does not matter.
  init(timeout: Duration?, interrupt: @escaping @Sendable () -> Bool) {
    self.timeout = timeout
    self.interrupt = interrupt
    noteActivity()
  }

  /// Whether someone stops it.
  var isStopped: Bool { stopped.load(ordering: .acquiring) || interrupt() }

  /// Whether to give up.
  var isRaised: Bool { isStopped || nanoseconds(.now) > deadline.load(ordering: .relaxed) }

  func stop() { stopped.store(true, ordering: .releasing) }

  /// Begins the time of patience anew; it ends at `deadline` at the latest.
  func noteActivity(deadline: ContinuousClock.Instant? = nil) {
    guard let timeout else { return }
    let end = ContinuousClock.now + timeout
    self.deadline.store(nanoseconds(deadline.map { min($0, end) } ?? end), ordering: .relaxed)
  }

  func timeoutError(_ source: MediaSource) -> MediaError {
    MediaError(
      operation: "read", file: source.displayName,
      message: "it has sent nothing for \(String(format: "%g", (timeout ?? .zero).seconds)) s")
  }

  private func nanoseconds(_ instant: ContinuousClock.Instant) -> Int64 {
    Int64(min(start.duration(to: instant).seconds * 1e9, 9e18))
  }
}
