import Foundation
import Threading

/// Delays frames that are available early until their presentation times.
struct Pacer {
  /// In seconds. A frame that is later than this restarts the schedule, so that delays are not followed by a rush of
  /// frames.
  private static let maximumDelay = 0.5
  /// The interval in seconds at which to check whether to stop.
  private static let patience = 0.05

  /// The instant that corresponds to time zero.
  private var origin: ContinuousClock.Instant?

  /// Waits until the frame at `time` seconds is due or `shouldStop` returns true. Returns when the frame was due.
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
