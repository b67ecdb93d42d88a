import FFmpeg

/// Reads the frames of a source and makes interlaced ones progressive, unless their fields are kept.
///
/// The filter exists from the first interlaced frame of a format on. Frames keep their number and times, and each
/// leaves when the next one has been read. What an interlaced frame becomes depends only on itself, the frame before
/// and the one after, so reading may begin at any earlier frame. Used by one thread.
struct FrameReading {
  private let source: any FrameSource
  private let keepsFields: Bool
  private let threads: Int
  private var deinterlacer: Deinterlacer?
  /// What the filter does not keep of the frames in it, in order.
  private var waiting: [Times] = []
  /// A frame of another format than the filter's, which waits for the frames before it.
  private var next: (frame: Frame, times: Times)?
  /// The last frame that passed without a filter, which a filter that begins behind it needs.
  private var previous: Frame?
  /// The number of frames that leave the filter next and have been returned before.
  private var repeatCount = 0
  private var hasEnded = false
  /// Whether there have been interlaced frames that were made progressive.
  private(set) var hasDeinterlaced = false

  private struct Times {
    let pts: Int64?
    let duration: Int64
    let arrival: ContinuousClock.Instant
  }

  /// Creates a reader.
  ///
  /// - Parameters:
  ///   - keepsFields: Whether interlaced frames stay as they are.
  ///   - threads: The number of threads of the filter.
  init(_ source: any FrameSource, keepsFields: Bool, threads: Int) {
    self.source = source
    self.keepsFields = keepsFields
    self.threads = threads
  }

  /// Reads the next frame and returns when it arrived; nil after the last frame.
  ///
  /// - Throws: An error of the source or the filter.
  mutating func read(into frame: Frame) throws -> ContinuousClock.Instant? {
    while true {
      if let deinterlacer {
        if try deinterlacer.receive(into: frame) == .output {
          if repeatCount > 0 {
            repeatCount -= 1
            continue
          }
          guard !waiting.isEmpty else { continue }
          let times = waiting.removeFirst()
          (frame.pts, frame.duration) = (times.pts, times.duration)
          return times.arrival
        }
        if let next {
          (self.next, self.deinterlacer, previous) = (nil, nil, nil)
          if next.frame.isInterlaced {
            try restart(with: next.frame, next.times)
            continue
          }
          try frame.reference(next.frame)
          (frame.pts, frame.duration) = (next.times.pts, next.times.duration)
          try remember(frame)
          return next.times.arrival
        }
      }
      guard !hasEnded, try source.read(into: frame) else {
        guard let deinterlacer, !hasEnded else { return nil }
        hasEnded = true
        try deinterlacer.send(nil)
        continue
      }
      if deinterlacer == nil, keepsFields || !frame.isInterlaced {
        if !keepsFields { try remember(frame) }
        return source.latestArrival
      }
      try enter(frame)
    }
  }

  private mutating func remember(_ frame: Frame) throws {
    let kept = try previous ?? Frame()
    try kept.reference(frame)
    previous = kept
  }

  private mutating func enter(_ frame: Frame) throws {
    let times = Times(pts: frame.pts, duration: frame.duration, arrival: source.latestArrival)
    if let deinterlacer, deinterlacer.format != frame.format {
      let other = try Frame()
      try other.reference(frame)
      next = (other, times)
      try deinterlacer.send(nil)
    } else if let deinterlacer {
      waiting.append(times)
      try deinterlacer.send(frame)
    } else {
      try restart(with: frame, times)
    }
  }

  private mutating func restart(with frame: Frame, _ times: Times) throws {
    let made = try Deinterlacer(like: frame, threads: threads)
    (deinterlacer, hasDeinterlaced) = (made, true)
    if let previous, previous.format == frame.format {
      // The first interlaced frame in the filter has no neighbours. This one has been returned as it is.
      previous.fieldOrder = frame.fieldOrder
      try made.send(previous)
      repeatCount = 1
    }
    previous = nil
    waiting.append(times)
    try made.send(frame)
  }
}
