import ArgumentParser
import Console
import FFmpeg
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
      Input and output are files, patterns of image files such as frames/%05d.png, URLs (udp, srt, rtmp, rtsp, http, https), \
      playlists of HLS, or '-' for standard input and output. Cameras and screens are inputs too: /dev/video0, or \
      --input-format x11grab :0.0.

      The output has the input's frames at the input's times and size; sound, subtitles and chapters are copied. A file appears \
      under its name when it is whole. Ctrl-C finishes it with the frames that are done; a second one ends at once.

      With --live, which is usual for URLs and devices, the newest frame is painted and late ones are dropped, and \
      commands are read from standard input, one a line: 'style NAME', 'mix NAME SHARE NAME SHARE', \
      'strokes small|medium|large|LINES', 'strength 0.7', 'colors on|off', 'fade SECONDS', 'quit'.
      """,
    version: Program.version)

  @OptionGroup
  var painting: PaintingOptions

  @OptionGroup
  var progressOptions: ProgressOptions

  @Argument(help: "The video to read.")
  var input: String

  @Argument(help: "The video to write; the extension tells the container: .mp4, .mkv, .mov, .webm, .m3u8 ...")
  var output: String

  @Option(
    help: ArgumentHelp(
      "The size at which the network paints; the output keeps the video's. (default: the video's)", valueName: "WxH"),
    transform: FrameSize.parse)
  var size: FrameSize?

  @OptionGroup
  var strokes: StrokeOptions

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
    help: ArgumentHelp(
      "How many frames are painted at a time, each by its share of the threads: more of them is faster and takes more memory; "
        + "auto is one for each thread where the memory allows.", valueName: "N"),
    transform: ParallelFrames.parse)
  var parallelFrames = ParallelFrames.auto

  @OptionGroup
  var denoising: DenoisingOptions

  @OptionGroup(title: "Formats")
  var formats: FormatOptions

  @OptionGroup(title: "Live")
  var liveOptions: LiveOptions

  func validate() throws {
    if painting.json, output == "-" { throw ValidationError("with --json the video cannot go to standard output too") }
  }

  func run() throws {
    let source = try formats.source(input)
    if source.kind == .file { try InputPath.checkFile(input) }
    var target = try formats.target(output)
    if target.isSingleFile {
      target.path = try OutputPath.resolve(output, inputs: source.kind == .file ? [input] : [])
    }
    let model = try StyleModel.load(path: Installation().styleFile(painting.style))
    let canvasLines = try model.definition.canvasLines(chosen: strokes.strokeSize, style: painting.style)
    let interrupt = InterruptFlag.install()
    do {
      if liveOptions.isLive(source) {
        try runLive(source, target, PreparedModel(model), interrupt)
      } else {
        try runFile(source, target, model, canvasLines: canvasLines, interrupt)
      }
    } catch let error where interrupt.isRaised && !(error is ExitCode) {
      ConsoleOutput.standardError.printLine(
        "stylize-video: stopped by \(interrupt.signalName ?? "a signal"): \(error)")
      throw ExitCode(interrupt.exitCode ?? 1)
    }
  }

  var threadCount: Int { painting.threads ?? ComputePool.availableProcessors }
  var blend: FrameBlend {
    FrameBlend(strength: painting.strength, preservesColors: painting.preserveColors)
  }
  var chosenStrokes: Strokes { strokes.strokeSize ?? .medium }
  func denoises(_ source: MediaSource) -> Bool { denoising.denoises(isCamera: source.kind == .device) }
  var workSize: (width: Int, height: Int)? { size.map { ($0.width, $0.height) } }

  /// Paints every frame, as fast as it goes.
  private func runFile(
    _ source: MediaSource, _ target: MediaTarget, _ model: StyleModel, canvasLines: Int?, _ interrupt: InterruptFlag
  ) throws {
    let job = try VideoStylization(
      input: source,
      options: VideoStylization.Options(
        workSize: workSize, denoises: denoises(source), blend: blend,
        encoding: EncodingOptions(codec: codec, crf: crf, threads: threadCount), decoderThreads: threadCount),
      interrupt: { interrupt.isRaised })
    let canvas = model.definition.canvasExtents(
      for: chosenStrokes, height: job.workSize.height, width: job.workSize.width
    ).map { "\($0.width)x\($0.height)" }
    let progress = ProgressReporter(
      title: canvas.map { "Stylizing on a canvas of \($0)" } ?? "Stylizing", total: job.description.expectedFrameCount,
      mode: progressOptions.mode)
    let result = try job.run(
      output: target,
      makeStylizers: {
        try parallelFrames.parallelism.makeStylizers(
          model: PreparedModel(model), width: $0, height: $1, threads: threadCount, canvasLines: canvasLines)
      },
      shouldStop: { interrupt.isRaised }, progress: { progress.update(completed: $0) })
    progress.finish()
    warn(result.warnings)
    if painting.json {
      try JSONLine.print(
        VideoReport(result, style: model.style, network: model.definition.title, canvas: canvas))
    }
    if result.summary.wasStopped { try endByInterrupt(interrupt, frames: result.summary.frames) }
  }

  func warn(_ warnings: [String]) {
    let logger = Logger(label: "stylize-video")
    for warning in warnings { logger.warning("\(warning)") }
  }

  func endByInterrupt(_ interrupt: InterruptFlag, frames: Int) throws {
    guard let signal = interrupt.signalName else { return }
    let name = output == "-" ? "standard output" : output
    ConsoleOutput.standardError.printLine(
      "stylize-video: stopped by \(signal): \(name) holds the first \(frames) \(frames == 1 ? "frame" : "frames")")
    throw ExitCode(interrupt.exitCode ?? 1)
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
