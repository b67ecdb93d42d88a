import FFmpeg
import Files
import Foundation
import Synchronization

/// The main job: repaints one video, every frame of it, into another.
public struct VideoStylization: Sendable {
  /// How to do it.
  public struct Options: Sendable {
    /// The size of the pictures that the stylizer sees, as displayed; nil for the video's own.
    public var workSize: (width: Int, height: Int)?
    /// Whether the stylizer sees the frames without the noise of what rests, see ``TemporalDenoiser``.
    public var denoises: Bool
    /// What of the source shows through.
    public var blend: FrameBlend
    /// How to encode.
    public var encoding: EncodingOptions
    /// The number of threads of the decoder.
    public var decoderThreads: Int

    /// The video's own size, its frames as they are, nothing of the source, the container's codec unless told otherwise.
    public init(
      workSize: (width: Int, height: Int)? = nil, denoises: Bool = false, blend: FrameBlend = FrameBlend(),
      encoding: EncodingOptions = EncodingOptions(), decoderThreads: Int = 1
    ) {
      self.workSize = workSize
      self.denoises = denoises
      self.blend = blend
      self.encoding = encoding
      self.decoderThreads = decoderThreads
    }
  }

  /// What became of it.
  public struct Result: Sendable {
    /// Frames and times.
    public let summary: StylizationPipeline.Summary
    /// Width of the output as displayed.
    public let width: Int
    /// Height of the output as displayed.
    public let height: Int
    /// What the user should know: streams left out, damage found; one sentence each.
    public let warnings: [String]
  }

  private let input: VideoReader
  private let options: Options

  /// Opens the file `input`. Throws `MediaError` if it holds no video that can be decoded.
  public init(input: String, options: Options = Options()) throws {
    try self.init(input: MediaSource(file: input), options: options)
  }

  /// Opens `input` and waits for its first frame; `interrupt`, which is asked now and later, can give it up. Throws
  /// `MediaError` if there is none.
  public init(
    input: MediaSource, options: Options = Options(), interrupt: @escaping @Sendable () -> Bool = { false }
  ) throws {
    self.input = try VideoReader(input, threads: options.decoderThreads, interrupt: interrupt)
    self.options = options
  }

  /// What the input is like.
  public var description: VideoDescription { input.description }

  /// The size that the stylizer must have.
  public var workSize: (width: Int, height: Int) { options.workSize ?? description.displaySize }

  /// Repaints the input into the file `output`; see the other one.
  public func run(
    output: String, makeStylizers: (_ width: Int, _ height: Int) throws -> [any FrameStylizer],
    shouldStop: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> Result {
    try run(
      output: MediaTarget(output), makeStylizers: makeStylizers, shouldStop: shouldStop, progress: progress)
  }

  /// Repaints the input into `output`; a file appears under its name when it is whole. To be called once.
  ///
  /// `makeStylizers` gets the work size and is called after the output has been found writable; as many frames are painted at
  /// a time as it returns stylizers. Once `shouldStop` is true, the output is finished with the frames that are done. Throws
  /// `FileError`, `MediaError`, `EncodingError`, or what the stylizer throws; a file is then as it was.
  public func run(
    output: MediaTarget, makeStylizers: (_ width: Int, _ height: Int) throws -> [any FrameStylizer],
    shouldStop: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (_ framesWritten: Int) -> Void = { _ in }
  ) throws -> Result {
    var target = output
    let file = output.isSingleFile ? try AtomicFile(path: output.path) : nil
    if let file { target.path = file.temporaryPath }
    let grace = StopGrace(shouldStop)
    let writer = try VideoWriter(
      target, like: input, options: options.encoding, interrupt: { grace.isOver })
    let stylizers = try makeStylizers(workSize.width, workSize.height)
    let pipeline = StylizationPipeline(
      source: input, sink: writer, stylizers: stylizers, denoises: options.denoises, blend: options.blend,
      sinkOrientation: writer.orientation)
    let summary = try pipeline.run(shouldStop: shouldStop, progress: progress)
    guard summary.frames > 0 else { throw StoppedError(file: output.displayName) }
    try file?.commit()
    return Result(
      summary: summary, width: description.displaySize.width, height: description.displaySize.height,
      warnings: writer.warnings + input.warnings)
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
