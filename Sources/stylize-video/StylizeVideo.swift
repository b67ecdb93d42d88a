import ArgumentParser
import Console
import FFmpeg
import Foundation
import Inference
import Logging
import Networks
import Streaming
import Threading

/// The command `stylize-video`.
struct StylizeVideo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stylize-video",
    abstract: "Paints a video in the style of a painting.",
    discussion: """
      Input and output are files, image sequences such as frames/%05d.png, URLs (udp, srt, rtmp, rtsp, http, https), HLS \
      playlists, or '-' for standard input and output. The input can also be a camera or a screen: /dev/video0, or \
      --input-format x11grab :0.0. The output can also be a virtual camera of v4l2loopback: /dev/video9.

      The output has the frames, timestamps and size of the input. Audio, subtitles and chapters are copied; \
      audio and subtitles that the container does not support are converted. The output file appears only when it is \
      complete. Ctrl-C completes it with the frames painted so far; a second Ctrl-C exits immediately.

      With --live, the default for URLs and devices, the newest frame is painted and late ones are dropped. Commands are \
      read from standard input, one per line: \(StyleCommand.forms). A --style-script contains the same commands, each \
      preceded by its time.
      """,
    version: Program.version)

  @OptionGroup
  var painting: PaintingOptions

  @OptionGroup
  var progressOptions: ProgressOptions

  @Argument(help: "The video to read.")
  var input: String

  @Argument(help: "The video to write. The extension determines the container: .mp4, .mkv, .mov, .webm, .m3u8 ...")
  var output: String

  @Option(
    help: ArgumentHelp(
      "The size at which to paint. The output keeps the size of the input. (default: the size of the input)",
      valueName: "WxH"),
    transform: FrameSize.parse)
  var size: FrameSize?

  @OptionGroup
  var strokes: StrokeOptions

  @OptionGroup(title: "Masks")
  var masks: MaskOptions

  @Option(
    help: "The encoder, by FFmpeg's name. (default: libx264 if the container supports it)",
    transform: {
      do { return try EncodingOptions.codecName($0) } catch { throw ValidationError("\(error)") }
    })
  var codec: String?

  @Option(
    help: "The constant rate factor. Lower values give better quality and larger files. (default: 20 for libx264)",
    transform: ArgumentValues.number(in: 0...63))
  var crf: Double?

  @Option(
    help: ArgumentHelp(
      "The encoder's preset, from fast to small files, by the encoder's own names, such as ultrafast or medium. (default: "
        + "superfast for libx264)",
      valueName: "preset"))
  var encoderPreset: String?

  @OptionGroup
  var pixels: PixelOptions

  @Option(
    help: ArgumentHelp(
      "The number of frames to paint at a time, each with its share of the threads. Higher values are faster and take more "
        + "memory. auto uses one per thread if memory allows, and with --live a single one, for the lowest latency.",
      valueName: "N"),
    transform: ParallelFrames.parse)
  var parallelFrames = ParallelFrames.auto

  @Flag(help: "Paint and write the fields of interlaced film instead of making progressive frames of them.")
  var keepFields = false

  @OptionGroup(title: "Audio and subtitles")
  var sound: SoundOptions

  @OptionGroup
  var denoising: DenoisingOptions

  @OptionGroup(title: "Parts")
  var partOptions: PartOptions

  @Option(help: ArgumentHelp("A file for statistics of the run, one JSON object per second.", valueName: "file"))
  var stats: String?

  @OptionGroup(title: "Style changes")
  var styles: StyleOptions

  @OptionGroup(title: "Formats")
  var formats: FormatOptions

  @OptionGroup(title: "Live")
  var liveOptions: LiveOptions

  func validate() throws {
    if painting.json, output == "-" { throw ValidationError("--json cannot be combined with the output '-'") }
  }

  /// The styles of a film and their changes.
  struct Cast {
    let models: [StyleModel]
    let mixture: [(style: NamedStyle, share: Double)]
    /// What paints outside the mask; empty for the film itself.
    let outside: [(style: NamedStyle, share: Double)]
    let script: StyleScript?
  }

  func run() throws {
    if partOptions.join { return try joinParts() }
    let part = try partOptions.chosenPart()
    let source = try formats.source(input)
    if source.kind == .file { try InputPath.checkFile(input) }
    var target = try part == nil ? formats.target(output) : formats.container(of: input, in: output)
    let maskFile = try masks.mask.flatMap { try MediaSource($0).kind == .file ? $0 : nil }
    if let maskFile { try InputPath.checkFile(maskFile) }
    if part == nil, target.isSingleFile {
      target.path = try OutputPath.resolve(
        output, inputs: (source.kind == .file ? [input] : []) + (maskFile.map { [$0] } ?? []))
    }
    var files: [String] = []
    let cast = try self.cast { files.append($0) }
    let folder = part == nil ? target.path + ".resume" : output
    let parts = part != nil || partOptions.resume ? try filmParts(source, folder: folder, files: files) : nil
    let interrupt = InterruptFlag.install()
    do {
      if let parts {
        try paint(part, of: parts, target, cast, interrupt)
      } else {
        try paint(source, target, cast, interrupt)
      }
    } catch let error where interrupt.isRaised && !(error is ExitCode) {
      throw stopped(interrupt, error)
    }
  }

  /// Says why the run was stopped, and returns the exit status.
  func stopped(_ interrupt: InterruptFlag, _ error: any Error) -> ExitCode {
    ConsoleOutput.standardError.printLine("stylize-video: stopped by \(interrupt.signalName ?? "a signal"): \(error)")
    return ExitCode(interrupt.exitCode ?? 1)
  }

  /// Loads the styles.
  private func cast(reads: (_ file: String) -> Void) throws -> Cast {
    let loaded = try load(painting.style, reads: reads)
    let outside = try masks.outsideStyle.map { try load($0, reads: reads) } ?? []
    let mixture = loaded.map { (style: $0.style, share: $0.share) }
    let script = try styles.script(mixture, chosenStrokes, reads: reads)
    return Cast(
      models: loaded.map(\.model), mixture: mixture, outside: outside.map { (style: $0.style, share: $0.share) },
      script: script)
  }

  /// Loads the styles of a mixture.
  private func load(
    _ shares: StyleShares, reads: (_ file: String) -> Void
  ) throws -> [(model: StyleModel, style: NamedStyle, share: Double)] {
    try shares.parts.map { part in
      let file = try Installation().styleFile(part.name)
      reads(file)
      let model = try StyleModel.load(path: file)
      let style = NamedStyle(part.name, model: try PreparedModel(model))
      try style.check(strokes.strokeSize)
      return (model: model, style: style, share: part.share)
    }
  }

  var threadCount: Int { painting.threads ?? ComputePool.availableProcessors }
  private var chosenStrokes: Strokes { strokes.strokeSize ?? .medium }

  /// Creates the style as it is at the beginning of the film.
  func style(_ cast: Cast, isLive: Bool) throws -> StyleMixer {
    let mixer = StyleMixer(
      cast.mixture[0].style, parallelism: parallelFrames.parallelism(isLive: isLive), threads: threadCount,
      blend: FrameBlend(strength: painting.strength, preservesColors: painting.preserveColors), strokes: chosenStrokes)
    try mixer.mix(cast.mixture)
    try mixer.setOutside(cast.outside)
    return mixer
  }

  func stylizationOptions(_ script: StyleScript?, isLive: Bool, isCamera: Bool) -> Stylization.Options {
    Stylization.Options(
      frames: isLive ? .newest : .every, workSize: size.map { ($0.width, $0.height) },
      adaptsWorkSize: liveOptions.adapt == .on, denoises: denoising.denoises(isCamera: isCamera),
      mask: MaskSettings(
        file: masks.mask, luma: masks.maskLuma, usesAlpha: masks.maskAlpha, isInverted: masks.invertMask,
        feather: masks.maskFeather), script: script)
  }

  var encodingOptions: EncodingOptions {
    EncodingOptions(
      codec: codec, crf: crf, preset: encoderPreset, pixelFormat: pixels.pixelFormat, background: pixels.background,
      threads: threadCount, keepsFields: keepFields, tracks: sound.options)
  }

  func warn(_ warnings: [String]) {
    let logger = Logger(label: "stylize-video")
    for warning in warnings { logger.warning("\(warning)") }
  }

  private func paint(_ source: MediaSource, _ target: MediaTarget, _ cast: Cast, _ interrupt: InterruptFlag) throws {
    let isLive = liveOptions.isLive(source, to: target)
    let statisticsFile = try stats.map { try StatisticsFile($0) }
    let mixer = try style(cast, isLive: isLive)
    let commands = CommandReader(style: mixer, fade: styles.fade)
    let shouldStop: @Sendable () -> Bool = { interrupt.isRaised || commands.hasQuit }
    // For live sources, use one decoder thread: several would delay frames and compete with painting.
    let frames = try FrameSources.open(
      source, live: isLive ? liveOptions.reading : nil, threads: isLive ? 1 : threadCount, interrupt: shouldStop)
    let video = VideoStylization(pixels.sdr ? try frames.convertedToStandardRange() : frames)
    // A pipe may be standard input under another name.
    if isLive, source.kind != .standardStream, source.kind != .pipe { commands.start() }
    let progress = ProgressReporter(
      title: title(of: cast, for: video.description.displaySize), total: video.description.expectedFrameCount,
      mode: progressOptions.mode)
    let display = isLive ? RunDisplay.newest(LiveStatus(mode: progressOptions.mode)) : .every(progress)
    let result = try video.run(
      output: target, style: mixer,
      options: stylizationOptions(cast.script, isLive: isLive, isCamera: source.kind == .device),
      encoding: encodingOptions, shouldStop: shouldStop,
      observe: { numbers in
        display.show(numbers)
        statisticsFile?.write(numbers)
      },
      progress: { display.show(framesWritten: $0) })
    display.finish(result.statistics)
    try statisticsFile?.finish(result.statistics)
    warn(result.warnings)
    if painting.json {
      try JSONLine.print(VideoReport(result, models: cast.models, style: mixer.settings, mask: masks.report))
    }
    if result.statistics.wasStopped { try endByInterrupt(interrupt, frames: result.statistics.framesWritten) }
    if let failure = result.failure { throw failure }
  }

  /// The beginning of the progress line for frames of `shown`.
  func title(of cast: Cast, for shown: (width: Int, height: Int)) -> String {
    let canvases = cast.mixture.compactMap {
      $0.style.model.canvasExtents(
        for: chosenStrokes, width: size?.width ?? shown.width, height: size?.height ?? shown.height)
    }
    let canvas = canvases.max { $0.height < $1.height }
    return canvas.map { "Stylizing on a canvas of \($0.width)x\($0.height)" } ?? "Stylizing"
  }

  private func endByInterrupt(_ interrupt: InterruptFlag, frames: Int) throws {
    guard let signal = interrupt.signalName else { return }
    let name = output == "-" ? "standard output" : output
    ConsoleOutput.standardError.printLine(
      "stylize-video: stopped by \(signal): \(name) contains the first \(frames) \(frames == 1 ? "frame" : "frames")")
    throw ExitCode(interrupt.exitCode ?? 1)
  }
}

extension ParallelFrames {
  /// The parallelism for a source that is live or not.
  func parallelism(isLive: Bool) -> Parallelism {
    switch self {
    case .auto: isLive ? .latency : .throughput()
    case .count(1): .latency
    case .count(let frames): .throughput(frames: frames)
    }
  }
}
