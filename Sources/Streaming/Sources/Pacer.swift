import Foundation
import Threading

/// Lets frames that lie ready pass at the times at which they are to be shown.
struct Pacer {
  /// Frames that are late by more begin a new schedule: what was late is not caught up with in a rush.
  private static let maximumDelay = 0.5
  /// How long to sleep before looking whether to stop, in seconds.
  private static let patience = 0.05

  /// The instant at which the time zero would have passed.
  private var origin: ContinuousClock.Instant?

  /// Waits until the frame of that time in seconds is due, or `shouldStop` is true; returns when that was.
  mutating func wait(forSecond time: Double, shouldStop: () -> Bool) -> ContinuousClock.Instant {
    var due = origin.map { $0 + .seconds(time) } ?? .now
    if origin == nil || due.duration(to: .now).seconds > Self.maximumDelay {
      due = .now
      origin = due - .seconds(time)
    }
    while case let rest = ContinuousClock.now.duration(to: due).seconds, rest > 0, !shouldStop() {
      usleep(UInt32(min(rest, Self.patience) * 1e6))
    }
    return max(due, .now)
  }
}
