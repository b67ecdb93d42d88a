import ArgumentParser
import Console
import Foundation
import Inference
import Logging
import Networks
import Streaming
import Threading

/// Repaints a video in a style.
struct StylizeVideo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stylize-video",
    abstract: "Repaints a video in the style of a painting.",
    discussion: """
      The output has the input's frames at the input's times and size; sound, subtitles and chapters are copied. It appears \
      under its name when it is whole. Ctrl-C finishes it with the frames that are done; a second one ends at once.
      """,
    version: Program.version)

  @Argument(help: "The video to read.")
  var input: String

  @Argument(help: "The video to write; the extension tells the container: .mp4, .mkv, .mov, .webm ...")
  var output: String

  @Option(help: "The style: a name from the models folder, or a model file.")
  var style = Installation.defaultStyle

  @Option(
    help: "The share of the repainted picture, from 0 (the source) to 1.", transform: ArgumentValues.number(in: 0...1))
  var strength = 1.0

  @Flag(help: "Keep the source's colours and repaint only the brightness.")
  var preserveColors = false

  @Option(
    help: ArgumentHelp(
      "The size at which the network paints; the output keeps the video's. (default: the video's)", valueName: "WxH"),
    transform: FrameSize.parse)
  var size: FrameSize?

  @Option(
    help: "The encoder, by FFmpeg's name. (default: libx264 where the container takes it)",
    transform: {
      do { return try EncodingOptions.codecName($0) } catch { throw ValidationError("\(error)") }
    })
  var codec: String?

  @Option(
    help: "The constant rate factor: lower is better and larger. (default: 20 for libx264)",
    transform: ArgumentValues.number(in: 0...63))
  var crf: Double?

  @Option(
    help: "Threads that compute. (default: one for each processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "How many frames are painted at a time, each by its share of the threads: more of them is faster and takes more memory; "
        + "auto is one for each thread where the memory allows.", valueName: "N"),
    transform: ParallelFrames.parse)
  var parallelFrames = ParallelFrames.auto

  @Flag(help: "Print one JSON object on standard output at the end.")
  var json = false

  @Flag(help: "Show no progress.")
  var quiet = false

  func run() throws {
    try InputPath.checkFile(input)
    let target = try OutputPath.resolve(output, inputs: [input])
    let model = try StyleModel.load(path: Installation().styleFile(style))
    let threads = threads ?? ComputePool.availableProcessors
    let interrupt = InterruptFlag.install()
    let job = try VideoStylization(
      input: input,
      options: VideoStylization.Options(
        workSize: size.map { ($0.width, $0.height) },
        blend: FrameBlend(strength: strength, preservesColors: preserveColors),
        encoding: EncodingOptions(codec: codec, crf: crf, threads: threads),
        decoderThreads: threads))
    let progress = ProgressReporter(title: "Stylizing", total: job.description.expectedFrameCount, isQuiet: quiet)
    let result = try job.run(
      output: target,
      makeStylizers: {
        try parallelFrames.parallelism.makeStylizers(
          model: PreparedModel(model), width: $0, height: $1, threads: threads)
      },
      shouldStop: { interrupt.isRaised }, progress: { progress.update(completed: $0) })
    progress.finish()

    let logger = Logger(label: "stylize-video")
    for warning in result.warnings { logger.warning("\(warning)") }
    if json {
      try JSONLine.print(Report(result, style: model.style, network: model.definition.name))
    }
    if let signal = interrupt.signalName, result.summary.wasStopped {
      ConsoleOutput.standardError.printLine(
        "stylize-video: stopped by \(signal): \(output) holds the first \(result.summary.frames) \(result.summary.frames == 1 ? "frame" : "frames")"
      )
      throw ExitCode(interrupt.exitCode ?? 1)
    }
  }

  /// What `--json` prints.
  private struct Report: Encodable {
    struct FrameTimes: Encodable {
      var p50: Double
      var p95: Double
    }

    var frames: Int
    var seconds: Double
    var fps: Double
    /// Milliseconds of one stylization.
    var frameMs: FrameTimes
    var peakMemoryMB: Double
    var width: Int
    var height: Int
    var style: String
    var network: String

    init(_ result: VideoStylization.Result, style: String, network: String) {
      let summary = result.summary
      frames = summary.frames
      seconds = summary.seconds.rounded(to: 1000)
      fps = summary.framesPerSecond.rounded(to: 1000)
      frameMs = FrameTimes(
        p50: summary.medianMilliseconds.rounded(to: 1000), p95: summary.percentile95Milliseconds.rounded(to: 1000))
      peakMemoryMB = PeakMemory.megabytes.rounded(to: 10)
      width = result.width
      height = result.height
      self.style = style
      self.network = network
    }
  }
}

/// How many frames are painted at a time.
enum ParallelFrames: CustomStringConvertible {
  case auto
  case count(Int)

  /// Reads `auto` or a number; for `transform:`.
  @Sendable static func parse(_ text: String) throws -> ParallelFrames {
    guard text != "auto" else { return .auto }
    guard let count = Int(text), (1...256).contains(count) else {
      throw ValidationError("expected auto or a whole number from 1 to 256")
    }
    return .count(count)
  }

  var parallelism: Parallelism {
    switch self {
    case .auto: .throughput()
    case .count(1): .latency
    case .count(let frames): .throughput(frames: frames)
    }
  }

  var description: String {
    switch self {
    case .auto: "auto"
    case .count(let frames): "\(frames)"
    }
  }
}

extension Double {
  /// The nearest multiple of `1/fraction`.
  fileprivate func rounded(to fraction: Double) -> Double { (self * fraction).rounded() / fraction }
}
