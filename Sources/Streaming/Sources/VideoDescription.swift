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
