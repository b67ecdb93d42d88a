import Threading

/// The continuous timeline of an endless stream, whose source may restart, be replaced or reset its clock.
struct MediaTimeline {
  private struct Mark {
    var seconds: Double?
    var arrival: ContinuousClock.Instant
  }

  private static let maximumStep = 2.0
  private static let minimumStep = 0.001

  private var last: Mark?
  /// Seconds since the start of the stream.
  private(set) var time = 0.0

  /// Forgets the last frame, so that the next one does not last for the time in between.
  mutating func pause() { last = nil }

  /// Advances to a frame and returns its start and end. A jump of the source's clock is replaced by the actual time
  /// between arrivals.
  ///
  /// - Parameters:
  ///   - seconds: The frame's time on the source's clock; nil if unknown.
  ///   - arrival: When the frame arrived.
  mutating func advance(seconds: Double?, arrival: ContinuousClock.Instant) -> (start: Double, end: Double) {
    var step = 0.04
    if let last {
      step = last.arrival.duration(to: arrival).seconds
      if let seconds, let before = last.seconds, (Self.minimumStep...Self.maximumStep).contains(seconds - before) {
        step = seconds - before
      }
    }
    last = Mark(seconds: seconds, arrival: arrival)
    let start = time
    time += max(Self.minimumStep, step)
    return (start, time)
  }
}
