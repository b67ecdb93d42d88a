import FFmpeg

/// Chooses the timestamps with which frames are encoded.
///
/// Most containers store a time for each frame. Where the container or the codec has only a frame rate, frames take the
/// places of that rate. Gaps are filled with repetitions of the frame before them, or stay empty if the container
/// stores empty places, and frames that come too often are dropped.
package struct FrameTimes {
  /// What a frame rate stands for.
  package enum Rate {
    /// Each frame has its own time.
    case variable
    /// Frames are at multiples of the frame duration, counted from the first frame.
    case ofCodec
    /// The same, counted from time 0, or from the first frame if `startsAtFirst` is true. With `isFilled`, there is a
    /// frame at every place.
    case ofContainer(isFilled: Bool, startsAtFirst: Bool)
  }

  /// What to encode for a frame.
  package struct Placement: Equatable {
    /// The times at which to encode the previous frame again.
    package var repetitions: Range<Int64>
    /// The time of the frame; nil to drop it.
    package var pts: Int64?
    /// The duration of the frame; nil if unknown.
    package var duration: Int64?
  }

  /// How far in places a frame may be behind or ahead of its own time, so that unsteady times neither repeat nor drop
  /// frames. ffmpeg drops from the same distance on.
  private static let (maximumLead, maximumDelay) = (2.1, 1.1)
  /// In seconds. A longer gap is closed instead of filled with frames.
  private static let maximumFilledGap = 3600.0

  private let rate: Rate
  /// The time base of the source's frames.
  let sourceTimeBase: Rational
  private let timeBase: Rational
  private var repair = TimestampRepair(step: 1)
  /// The source time of place 0; nil before the first frame.
  private var origin: Int64?
  private var next: Int64 = 0
  /// The end of the last frame, in places.
  private var end = 0.0
  /// The number of frames that were repeated.
  package private(set) var repeatedCount = 0
  /// The number of frames that were dropped.
  package private(set) var droppedCount = 0

  /// - Parameters:
  ///   - source: The time base of the source's frames.
  ///   - encoder: The time base of the encoder, which is the duration of a frame unless `rate` is `.variable`.
  package init(_ rate: Rate, from source: Rational, to encoder: Rational) {
    self.rate = rate
    sourceTimeBase = source
    timeBase = encoder
  }

  /// Whether the time base of the packets is the source's instead of the encoder's. See ``packetTime(_:)``.
  package var countsFromFirstFrame: Bool {
    if case .ofCodec = rate { return true }
    return false
  }

  /// Converts a time of the encoder to the source's time base.
  package func packetTime(_ time: Int64) -> Int64 { (origin ?? 0) &+ timeBase.rescale(time, to: sourceTimeBase) }

  /// Returns what to encode for the frame at `pts`, in the source's time base.
  package mutating func place(_ pts: Int64?, duration: Int64) -> Placement {
    if case .variable = rate {
      let time = repair.next(pts.map { sourceTimeBase.rescale($0, to: timeBase) }, duration: 0)
      let scaled = duration > 0 ? sourceTimeBase.rescale(duration, to: timeBase) : nil
      return Placement(repetitions: 0..<0, pts: time, duration: scaled)
    }
    let first = origin == nil
    let start = origin ?? firstOrigin(pts)
    origin = start
    let time = pts.map { places($0, from: start) } ?? Double(next)
    let delay = time - Double(next)
    guard delay >= -Self.maximumLead || first else {
      droppedCount += 1
      return Placement(repetitions: 0..<0, pts: nil)
    }
    var place = next
    let isFilled = isFilled
    if delay > (isFilled ? Self.maximumDelay : 0.5) { place = next &+ Int64(min(delay, 1e12).rounded()) }
    if isFilled, Double(place - next) * timeBase.value > Self.maximumFilledGap {
      origin = start &+ timeBase.rescale(place - next, to: sourceTimeBase)
      place = next
    }
    let repetitions = isFilled ? next..<place : 0..<0
    repeatedCount += repetitions.count
    next = place + 1
    let length = max(1, Double(duration) * sourceTimeBase.value / timeBase.value)
    end = Double(place) + length
    return Placement(repetitions: repetitions, pts: place, duration: Int64(min(length, 1e12).rounded()))
  }

  /// Returns the times at which to encode the last frame again, so that it keeps its duration.
  package mutating func finish() -> Range<Int64> {
    let rest = end - Double(next)
    guard case .ofContainer(let isFilled, _) = rate, rest > 0.9,
      rest * timeBase.value <= Self.maximumFilledGap
    else { return 0..<0 }
    let last = next &+ Int64(rest.rounded())
    // One frame at the last place has the same effect after a gap that the container stores.
    let repetitions = isFilled ? next..<last : last - 1..<last
    repeatedCount += repetitions.count
    next = last
    return repetitions
  }

  private var isFilled: Bool {
    if case .ofContainer(isFilled: true, _) = rate { return true }
    return false
  }

  private func firstOrigin(_ pts: Int64?) -> Int64 {
    if case .ofContainer(_, startsAtFirst: false) = rate { return min(0, pts ?? 0) }
    return pts ?? 0
  }

  private func places(_ pts: Int64, from origin: Int64) -> Double {
    (Double(pts) - Double(origin)) * sourceTimeBase.value / timeBase.value
  }
}
