/// Times of a stream that never ends, whatever its source does: it may begin again, be exchanged or set its clock.
struct MediaTimeline {
  private struct Mark {
    var seconds: Double?
    var arrival: ContinuousClock.Instant
  }

  private static let greatestStep = 2.0
  private static let leastStep = 0.001

  private var last: Mark?
  /// Seconds since the beginning.
  private(set) var time = 0.0

  /// Goes on to a frame that came in at `arrival` and is shown at `seconds` of its source's clock; returns when it begins and
  /// ends. A jump of the source's clock is replaced by the time that really passed.
  mutating func advance(seconds: Double?, arrival: ContinuousClock.Instant) -> (start: Double, end: Double) {
    var step = 0.04
    if let last {
      let components = last.arrival.duration(to: arrival).components
      step = Double(components.seconds) + Double(components.attoseconds) * 1e-18
      if let seconds, let before = last.seconds, (Self.leastStep...Self.greatestStep).contains(seconds - before) {
        step = seconds - before
      }
    }
    last = Mark(seconds: seconds, arrival: arrival)
    let start = time
    time += max(Self.leastStep, step)
    return (start, time)
  }
}
