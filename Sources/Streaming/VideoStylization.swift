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
  /// With `resume`, a run that is interrupted in any way leaves a file, with which another run goes on. The film then
  /// appears only when it is complete, even if the run is stopped.
  ///
  /// `style` creates its stylizers after the output has been opened. With `.newest` frames, encoding uses low delay.
  /// For the closures, see ``Stylization/run(shouldStop:observe:progress:)``.
  ///
  /// - Throws: `FileError`, `MediaError`, ``EncodingError``, ``MaskError``, ``StoppedError``, ``ResumeError``, or an
  ///   error of the style. An existing output file is then unchanged.
  public func run(
    output: MediaTarget, style: StyleMixer, options: Stylization.Options = Stylization.Options(),
    encoding: EncodingOptions = EncodingOptions(), resume: ResumeOptions? = nil,
    shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (StylizationStatistics) -> Void = { _ in },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> Result {
    let source = options.mask?.origin == .alpha ? try OpaqueSource(self.source) : self.source
    // A mask that cannot be read is found before anything is written.
    if case .file(let name) = options.mask?.origin { _ = try MaskFile(name) }
    var (target, encoding) = (output, encoding)
    let file = output.isSingleFile ? try AtomicFile(path: output.path) : nil
    if let file { target.path = file.temporaryPath }
    if resume != nil, file == nil || options.frames == .newest {
      throw ResumeError.unsupported(
        file: output.displayName, reason: "only a render of every frame into one file can go on")
    }
    if options.frames == .newest { encoding.isLowDelay = true }
    let grace = StopGrace(shouldStop)
    let writer = try VideoWriter(target, like: source, options: encoding, resume: resume, interrupt: { grace.isOver })
    var options = options
    options.background = encoding.background
    let stylization = Stylization(source: source, style: style, sink: writer, options: options)
    let statistics = try stylization.run(shouldStop: shouldStop, observe: observe, progress: progress)
    if let resume, statistics.wasStopped, let kept = writer.keptFrameCount {
      throw ResumeError.interrupted(path: resume.path, frames: kept)
    }
    // The same render can go on once the file can be read.
    if resume != nil, let failure = source.failure { throw failure }
    guard statistics.framesWritten + writer.finishedFrameCount > 0 else {
      throw source.failure ?? StoppedError(file: output.displayName)
    }
    try file?.commit()
    writer.forgetSegments()
    var warnings =
      writer.warnings + (stylization.hasCompositedFrames ? [writer.alphaWarning] : []) + source.warnings
      + stylization.maskWarnings
    if encoding.keepsFields, !writer.keepsFields, stylization.hasDeinterlaced {
      let reason =
        description.fieldOrder == .progressive ? "the film begins with progressive frames" : "they are turned"
      warnings.append("\(output.displayName): the fields of the film are not kept, because \(reason)")
    }
    let size = description.displaySize
    return Result(
      statistics: statistics, width: size.width, height: size.height, warnings: warnings, failure: source.failure)
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
