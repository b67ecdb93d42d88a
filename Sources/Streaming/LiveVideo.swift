import FFmpeg
import Files

/// Repaints a source as it comes in, into a file or a stream; sound and text go along.
public struct LiveVideo: Sendable {
  /// What became of it.
  public struct Result: Sendable {
    /// The numbers at the end.
    public let statistics: LiveStatistics
    /// Width of the output as displayed.
    public let width: Int
    /// Height of the output as displayed.
    public let height: Int
    /// What the user should know: streams left out, damage found; one sentence each.
    public let warnings: [String]
    /// Why the source ended against expectation; nil if it ended well or someone stopped it. What had come is written.
    public let failure: MediaError?
  }

  private let input: VideoReader

  /// Opens `input` and waits for its first frame; `interrupt`, which is asked now and later, can give it up. Throws
  /// `MediaError` if there is none.
  public init(
    input: MediaSource, reading: LiveReading = LiveReading(), interrupt: @escaping @Sendable () -> Bool = { false }
  ) throws {
    // One decoding thread: several would hold frames back, or take the time from painting.
    self.input = try VideoReader(input, live: reading, interrupt: interrupt)
  }

  /// What the input is like.
  public var description: VideoDescription { input.description }

  /// Repaints the input into `output` until it ends or `shouldStop` is true; a file appears under its name then. To be called
  /// once.
  ///
  /// `observe` gets the numbers four times a second. Throws `FileError`, `MediaError`, `EncodingError` or `InferenceError`; a
  /// file is then as it was.
  public func run(
    output: MediaTarget, style: LiveStyle, encoding: EncodingOptions = EncodingOptions(isLowDelay: true),
    options: LiveStylization.Options = LiveStylization.Options(),
    shouldStop: @escaping @Sendable () -> Bool = { false },
    observe: @escaping @Sendable (LiveStatistics) -> Void = { _ in }
  ) throws -> Result {
    var target = output
    let file = output.isSingleFile ? try AtomicFile(path: output.path) : nil
    if let file { target.path = file.temporaryPath }
    let grace = StopGrace(shouldStop)
    let writer = try VideoWriter(target, like: input, options: encoding, interrupt: { grace.isOver })
    let stylization = LiveStylization(source: input, style: style, sink: writer, options: options)
    try stylization.run(shouldStop: shouldStop, observe: observe)
    let statistics = stylization.statistics
    guard statistics.framesOut > 0 else {
      if let failure = input.failure { throw failure }
      throw StoppedError(file: output.displayName)
    }
    try file?.commit()
    let size = description.displaySize
    return Result(
      statistics: statistics, width: size.width, height: size.height, warnings: writer.warnings + input.warnings,
      failure: input.failure)
  }
}
