import FFmpeg

/// Reads the frames of a source and makes interlaced ones progressive, unless their fields are kept.
///
/// The filter exists from the first interlaced frame on. Frames keep their number and times, and each leaves when the
/// next one has been read. Used by one thread.
struct FrameReading {
  private let source: any FrameSource
  private let keepsFields: Bool
  private let threads: Int
  private var deinterlacer: Deinterlacer?
  /// What the filter does not keep of the frames in it, in order.
  private var waiting: [Times] = []
  /// A frame of another format than the filter's, which waits for the frames before it.
  private var next: (frame: Frame, times: Times)?
  private var hasEnded = false

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

  /// Whether there have been interlaced frames that were made progressive.
  var hasDeinterlaced: Bool { deinterlacer != nil }

  /// Reads the next frame and returns when it arrived; nil after the last frame.
  ///
  /// - Throws: An error of the source or the filter.
  mutating func read(into frame: Frame) throws -> ContinuousClock.Instant? {
    while true {
      if let deinterlacer {
        if try deinterlacer.receive(into: frame) == .output {
          guard !waiting.isEmpty else { continue }
          let times = waiting.removeFirst()
          (frame.pts, frame.duration) = (times.pts, times.duration)
          return times.arrival
        }
        if let next {
          self.next = nil
          try restart(with: next.frame, next.times)
          continue
        }
      }
      guard !hasEnded, try source.read(into: frame) else {
        guard let deinterlacer, !hasEnded else { return nil }
        hasEnded = true
        try deinterlacer.send(nil)
        continue
      }
      if deinterlacer == nil, keepsFields || !frame.isInterlaced { return source.latestArrival }
      try enter(frame)
    }
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
    deinterlacer = made
    waiting.append(times)
    try made.send(frame)
  }
}
