import FFmpeg
import Files
import Synchronization
import Threading

/// Paints a source into a file or a stream, and copies its audio and subtitles.
public struct VideoStylization: Sendable {
  /// The result of a run.
  public struct Result: Sendable {
    /// The statistics at the end.
    public let statistics: StylizationStatistics
    /// The display width of the output.
    public let width: Int
    /// The display height of the output.
    public let height: Int
    /// Problems to show to the user, such as omitted streams or damage. One sentence each.
    public let warnings: [String]
    /// The error that ended the source; nil if it ended normally or was stopped. Frames received before the error are
    /// written.
    public let failure: (any Error)?
  }

  private let source: any FrameSource

  /// Creates a job for an open source.
  public init(_ source: any FrameSource) { self.source = source }

  /// Opens the file `input`.
  ///
  /// - Throws: `MediaError` if it contains no video that can be decoded.
  public init(input: String, decoderThreads: Int = 1) throws {
    self.init(try FrameSources.open(MediaSource(file: input), threads: decoderThreads))
  }

  /// The properties of the input.
  public var description: VideoDescription { source.description }

  /// Paints the input into `output` until the input ends or `shouldStop` returns true. Call this once. A file appears
  /// under its name only when it is complete.
  ///
  /// `style` creates its stylizers after the output has been opened. With `.newest` frames, encoding uses low delay.
  /// For the closures, see ``Stylization/run(shouldStop:observe:progress:)``.
  ///
  /// - Throws: `FileError`, `MediaError`, ``EncodingError``, ``MaskError``, ``StoppedError``, or an error of the style.
  ///   An existing output file is then unchanged.
  public func run(
    output: MediaTarget, style: StyleMixer, options: Stylization.Options = Stylization.Options(),
    encoding: EncodingOptions = EncodingOptions(), shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> Result {
    let source = try options.masked(self.source)
    var (target, encoding) = (output, encoding)
    let file = output.isSingleFile ? try AtomicFile(path: output.path) : nil
    if let file { target.path = file.temporaryPath }
    if options.frames == .newest { encoding.isLowDelay = true }
    let grace = StopGrace(shouldStop)
    let writer = try VideoWriter(target, like: source, options: encoding, interrupt: { grace.isOver })
    var options = options
    options.background = encoding.background
    let stylization = Stylization(source: source, style: style, sink: writer, options: options)
    let statistics = try stylization.run(shouldStop: shouldStop, observe: observe, progress: progress)
    guard statistics.framesWritten > 0 else {
      throw source.failure ?? StoppedError(file: output.displayName)
    }
    try file?.commit()
    var warnings =
      writer.warnings + (stylization.hasCompositedFrames ? [writer.alphaWarning] : []) + source.warnings
      + stylization.maskWarnings
    if encoding.keepsFields, !writer.keepsFields, stylization.hasDeinterlaced {
      warnings.append(Self.fieldWarning(output.displayName, description))
    }
    let size = description.displaySize
    return Result(
      statistics: statistics, width: size.width, height: size.height, warnings: warnings, failure: source.failure)
  }
}

extension VideoStylization {
  /// Says why fields are not kept.
  static func fieldWarning(_ file: String, _ description: VideoDescription) -> String {
    let reason = description.fieldOrder == .progressive ? "the film begins with progressive frames" : "they are turned"
    return "\(file): the fields of the film are not kept, because \(reason)"
  }
}

/// The grace period after a stop in which a target may accept the remaining data. Then blocked writes are aborted.
final class StopGrace: Sendable {
  private static let length = Duration.seconds(3)

  private let shouldStop: @Sendable () -> Bool
  private let stop = Mutex<ContinuousClock.Instant?>(nil)

  init(_ shouldStop: @escaping @Sendable () -> Bool) { self.shouldStop = shouldStop }

  /// Whether the period is over. It starts with the first call after the stop.
  var isOver: Bool {
    guard shouldStop() else { return false }
    return stop.withLock { stop in
      let start = stop ?? .now
      stop = start
      return start.duration(to: .now) > Self.length
    }
  }
}

/// The job was stopped before the first frame was complete.
public struct StoppedError: Error, CustomStringConvertible, Sendable {
  let file: String

  /// The error message, one sentence.
  public var description: String { "\(file): stopped before the first frame was complete; nothing was written" }
}
