import FFmpeg
import Hummingbird
import Streaming
import Synchronization

/// The views of a stream.
enum StreamView: String, CaseIterable, Sendable {
  /// The painted frame.
  case painted
  /// The source above the painted frame.
  case pair
}

/// The format in which a viewer receives the stream.
enum StreamForm: CaseIterable, Sendable {
  case chunks, mp4, mjpeg
}

/// Encodes each painted frame once for all viewers, in the views, renditions and formats that are being watched.
final class StreamOutput: FrameSink {
  /// A viewer who reloads the page comes back within this time.
  private static let rest = Duration.seconds(2)
  /// About one second of fragments at 30 frames per second, or of a fast connection.
  private static let videoLimits = Broadcast.Limits(segments: 32, bytes: 4 << 20)

  /// Used by the encoding thread.
  private struct Encoding {
    var timeline = MediaTimeline()
    var timeBase = Rational(1, 1)
    var pairing = FramePairing()
    var orientation = Orientation.upright
    var size = (width: 0, height: 0)
    var video: [StreamView: [Rendition: VideoEncoding]] = [:]
    var pictures: [StreamView: PictureEncoder] = [:]
    var audio: AudioTrack?
    var sound: FragmentAudio?
  }

  /// A frame of the source, for a preview.
  struct SourceFrame: Sendable {
    let frame: Frame
    let orientation: Orientation
    /// The size at which the source is displayed.
    let width: Int
    let height: Int
  }

  private enum Request {
    case none, open
    case met(SourceFrame)
  }

  private let broadcasts: [StreamView: [StreamForm: Broadcast]]
  private let encoding = Mutex(Encoding())
  private let delivered = Mutex<(@Sendable (ContinuousClock.Instant) -> Void)?>(nil)
  private let request = Mutex(Request.none)
  private let restsUnwatched: Bool
  /// When there was a viewer; nil if that is too long ago.
  private let watched = Mutex<ContinuousClock.Instant?>(nil)

  /// - Parameter restsUnwatched: Whether frames are needed only while there are viewers.
  init(restsUnwatched: Bool) {
    self.restsUnwatched = restsUnwatched
    broadcasts = Dictionary(
      uniqueKeysWithValues: StreamView.allCases.map { view in
        let chunks = Broadcast(limits: Self.videoLimits, heartbeat: ChunkRecords.padding)
        let fragments = Broadcast(limits: Self.videoLimits, heartbeat: FragmentMuxer.heartbeat)
        // Each image replaces the previous one. A blank line between parts has no meaning.
        let pictures = Broadcast(limits: .init(segments: 1, bytes: .max), heartbeat: Array("\r\n".utf8))
        return (view, [.chunks: chunks, .mp4: fragments, .mjpeg: pictures])
      })
  }

  private var all: [Broadcast] { broadcasts.values.flatMap(\.values) }
  var viewerCount: Int { all.reduce(0) { $0 + $1.viewerCount } }
  /// The number of viewers who get the light rendition.
  var lightViewerCount: Int { all.reduce(0) { $0 + $1.lightViewerCount } }
  var counts: (segments: Int, lost: Int) {
    all.map(\.counts).reduce((0, 0)) { ($0.segments + $1.segments, $0.lost + $1.lost) }
  }

  func broadcast(_ view: StreamView, _ form: StreamForm) -> Broadcast? { broadcasts[view]?[form] }
  func beat(after silence: Duration) { for broadcast in all { broadcast.beat(after: silence) } }
  func close() { for broadcast in all { broadcast.close() } }

  /// Whether the current source has audio.
  var hasAudio: Bool { encoding.withLock { $0.audio != nil } }

  /// Sets the audio of the source whose frames follow; nil if it has none.
  func connect(_ audio: AudioTrack?) { encoding.withLock { $0.audio = audio } }

  // MARK: FrameSink

  var orientation: Orientation { .upright }

  /// Returns the source's display size, rounded down to even numbers, as 4:2:0 requires.
  func format(for source: VideoDescription) -> VideoFormat {
    encoding.withLock { encoding in
      encoding.timeBase = source.timeBase
      encoding.pairing = FramePairing(orientation: source.orientation)
      encoding.orientation = source.orientation
      encoding.size = source.displaySize
    }
    let size = source.displaySize
    return VideoFormat(
      width: max(2, size.width & ~1), height: max(2, size.height & ~1), pixelFormat: .yuv420p,
      color: source.format.color(encodedAs: .yuv420p))
  }

