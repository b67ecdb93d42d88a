import ArgumentParser
import Console
import FFmpeg
import Foundation
import Inference
import LiveServer
import Networks
import Streaming
import Threading

/// The command `stylize-live`.
struct StylizeLive: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stylize-live",
    abstract: "Paints videos, streams, screens and cameras live and shows them in a browser.",
    discussion: """
      Sources are files, URLs (udp, srt, rtmp, rtsp, http, https), '-' for standard input, cameras and screens: \
      /dev/video0, or --input-format x11grab :0.0. Files play in a loop. With --browser-camera, the page can also use the \
      camera of the device that displays it. With --game, what follows '--' is a program that runs in a display of its \
      own.

      The program prints the address of the page on standard output. By default, only this machine can connect. Other \
      values of --address require a token. Ctrl-C stops the server.
      """,
    version: Program.version)

  @Argument(help: "The sources. Each becomes a separate stream.")
  var sources: [String] = []

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("With --game, the program and its arguments.", valueName: "program"))
  var afterTerminator: [String] = []

  @Flag(help: "Add a stream for the camera of a browser that displays the page.")
  var browserCamera = false

  @Option(help: "The initial style: a name from the models folder.")
  var style = Installation.defaultStyle

  @Option(
    help: "The share of the painted picture, from 0 (only the source) to 1.",
    transform: ArgumentValues.number(in: 0...1))
  var strength = 1.0

  @Flag(help: "Keep the source's colours and paint only the brightness.")
  var preserveColors = false

  @Option(
    help: ArgumentHelp("The maximum size at which to paint. (default: the size of the source)", valueName: "WxH"),
    transform: FrameSize.parse)
  var size: FrameSize?

  @OptionGroup
  var strokes: StrokeOptions

  @OptionGroup
  var denoising: DenoisingOptions

  @Option(
    help: ArgumentHelp("The duration of a style change. The page can set another.", valueName: "seconds"),
    transform: ArgumentValues.number(in: 0...60))
  var fade = 0.5

  @Option(
    help: "The number of compute threads. (default: one per processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Option(
    help: ArgumentHelp("How long a source that has begun may be silent before it is reopened.", valueName: "seconds"),
    transform: ArgumentValues.number(in: 0.1...86_400))
  var timeout = 10.0

  @Option(
    help: ArgumentHelp(
      "The sources' format, by FFmpeg's name: v4l2, x11grab, mpegts ... (default: detected from the content)",
      valueName: "name"))
  var inputFormat: String?

  @Option(
    help: ArgumentHelp(
      "An option of the sources' protocol, format or device. Can be repeated.", valueName: "key=value"),
    transform: KeyValue.parse)
  var inputOption: [KeyValue] = []

  @OptionGroup(title: "Masks")
  var masks: MaskOptions

  @OptionGroup(title: "Games")
  var game: GameOptions

  @OptionGroup(title: "Server")
  var server: ServerOptions

  func validate() throws {
    if masks.maskAlpha { throw ValidationError("--mask-alpha is only for stylize-image and stylize-video") }
    if game.isUsed {
      if command.isEmpty, !game.useDisplay { throw ValidationError("expected a program after '--'") }
    } else if names.isEmpty, !browserCamera {
      throw ValidationError("expected a source, --browser-camera or --game")
    }
    if names.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input can be used only once") }
  }

  /// The program of the game and its arguments.
  private var command: [String] { game.isUsed ? afterTerminator : [] }
  /// The names of the sources.
  private var names: [String] { game.isUsed ? sources : sources + afterTerminator }

  func run() throws {
    MemoryLimits.useFewHeaps()
    let interrupt = InterruptFlag.install()
    let installation = Installation()
    let catalog = StyleCatalog(folders: installation.modelDirectories)
    let options = try server.serverOptions()
    let first = try catalog.style(style)
    try first.check(strokes.strokeSize)
    if case .file(let name) = mask?.origin, try MediaSource(name).kind == .file { try InputPath.checkFile(name) }
    let reading = LiveReading(timeout: .seconds(timeout))
    if game.controls, options.token == nil { throw LiveServerError.controlsNeedToken }
    let running = try game.isUsed ? RunningGame(command, game, live: reading, warn: Self.warn) : nil
    defer { running?.stop() }
    let pool = ComputePool(threads: threads ?? ComputePool.availableProcessors)
    let turns = FairTurns()
    let blend = FrameBlend(strength: strength, preservesColors: preserveColors)
    func painting(isCamera: Bool) -> Stylization.Options {
      Stylization.Options(
        workSize: size.map { ($0.width, $0.height) }, denoises: denoising.denoises(isCamera: isCamera), mask: mask)
    }
    let outside = try masks.outsideStyle?.parts.map { (style: try catalog.style($0.name), share: $0.share) } ?? []
    func makeStyle() throws -> StyleMixer {
      let member = turns.join()
      let style = StyleMixer(first, pool: pool, blend: blend, strokes: strokes.strokeSize ?? .medium) {
        try member.take($0)
      }
      try style.setOutside(outside)
      return style
    }

    var streams: [PaintedStream] = []
    for (index, name) in names.enumerated() {
      let source = try MediaSource(name, format: inputFormat, options: KeyValue.dictionary(inputOption))
      if source.kind == .file { try InputPath.checkFile(name) }
      streams.append(
        PaintedStream(
          id: "\(index + 1)", title: Self.title(source), sourceName: name, style: try makeStyle(), fade: fade,
          options: painting(isCamera: source.kind == .device),
          end: source.kind == .file || source.kind == .imageSequence ? .loops : .isLost
        ) { interrupt in try FrameSources.open(source, live: reading, interrupt: interrupt) })
    }
    if let running {
      streams.append(
        PaintedStream(
          id: "game", title: running.title, style: try makeStyle(), fade: fade, options: painting(isCamera: false),
          controls: running.controls
        ) { interrupt in try running.open(interrupt: interrupt) })
    }
    var camera: (stream: PaintedStream, frames: PostedFrames)?
    if browserCamera {
      let frames = PostedFrames()
      let stream = PaintedStream(
        id: "camera", title: "The browser's camera", style: try makeStyle(), fade: fade,
        options: painting(isCamera: true), end: .waits
      ) { interrupt in try frames.open(interrupt: interrupt) }
      streams.append(stream)
      camera = (stream, frames)
    }
    let live = try LiveServer(
      options, streams: streams, camera: camera, catalog: catalog, training: training(installation, catalog))
    let port = try live.start()
    let host = options.address.contains(":") ? "[\(options.address)]" : options.address
    try StandardOutput.write("\(options.identity == nil ? "http" : "https")://\(host):\(port)/\n")
    watch(streams, until: interrupt)
    live.stop()
  }

  /// Where streams are painted; nil for everywhere.
  private var mask: MaskSettings? {
    MaskSettings(
      file: masks.mask, luma: masks.maskLuma, usesAlpha: false, isInverted: masks.invertMask,
      feather: masks.maskFeather)
  }

  /// Returns a queue that runs the `train-style` next to this program, or nil if the program is missing or training is
  /// disabled.
  private func training(_ installation: Installation, _ catalog: StyleCatalog) -> TrainingQueue? {
    guard server.training, let folder = Installation.executableDirectory,
      let models = installation.modelDirectories.first
    else { return nil }
    let program = folder + "/train-style"
    guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
    return TrainingQueue(
      TrainingQueue.Options(
        program: program, arguments: ["--quality", server.trainingQuality.rawValue], modelFolder: models,
        memoryLimit: MemoryLimits.training, obstacle: { Self.obstacle(installation) }),
      catalog: catalog)
  }

  /// Returns what training lacks; nil if it lacks nothing.
  private static func obstacle(_ installation: Installation) -> String? {
    guard (try? installation.vggWeights()) != nil else {
      return "the server has no weights of VGG-16; 'make setup' downloads them"
    }
    guard let photos = try? installation.defaultPhotos(),
      FileManager.default.enumerator(atPath: photos)?.nextObject() != nil
    else { return "the server has no training photos; 'make setup' downloads them" }
    return nil
  }

  /// Shows the status of the streams until the program is interrupted.
  private func watch(_ streams: [PaintedStream], until interrupt: InterruptFlag) {
    let output = ConsoleOutput.standardError
    var failures: [String: String] = [:]
    while !interrupt.isRaised {
      usleep(200_000)
      for stream in streams {
        let failure = stream.condition.failure
        if let failure, failures[stream.id] != failure {
          let rest = stream.condition.condition == .failing ? "; retrying" : ""
          output.printLine("stylize-live: \(stream.title): \(failure)\(rest)")
        }
        failures[stream.id] = failure
      }
      guard !server.quiet, output.isTerminal else { continue }
      let parts = streams.map { stream in
        let numbers = stream.statistics
        return String(format: "%@ %.1f fps %.0f ms", stream.title, numbers.fpsOut, numbers.latencyP50Ms)
      }
      output.showStatus(parts.joined(separator: " | "))
    }
    output.clearStatus()
  }

  private static func warn(_ sentence: String) {
    ConsoleOutput.standardError.printLine("stylize-live: warning: \(sentence)")
  }

  /// Returns a title that viewers may see: without paths, and without user name and password of a URL.
  private static func title(_ source: MediaSource) -> String {
    switch source.kind {
    case .file, .pipe, .imageSequence: (source.name as NSString).lastPathComponent
    case .standardStream: "standard input"
    case .network: URLComponents(string: source.name)?.host ?? "a stream"
    case .device: "\(source.format ?? "device") \(source.name)"
    }
  }
}

