import Console
import Synchronization
import Threading

/// Records the times at which frames are finished, on the thread that finishes them.
final class FrameTimes: Sendable {
  private let instants = Mutex<[ContinuousClock.Instant]>([])

  /// Records that a frame is finished.
  func note() { instants.withLock { $0.append(ContinuousClock.now) } }

  /// The milliseconds between consecutive frames.
  var intervals: [Double] {
    instants.withLock { instants in
      zip(instants, instants.dropFirst()).map { ($1 - $0).seconds * 1000 }
    }
  }
}
