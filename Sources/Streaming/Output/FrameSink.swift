import FFmpeg
import Synchronization

/// What becomes of a frame of the source.
public enum FrameUse: Sendable {
  /// It is painted and written.
  case paint
  /// It is not painted. ``FrameSink/skip(source:)`` is called in its place.
  case skip
  /// It and all later ones are not needed: the run ends.
  case end
}

/// A destination for painted frames, such as a file, a stream or an observer.
public protocol FrameSink: AnyObject, Sendable {
  /// Returns the frame format that the sink expects for this source. Called again whenever the source's format changes.
  func format(for source: VideoDescription) -> VideoFormat

  /// The orientation in which the sink stores frames: the source's, or upright.
  var orientation: Orientation { get }

  /// Whether interlaced frames are painted field by field and arrive interlaced; otherwise all frames arrive
  /// progressive. False by default.
  var keepsFields: Bool { get }

  /// Starts the sink's own threads, if any.
  ///
  /// - Parameter delivered: Call it, from any thread, with the frame's `arrival` whenever a frame has left the process
  ///   or reached its receiver.
  func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void)

  /// Writes a painted frame. Frames arrive in order.
  ///
  /// Until this call returns, the source waits or frames are dropped. The sink may keep either frame with
  /// `Frame.reference`. Other owners call `Frame.makeWritable` before they overwrite its planes.
  ///
  /// - Parameters:
  ///   - source: The frame that was painted.
  ///   - arrival: When the source frame arrived.
  func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws

  /// Whether anybody needs the frames; true by default. While nobody does, a run of the newest frames paints none, so
  /// that other runs get its time, and a source that waits for its reader stands still. Called often.
  var wantsFrames: Bool { get }

  /// Returns what becomes of the next frame of the source; `.paint` for all by default. Called once for each frame, in
  /// order, before it is painted.
  func use(of source: Frame) -> FrameUse

  /// Takes note of a frame that is not painted, in order with those that are written.
  func skip(source: Frame) throws

  /// Completes the output. Called once after the last frame, but not after an error.
  func finish() throws
}

extension FrameSink {
  /// The default for sinks that take progressive frames.
  public var keepsFields: Bool { false }
  /// The default for sinks that take every frame.
  public var wantsFrames: Bool { true }
  /// The default for sinks that take every frame.
  public func use(of source: Frame) -> FrameUse { .paint }
  /// The default for sinks that take every frame.
  public func skip(source: Frame) throws {}
}

/// A sink that passes each frame to a closure.
public final class FrameObserver: FrameSink {
  /// Receives the painted frame, the decoded source frame, and when the source frame arrived.
  public typealias Observe = @Sendable (_ painted: Frame, _ source: Frame, ContinuousClock.Instant) throws -> Void

  /// The orientation of the frames that the closure receives.
  public let orientation: Orientation
  private let format: VideoFormat?
  private let pixelFormat: PixelFormat
  private let observe: Observe
  private let delivered = Mutex<(@Sendable (ContinuousClock.Instant) -> Void)?>(nil)
  private let finished = Atomic<Bool>(false)

  /// Creates a sink for upright frames of `pixelFormat`, at the source's display size.
  public init(pixelFormat: PixelFormat = .yuv420p, observe: @escaping Observe) {
    (orientation, format) = (.upright, nil)
    self.pixelFormat = pixelFormat
    self.observe = observe
  }

  /// Creates a sink for frames of a fixed format and orientation. Without a closure, it discards all frames.
  public init(
    format: VideoFormat, orientation: Orientation = .upright, observe: @escaping Observe = { _, _, _ in }
  ) {
    self.orientation = orientation
    self.format = format
    pixelFormat = format.pixelFormat
    self.observe = observe
  }

  /// Whether the last frame has been written.
  public var isFinished: Bool { finished.load(ordering: .acquiring) }

  /// Returns the fixed format, or one of the source's display size.
  public func format(for source: VideoDescription) -> VideoFormat {
    if let format { return format }
    let size = source.displaySize
    return VideoFormat(
      width: size.width, height: size.height, pixelFormat: pixelFormat,
      color: source.format.color(encodedAs: pixelFormat))
  }

  /// Stores the callback.
  public func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {
    self.delivered.withLock { $0 = delivered }
  }

  /// Passes the frame to the closure, then reports it as delivered.
  public func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
    try observe(frame, source, arrival)
    delivered.withLock { $0 }?(arrival)
  }

  /// Marks the sink as finished.
  public func finish() throws { finished.store(true, ordering: .releasing) }
}