/// The options of the server.
struct ServerOptions: ParsableArguments {
  @Option(help: "The address to listen on. Addresses other than loopback require a token.")
  var address = "127.0.0.1"

  @Option(help: "The port to listen on; 0 for any free port.", transform: ArgumentValues.integer(in: 0...65_535))
  var port = 8080

  @Option(
    help: ArgumentHelp(
      "The token that clients must present, at least \(LiveServer.minimumTokenLength) bytes. Other users of this machine "
        + "can see it; see --token-file.", valueName: "text"))
  var token: String?

  @Option(help: ArgumentHelp("A file whose first line is the token.", valueName: "file"))
  var tokenFile: String?

  @Option(
    help: ArgumentHelp(
      "An additional host name of this server. Can be repeated.", valueName: "name"))
  var allowHost: [String] = []

  @Option(
    help: ArgumentHelp(
      "A certificate in PEM format, followed by those of its issuers: the server then speaks TLS. Needs --key.",
      valueName: "file"))
  var certificate: String?

  @Option(help: ArgumentHelp("The private key of the certificate in PEM format.", valueName: "file"))
  var key: String?

  @Option(help: "The maximum number of viewers.", transform: ArgumentValues.integer(in: 1...10_000))
  var viewers = 256

  @Flag(inversion: .prefixedNo, help: "Train styles from paintings that are dropped on the page.")
  var training = true

  /// The values of `train-style --quality`.
  enum TrainingQuality: String, CaseIterable, ExpressibleByArgument { case draft, good, best }

  @Option(help: "The quality of trainings. Higher quality takes longer.")
  var trainingQuality = TrainingQuality.good

  @Flag(help: "Do not show a status line.")
  var quiet = false

  func serverOptions() throws -> LiveServer.Options {
    if token != nil, tokenFile != nil { throw ValidationError("--token and --token-file cannot be combined") }
    var token = token
    if let tokenFile {
      try InputPath.checkFile(tokenFile)
      let text = try String(contentsOfFile: tokenFile, encoding: .utf8)
      token = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }
    guard (certificate == nil) == (key == nil) else {
      throw ValidationError("--certificate and --key need each other")
    }
    var identity: ServerIdentity?
    if let certificate, let key {
      try InputPath.checkFile(certificate)
      try InputPath.checkFile(key)
      identity = try ServerIdentity(certificateFile: certificate, keyFile: key)
    }
    return LiveServer.Options(
      address: address, port: port, token: token, hosts: allowHost, maximumViewerCount: viewers, identity: identity)
  }
}
