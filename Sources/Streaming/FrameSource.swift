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

/// Where frames come from: a file, or a test's own making.
///
/// One thread reads; `stop` may be called from that thread while others of the source still run.
public protocol FrameSource: AnyObject, Sendable {
  /// What the frames will be like; later frames may differ in size and pixel format.
  var description: VideoDescription { get }

  /// Starts the source's own threads, if it has any.
  func start(on threads: ThreadGroup)

  /// Fills `frame` with the next picture, with a `pts` greater than that of the one before; false after the last one.
  func read(into frame: Frame) throws -> Bool

  /// When the last frame read came in, as far as the source knows: from then on, the time counts that its painting takes.
  var latestArrival: ContinuousClock.Instant { get }

  /// Ends the source's own threads, and a `read` in progress on another thread; `read` is not called any more.
  func stop()
}

extension FrameSource {
  /// For a source whose frames come in when they are read.
  public var latestArrival: ContinuousClock.Instant { .now }
  /// For a source without threads.
  public func start(on threads: ThreadGroup) {}
  /// For a source without threads.
  public func stop() {}
}

/// Where finished frames go: a file, or nowhere.
public protocol FrameSink: AnyObject, Sendable {
  /// The format of the frames it takes.
  var format: VideoFormat { get }

  /// Starts the sink's own threads, if it has any.
  func start(on threads: ThreadGroup)

  /// Takes a frame of `format`, in order; its planes may be overwritten after the call by someone who asks
  /// `Frame.makeWritable` first.
  func write(_ frame: Frame) throws

  /// Called once after the last frame, and not after an error.
  func finish() throws
}

extension FrameSink {
  /// For a sink without threads.
  public func start(on threads: ThreadGroup) {}
}
