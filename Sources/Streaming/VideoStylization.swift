import FFmpeg
import Files
import Synchronization
import Threading

/// The main job: repaints a source into a file or a stream; audio and text go along.
public struct VideoStylization: Sendable {
  /// What became of it.
  public struct Result: Sendable {
    /// The numbers at the end.
    public let statistics: StylizationStatistics
    /// Width of the output as displayed.
    public let width: Int
    /// Height of the output as displayed.
    public let height: Int
    /// What the user should know: streams left out, damage found; one sentence each.
    public let warnings: [String]
    /// Why the source ended against expectation; nil if it ended well or someone stopped it. What had come is written.
    public let failure: (any Error)?
  }

  private let source: any FrameSource

  /// A job for a source that is open.
  public init(_ source: any FrameSource) { self.source = source }

  /// Opens the file `input`. Throws `MediaError` if it holds no video that can be decoded.
  public init(input: String, decoderThreads: Int = 1) throws {
    self.init(try FrameSources.open(MediaSource(file: input), threads: decoderThreads))
  }

  /// What the input is like.
  public var description: VideoDescription { source.description }

  /// Repaints the input into `output` until it ends or `shouldStop` is true; a file appears under its name then. To be
  /// called once.
  ///
  /// The newest frames are encoded with low delay. The style makes its stylizers after the output has been found
  /// writable. `shouldStop`, `observe` and `progress` are as for ``Stylization/run(shouldStop:observe:progress:)``.
  /// Throws `FileError`, `MediaError`, ``EncodingError``, ``StoppedError``, or what the style throws; a file is then as
  /// it was.
  public func run(
    output: MediaTarget, style: StyleMixer, options: Stylization.Options = Stylization.Options(),
    encoding: EncodingOptions = EncodingOptions(), shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> Result {
    var (target, encoding) = (output, encoding)
    let file = output.isSingleFile ? try AtomicFile(path: output.path) : nil
    if let file { target.path = file.temporaryPath }
    if options.frames == .newest { encoding.isLowDelay = true }
    let grace = StopGrace(shouldStop)
    let writer = try VideoWriter(target, like: source, options: encoding, interrupt: { grace.isOver })
    let stylization = Stylization(source: source, style: style, sink: writer, options: options)
    let statistics = try stylization.run(shouldStop: shouldStop, observe: observe, progress: progress)
    guard statistics.framesWritten > 0 else { throw source.failure ?? StoppedError(file: output.displayName) }
    try file?.commit()
    let size = description.displaySize
    return Result(
      statistics: statistics, width: size.width, height: size.height, warnings: writer.warnings + source.warnings,
      failure: source.failure)
  }
}

/// The time that a target has after a stop to take what is left, before a write that blocks is given up.
final class StopGrace: Sendable {
  private static let length = Duration.seconds(3)

  private let shouldStop: @Sendable () -> Bool
  private let stop = Mutex<ContinuousClock.Instant?>(nil)

  init(_ shouldStop: @escaping @Sendable () -> Bool) { self.shouldStop = shouldStop }

  /// Whether it is over; its length counts from the first call that finds the job stopped.
  var isOver: Bool {
    guard shouldStop() else { return false }
    return stop.withLock { stop in
      let start = stop ?? .now
      stop = start
      return start.duration(to: .now) > Self.length
    }
  }
}

/// The job was stopped before there was a frame to keep.
public struct StoppedError: Error, CustomStringConvertible, Sendable {
  let file: String

  /// One sentence.
  public var description: String { "\(file): stopped before the first frame was done, so nothing is written" }
}
