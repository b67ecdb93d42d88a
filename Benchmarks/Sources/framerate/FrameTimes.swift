import Console
import Synchronization
import Threading

/// When frames were finished, noted from the thread that finishes them.
final class FrameTimes: Sendable {
  private let instants = Mutex<[ContinuousClock.Instant]>([])

  /// A frame is finished now.
  func note() { instants.withLock { $0.append(ContinuousClock.now) } }

  /// The milliseconds from each frame to the next.
  var intervals: [Double] {
    instants.withLock { instants in
      zip(instants, instants.dropFirst()).map { ($1 - $0).seconds * 1000 }
    }
  }
}
