import FFmpeg

/// What a video is, apart from its pictures.
public struct VideoDescription: Sendable {
  /// Size, pixel format and colours of the first frame.
  public var format: VideoFormat
  /// The unit of the frames' timestamps.
  public var timeBase: Rational
  /// The nominal frame rate; nil if unknown.
  public var frameRate: Rational?
  /// Width over height of one pixel; 0/1 if unknown.
  public var sampleAspectRatio: Rational
  /// How the stored pictures are turned for display.
  public var orientation: Orientation
  /// The number of frames as far as it is known beforehand.
  public var expectedFrameCount: Int?

  /// The description of a video whose pixels are square and upright unless told otherwise.
  public init(
    format: VideoFormat, timeBase: Rational, frameRate: Rational? = nil,
    sampleAspectRatio: Rational = Rational(0, 1), orientation: Orientation = .upright,
    expectedFrameCount: Int? = nil
  ) {
    self.format = format
    self.timeBase = timeBase
    self.frameRate = frameRate
    self.sampleAspectRatio = sampleAspectRatio
    self.orientation = orientation
    self.expectedFrameCount = expectedFrameCount
  }

  /// The size as displayed: that of the stored pictures, its sides exchanged for a quarter turn.
  public var displaySize: (width: Int, height: Int) {
    orientation.swapsSides ? (format.height, format.width) : (format.width, format.height)
  }
}

/// Where frames come from: a file, a camera, a test's own making.
///
/// A source must have a ``description`` and ``read(into:)``. Everything else says what more it can do; the defaults are
/// those of a source without threads, audio or connections. One thread reads; `stop` may be called from any thread.
public protocol FrameSource: AnyObject, Sendable {
  /// What the frames will be like; later frames may differ in size and pixel format.
  var description: VideoDescription { get }

  /// Starts the source's own threads, if it has any.
  func start(on threads: ThreadGroup)

  /// Fills `frame` with the next picture, with a `pts` greater than that of the one before; false after the last one.
  func read(into frame: Frame) throws -> Bool

  /// When the last frame read came in, as far as the source knows. The latency of its painting counts from then on.
  var latestArrival: ContinuousClock.Instant { get }

  /// Ends the source's own threads, and a `read` in progress on another thread; `read` is not called any more.
  func stop()

  // MARK: Beside the pictures

  /// The compressed streams that can be copied into a file; nil where there are none.
  var packets: (any PacketSource)? { get }

  /// Has the audio decoded from now on; nil where there is none. To be called before ``start(on:)``, and not together
  /// with ``PacketSource/connect(to:)``.
  func openAudio() -> AudioTrack?

  /// Why the source ended against expectation; nil if it ended well or was stopped.
  var failure: (any Error)? { get }

  /// How often the source went away and came back.
  var reconnectCount: Int { get }

  /// What was wrong with the source, one sentence each; complete after the last frame.
  var warnings: [String] { get }
}

extension FrameSource {
  /// For a source whose frames come in when they are read.
  public var latestArrival: ContinuousClock.Instant { .now }
  /// For a source without threads.
  public func start(on threads: ThreadGroup) {}
  /// For a source without threads.
  public func stop() {}
  /// For a source of pictures alone.
  public var packets: (any PacketSource)? { nil }
  /// For a source without audio.
  public func openAudio() -> AudioTrack? { nil }
  /// For a source that ends well, or throws.
  public var failure: (any Error)? { nil }
  /// For a source that is connected once.
  public var reconnectCount: Int { 0 }
  /// For a source that passes over no damage.
  public var warnings: [String] { [] }
}

/// The compressed streams of a source, that of its pictures among them.
public protocol PacketSource: AnyObject, Sendable {
  /// The streams with their metadata and chapters.
  var demuxer: Demuxer { get }
  /// The stream that the source's pictures are decoded from.
  var video: MediaStream { get }

  /// Has the packets of all other streams sent to `recipient`, which knows which to keep. To be called before the
  /// source is started.
  func connect(to recipient: any PacketRecipient)
}

/// Takes the packets of a source's streams beside the video.
public protocol PacketRecipient: AnyObject, Sendable {
  /// Takes a packet over; `streamIndex` is the source's. Waits while there is no room.
  func take(_ packet: Packet)
  /// No more packets will come.
  func finishPackets()
}