  /// Whether there is a viewer or was one a moment ago.
  var wantsFrames: Bool {
    guard restsUnwatched else { return true }
    let isWatched = viewerCount > 0
    let (wants, hasEnded) = watched.withLock { latest in
      if isWatched { latest = .now }
      let isOver = latest.map { $0.duration(to: .now) > Self.rest } ?? false
      if isOver { latest = nil }
      return (latest != nil, isOver)
    }
    if hasEnded { encoding.withLock { $0.timeline.pause() } }
    return wants
  }

  func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {
    self.delivered.withLock { $0 = delivered }
  }

  /// Asks for the source's next frame.
  func askForSource() { request.withLock { $0 = .open } }

  /// Returns the frame that was asked for; nil if it has not come yet.
  func takeSource() -> SourceFrame? {
    request.withLock { request in
      guard case .met(let frame) = request else { return nil }
      request = .none
      return frame
    }
  }

  private func meetRequest(_ source: Frame, _ encoding: Encoding) throws {
    try request.withLock { request in
      guard case .open = request else { return }
      let kept = try Frame()
      try kept.reference(source)
      request = .met(
        SourceFrame(
          frame: kept, orientation: encoding.orientation, width: encoding.size.width, height: encoding.size.height))
    }
  }

  func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
    try encoding.withLock { encoding in
      try meetRequest(source, encoding)
      let seconds = frame.pts.map { Double($0) * encoding.timeBase.value }
      let (start, end) = encoding.timeline.advance(seconds: seconds, arrival: arrival)
      let times = FrameTimesOnStream(
        start: start, end: end, seconds: seconds ?? 0, captured: ServerClock.microseconds(of: arrival))
      let sound = try sound(times, &encoding)
      for view in StreamView.allCases {
        let watched = broadcasts[view]?.filter { $0.value.viewerCount > 0 } ?? [:]
        if watched.isEmpty { continue }
        let picture = view == .painted ? frame : try encoding.pairing.pair(painted: frame, source: source)
        if let pictures = watched[.mjpeg] { try publish(picture, view, times, to: pictures, &encoding) }
        try publish(picture, view, times, sound, to: watched.filter { $0.key != .mjpeg }, &encoding)
      }
    }
    delivered.withLock { $0 }?(arrival)
  }

  /// Encodes the sound up to the end of a frame, once for all viewers who can hear it.
  private func sound(_ times: FrameTimesOnStream, _ encoding: inout Encoding) throws -> [Packet] {
    guard let track = encoding.audio else {
      encoding.sound = nil
      return []
    }
    let isHeard = broadcasts.values.contains { forms in
      forms.contains { $0.key != .mjpeg && $0.value.viewerCount > 0 }
    }
    guard isHeard else { return [] }
    let sound = try encoding.sound ?? FragmentAudio()
    encoding.sound = sound
    return try sound.encode(track, seconds: times.seconds, until: times.end)
  }

  private func publish(
    _ frame: Frame, _ view: StreamView, _ times: FrameTimesOnStream, _ sound: [Packet],
    to broadcasts: [StreamForm: Broadcast], _ encoding: inout Encoding
  ) throws {
    let wanted = broadcasts.values.reduce(into: Set<Rendition>()) { $0.formUnion($1.renditions) }
    var segments: [StreamForm: [Segment]] = [:]
    for rendition in Rendition.allCases {
      guard wanted.contains(rendition) else {
        encoding.video[view]?[rendition] = nil
        continue
      }
      let fitting = encoding.video[view]?[rendition].flatMap { $0.fits(frame, audio: encoding.sound) ? $0 : nil }
      let encoder =
        try fitting
        ?? VideoEncoding(
          format: frame.format, rendition: rendition, parts: view == .pair ? 2 : 1, audio: encoding.sound)
      encoding.video[view, default: [:]][rendition] = encoder
      for (form, segment) in try encoder.encode(frame, times, sound: sound, for: broadcasts) {
        segments[form, default: []].append(segment)
      }
    }
    for (form, broadcast) in broadcasts {
      if let segments = segments[form] { broadcast.publish(segments) }
    }
  }

  private func publish(
    _ frame: Frame, _ view: StreamView, _ times: FrameTimesOnStream, to broadcast: Broadcast,
    _ encoding: inout Encoding
  ) throws {
    let fitting = encoding.pictures[view].flatMap { $0.fits(frame) ? $0 : nil }
    let encoder = try fitting ?? PictureEncoder(format: frame.format)
    encoding.pictures[view] = encoder
    broadcast.publish([PictureEncoder.segment(try encoder.encode(frame), captured: times.captured)])
  }

  /// Keeps the viewers, because another run may follow.
  func finish() throws {}
}
