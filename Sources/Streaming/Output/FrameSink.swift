import FFmpeg
import Synchronization

/// Where painted frames go: a file, a stream, whoever looks at them.
public protocol FrameSink: AnyObject, Sendable {
  /// The format in which the frames of such a source are wanted. Asked again when the source's format changes.
  func format(for source: VideoDescription) -> VideoFormat

  /// How the frames are to be stored: as the source's are, or upright.
  var orientation: Orientation { get }

  /// Starts the sink's own threads, if it has any. `delivered` is to be called, from any thread, for each frame that
  /// has left the process or reached whoever it is for, with the frame's `arrival`.
  func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void)

  /// Takes a painted frame and the one that it was painted from, which came in at `arrival`. Frames come in order.
  ///
  /// Both may be shared with `Frame.reference`; their planes may be overwritten after the call by someone who asks
  /// `Frame.makeWritable` first. Meanwhile the source waits, or frames are dropped.
  func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws

  /// Called once after the last frame, and not after an error.
  func finish() throws
}

/// A sink that hands each frame to a function and keeps nothing.
public final class FrameObserver: FrameSink {
  /// Gets the painted frame, the source's as it was decoded, and when that came in.
  public typealias Observe = @Sendable (_ painted: Frame, _ source: Frame, ContinuousClock.Instant) throws -> Void

  /// How it wants the frames to be stored.
  public let orientation: Orientation
  private let format: VideoFormat?
  private let pixelFormat: PixelFormat
  private let observe: Observe
  private let delivered = Mutex<(@Sendable (ContinuousClock.Instant) -> Void)?>(nil)
  private let finished = Atomic<Bool>(false)

  /// A sink for upright frames of `pixelFormat`, at the source's size as displayed.
  public init(pixelFormat: PixelFormat = .yuv420p, observe: @escaping Observe) {
    (orientation, format) = (.upright, nil)
    self.pixelFormat = pixelFormat
    self.observe = observe
  }

  /// A sink for frames of one format whatever the source's, turned as `orientation` says; without a function, a null
  /// sink.
  public init(
    format: VideoFormat, orientation: Orientation = .upright, observe: @escaping Observe = { _, _, _ in }
  ) {
    self.orientation = orientation
    self.format = format
    pixelFormat = format.pixelFormat
    self.observe = observe
  }

  /// Whether the last frame has come.
  public var isFinished: Bool { finished.load(ordering: .acquiring) }

  /// The one format, or that of the source's size as displayed.
  public func format(for source: VideoDescription) -> VideoFormat {
    if let format { return format }
    let size = source.displaySize
    return VideoFormat(
      width: size.width, height: size.height, pixelFormat: pixelFormat,
      color: source.format.color(encodedAs: pixelFormat))
  }

  /// Keeps the function.
  public func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {
    self.delivered.withLock { $0 = delivered }
  }

  /// Hands the frame on, which counts as delivered then.
  public func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
    try observe(frame, source, arrival)
    delivered.withLock { $0 }?(arrival)
  }

  /// Notes the end.
  public func finish() throws { finished.store(true, ordering: .releasing) }
}
