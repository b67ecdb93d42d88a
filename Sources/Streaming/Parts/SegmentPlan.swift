import FFmpeg

/// Where a film is cut into segments, derived from its packets alone, so that all processes find the same cuts.
///
/// Where each packet has a time of its own, a segment has the frames from one time to the next. Otherwise frames are
/// counted as they are decoded.
struct SegmentPlan: Codable, Equatable, Sendable {
  /// The number of frames of a segment, about five seconds: what an interruption costs.
  static let segmentLength = 120

  struct Segment: Codable, Equatable, Sendable {
    /// The number of frames, as far as the packets tell.
    var frames: Int
    /// The time of the first frame, in the time base of the video; nil if frames are counted.
    var time: Int64?
    /// Where decoding can begin instead of with the film: at least one frame earlier, for the deinterlacer. nil if
    /// there is no such packet.
    var keyframe: Keyframe?
  }

  /// In the order of the film.
  let segments: [Segment]

  /// Reads the packets of the film from the first to the last.
  ///
  /// - Parameters:
  ///   - end: The time in seconds from the first frame at which painting ends; nil for the end of the film.
  ///   - interrupt: Called often; true ends the reading.
  /// - Throws: `MediaError` if the film cannot be read, ``StoppedError`` after an interruption.
  init(of source: MediaSource, end: Double?, interrupt: @escaping @Sendable () -> Bool) throws {
    let input = try PacketInput(source, live: nil, interrupt: interrupt)
    // The clock of others may show a jump.
    if !input.demuxer.hasDiscontinuousClock {
      for stream in input.demuxer.streams where stream.index != input.video.index { input.demuxer.discard(stream) }
    }
    var access = RandomAccess(input.video)
    var (times, points): ([Int64], [Keyframe]) = ([], [])
    var (count, latest, hasTimes) = (0, Int64.min, true)
    while let item = try input.next() {
      if interrupt() { throw StoppedError(file: source.displayName) }
      guard item.packet.streamIndex == input.video.index else { continue }
      let isPoint = access.isPoint(item.packet)
      if access.isShown(item.packet) {
        count += 1
        if let pts = item.packet.pts { times.append(pts) } else { hasTimes = false }
      }
      guard let pts = item.packet.pts else { continue }
      // Everything before it in the file is also before it in time.
      if isPoint, pts > latest { points.append(Keyframe(pts: pts, dts: item.packet.dts)) }
      latest = max(latest, pts)
    }
    if interrupt() { throw StoppedError(file: source.displayName) }
    if let error = input.demuxer.deviceError { throw error }
    hasTimes = hasTimes && Self.isInOrder(times)
    times.sort()
    hasTimes = hasTimes && zip(times, times.dropFirst()).allSatisfy { $0 < $1 }
    guard hasTimes else {
      segments = stride(from: 0, to: count, by: Self.segmentLength).map {
        Segment(frames: min(Self.segmentLength, count - $0))
      }
      return
    }
    let unit = input.video.timeBase.value
    if let end, let first = times.first { times.removeAll { (Double($0) - Double(first)) * unit >= end } }
    var place = 0
    segments = stride(from: 0, to: times.count, by: Self.segmentLength).map { start in
      while start > 0, place < points.count, points[place].pts <= times[start - 1] { place += 1 }
      return Segment(
        frames: min(Self.segmentLength, times.count - start), time: times[start],
        // The first frame of the film needs no seeking.
        keyframe: place > 0 && points[place - 1].pts > times[0] ? points[place - 1] : nil)
    }
  }

  /// Whether packets are only as far out of order as codecs put them. The time of a damaged packet may be any, and then
  /// frames behind it get other times.
  private static func isInOrder(_ times: [Int64]) -> Bool {
    var latest = Int64.min
    for index in times.indices {
      // No codec shows a picture later than 16 pictures that follow it.
      if index > 16 { latest = max(latest, times[index - 17]) }
      if times[index] <= latest { return false }
    }
    return true
  }

  /// The index of the segment to which a frame belongs.
  ///
  /// - Parameters:
  ///   - pts: The time of the frame.
  ///   - number: The number of the frame in the film, from 0, if all frames before it have been decoded.
  func segment(at pts: Int64, number: Int) -> Int {
    guard segments.first?.time != nil else {
      return max(0, min(segments.count - 1, number / Self.segmentLength))
    }
    var (low, high) = (0, segments.count)
    // The last segment that begins at or before the time.
    while high - low > 1 {
      let middle = (low + high) / 2
      if (segments[middle].time ?? 0) <= pts { low = middle } else { high = middle }
    }
    return low
  }
}
