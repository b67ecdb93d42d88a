import FFmpeg

/// The properties of a video.
public struct VideoDescription: Sendable {
  /// The size, pixel format and colours of the first frame.
  public var format: VideoFormat
  /// The unit of the frames' timestamps.
  public var timeBase: Rational
  /// The nominal frame rate; nil if unknown.
  public var frameRate: Rational?
  /// Width over height of one pixel; 0/1 if unknown.
  public var sampleAspectRatio: Rational
  /// How to rotate and mirror stored frames for display.
  public var orientation: Orientation
  /// The number of frames, if known in advance.
  public var expectedFrameCount: Int?
  /// The order of the fields if the film begins with interlaced frames. Later frames may differ.
  public var fieldOrder: FieldOrder
  /// The HDR metadata of the first frame; nil if there is none.
  public var hdrMetadata: HDRMetadata?
  /// Whether the first frame has transparent pixels.
  public var isTransparent = false
  /// Whether the precision of 16-bit floats is enough for the first frame: for 8 bits, and for OpenEXR files with such.
  package var isHalfPrecision = false

  /// Creates a description. By default, pixels are square and frames are upright and progressive.
  public init(
    format: VideoFormat, timeBase: Rational, frameRate: Rational? = nil,
    sampleAspectRatio: Rational = Rational(0, 1), orientation: Orientation = .upright,
    expectedFrameCount: Int? = nil, fieldOrder: FieldOrder = .progressive, hdrMetadata: HDRMetadata? = nil
  ) {
    self.format = format
    self.timeBase = timeBase
    self.frameRate = frameRate
    self.sampleAspectRatio = sampleAspectRatio
    self.orientation = orientation
    self.expectedFrameCount = expectedFrameCount
    self.fieldOrder = fieldOrder
    self.hdrMetadata = hdrMetadata
  }

  /// The size after applying ``orientation``.
  public var displaySize: (width: Int, height: Int) {
    orientation.swapsSides ? (format.height, format.width) : (format.width, format.height)
  }
}

/// A packet of the video with which decoding can begin.
public struct Keyframe: Codable, Equatable, Sendable {
  /// Its presentation time, in the time base of the stream.
  let pts: Int64
  /// Its decoding time; nil if the container does not tell.
  let dts: Int64?
}

/// Decoding did not begin with the first frame of the video, and may give other frames than if it had.
struct InexactDecoding: Error {}

/// A source of frames, such as a file or a camera.
///
/// A source must implement ``description`` and ``read(into:)``. The other requirements have default implementations for
/// a source without threads, audio or connections. One thread reads; any thread may call ``stop()``.
public protocol FrameSource: AnyObject, Sendable {
  /// The properties of the video. Later frames may differ in size and pixel format.
  var description: VideoDescription { get }

  /// Starts the source's own threads, if any.
  func start(on threads: ThreadGroup)

  /// Reads the next frame, whose `pts` is greater than that of the previous one. Returns false after the last frame.
  func read(into frame: Frame) throws -> Bool

  /// When the most recently read frame arrived, as far as the source knows. Latency is measured from this time.
  var latestArrival: ContinuousClock.Instant { get }

  /// The time of the video's first frame, in the time base of the frames, if the source can tell; nil for the time of
  /// the first frame that is read.
  var beginning: Int64? { get }

  /// Leaves out the frames before `keyframe`, so that reading begins there. Call it before ``start(on:)``.
  ///
  /// ``InexactDecoding`` is thrown, here or by ``read(into:)``, if the frames may differ from those of a source that is
  /// read from its first frame.
  func begin(at keyframe: Keyframe) throws

  /// Whether the source stands still while nobody reads, as a file does; false by default.
  var waitsForReader: Bool { get }

  /// Ends the source's own threads and any `read` in progress. `read` is not called again.
  func stop()

  // MARK: Beyond frames

  /// The compressed streams that can be copied into a file; nil if there are none.
  var packets: (any PacketSource)? { get }

  /// Starts decoding audio; returns nil if there is none.
  ///
  /// Call it before ``start(on:)``, and do not combine it with ``PacketSource/connect(to:)``.
  func openAudio() -> AudioTrack?

  /// The error that ended the source; nil if it ended normally or was stopped.
  var failure: (any Error)? { get }

  /// The number of times that the source was reconnected.
  var reconnectCount: Int { get }

  /// Problems found in the source, one sentence each. Complete after the last frame.
  var warnings: [String] { get }
}

extension FrameSource {
  /// The default for sources whose frames arrive when they are read.
  public var latestArrival: ContinuousClock.Instant { .now }
  /// The default for sources that are read from their first frame.
  public var beginning: Int64? { nil }
  /// The default for sources that are read from their first frame.
  public func begin(at keyframe: Keyframe) throws { throw InexactDecoding() }
  /// The default for sources that go on while nobody reads.
  public var waitsForReader: Bool { false }
  /// The default for sources without threads.
  public func start(on threads: ThreadGroup) {}
  /// The default for sources without threads.
  public func stop() {}
  /// The default for sources that consist of frames only.
  public var packets: (any PacketSource)? { nil }
  /// The default for sources without audio.
  public func openAudio() -> AudioTrack? { nil }
  /// The default for sources that end normally or throw.
  public var failure: (any Error)? { nil }
  /// The default for sources that never reconnect.
  public var reconnectCount: Int { 0 }
  /// The default for sources that do not tolerate damage.
  public var warnings: [String] { [] }
}

/// The compressed streams of a source, including its video.
public protocol PacketSource: AnyObject, Sendable {
  /// The streams, metadata and chapters.
  var demuxer: Demuxer { get }
  /// The stream that the source decodes.
  var video: MediaStream { get }

  /// Sends the packets of all other streams to `recipient`, which chooses the ones it needs. Call it before the source
  /// starts.
  func connect(to recipient: any PacketRecipient)
}

/// Receives the packets of a source's streams other than the video.
public protocol PacketRecipient: AnyObject, Sendable {
  /// Takes ownership of a packet, whose `streamIndex` refers to the source. Waits while there is no room.
  func take(_ packet: Packet)
  /// Called after the last packet.
  func finishPackets()
}
