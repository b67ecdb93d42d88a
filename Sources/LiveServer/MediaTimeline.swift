import Threading

/// Times of a stream that never ends, whatever its source does: it may begin again, be exchanged or set its clock.
struct MediaTimeline {
  private struct Mark {
    var seconds: Double?
    var arrival: ContinuousClock.Instant
  }

  private static let maximumStep = 2.0
  private static let minimumStep = 0.001

  private var last: Mark?
  /// Seconds since the beginning.
  private(set) var time = 0.0

  /// Goes on to a frame that came in at `arrival` and is shown at `seconds` of its source's clock; returns when it
  /// begins and ends. A jump of the source's clock is replaced by the time that really passed.
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
