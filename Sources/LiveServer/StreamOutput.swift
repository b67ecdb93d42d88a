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
  case mp4, mjpeg
}

/// Encodes each painted frame once for all viewers, in the views and formats that are being watched.
final class StreamOutput: FrameSink {
  /// The minimum interval in seconds between keyframes requested by viewers.
  private static let minimumKeyframeInterval = 0.5
  private static let maximumKeyframeInterval = 2.0
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
    var video: [StreamView: FragmentEncoder] = [:]
    var pictures: [StreamView: PictureEncoder] = [:]
    var keyframes: [StreamView: Double] = [:]
    var audio: AudioTrack?
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
        let video = Broadcast(limits: Self.videoLimits, heartbeat: FragmentEncoder.heartbeat)
        // Each image replaces the previous one. A blank line between parts has no meaning.
        let pictures = Broadcast(limits: .init(segments: 1, bytes: .max), heartbeat: Array("\r\n".utf8))
        return (view, [.mp4: video, .mjpeg: pictures])
      })
  }

  private var all: [Broadcast] { broadcasts.values.flatMap(\.values) }
  var viewerCount: Int { all.reduce(0) { $0 + $1.viewerCount } }
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
      let times = encoding.timeline.advance(seconds: seconds, arrival: arrival)
      for view in StreamView.allCases {
        guard let video = broadcasts[view]?[.mp4], let pictures = broadcasts[view]?[.mjpeg],
          video.viewerCount + pictures.viewerCount > 0
        else { continue }
        let picture = view == .painted ? frame : try encoding.pairing.pair(painted: frame, source: source)
        if video.viewerCount > 0 { try publish(picture, view, times, seconds ?? 0, to: video, &encoding) }
        if pictures.viewerCount > 0 { try publish(picture, view, to: pictures, &encoding) }
      }
    }
    delivered.withLock { $0 }?(arrival)
  }

  private func publish(
    _ frame: Frame, _ view: StreamView, _ times: (start: Double, end: Double), _ seconds: Double,
    to broadcast: Broadcast, _ encoding: inout Encoding
  ) throws {
    let hasAudio = encoding.audio != nil
    if encoding.video[view]?.format != frame.format || encoding.video[view]?.hasAudio != hasAudio {
      encoding.video[view] = try FragmentEncoder(format: frame.format, hasAudio: hasAudio)
      encoding.keyframes[view] = nil
    }
    guard let encoder = encoding.video[view] else { return }
    let age = encoding.keyframes[view].map { times.start - $0 } ?? .infinity
    let isKeyframe =
      age >= Self.maximumKeyframeInterval || age >= Self.minimumKeyframeInterval && broadcast.wantsKeyframe
    if isKeyframe { encoding.keyframes[view] = times.start }
    let ticks = FragmentEncoder.timeBase.inverse.value
    let (start, end) = (Int64((times.start * ticks).rounded()), Int64((times.end * ticks).rounded()))
    let segment = try encoder.encode(
      frame, time: start, duration: end - start, isKeyframe: isKeyframe, audio: encoding.audio, seconds: seconds)
    if let segment { broadcast.publish(segment) }
  }

  private func publish(
    _ frame: Frame, _ view: StreamView, to broadcast: Broadcast, _ encoding: inout Encoding
  ) throws {
    let fitting = encoding.pictures[view].flatMap { $0.fits(frame) ? $0 : nil }
    let encoder = try fitting ?? PictureEncoder(format: frame.format)
    encoding.pictures[view] = encoder
    broadcast.publish(PictureEncoder.segment(try encoder.encode(frame)))
  }

  /// Keeps the viewers, because another run may follow.
  func finish() throws {}
}
