import ArgumentParser
import Console
import Foundation
import Logging
import Networks
import Threading
import Training

/// Fits a network to one painting.
struct TrainStyle: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-style",
    abstract: "Trains a small feed-forward network to paint in the style of one painting.",
    discussion: """
      Writes the model, its card and a picture: models/painting.safetensors, .json, .md and .jpg for painting.png. During \
      training, previews, a log of the losses and checkpoints are written to models/painting.training. Ctrl-C saves a \
      checkpoint and stops; --resume continues from it.
      """,
    version: Program.version)

  private static let defaults = TrainingSettings()

  @Argument(help: "The painting, in any format that FFmpeg's libraries can read.")
  var painting: String

  @Option(
    help: "The folder of training photos, searched recursively. (default: the photos that 'make setup' downloads)")
  var content: String?

  @Option(help: "The model file to write. (default: models/PAINTING.safetensors)")
  var output: String?

  @Option(help: "A text file that lists photos to exclude, one per line, relative to the folder of photos.")
  var excludeList: String?

  @Option(
    help: ArgumentHelp(
      "The network: \(NetworkDefinition.names.joined(separator: ", ")), or a description.",
      discussion: """
        \(NamedNetwork.all.reversed().map { "\($0.name): \($0.summary)." }.joined(separator: " ")) References paint at full \
        size. The others paint on a canvas with a fixed number of lines, so that strokes have the same size in every video, \
        and then restore edges at full size. A description starts with \
        \(NetworkDescription.presetNames.joined(separator: " or ")), optionally followed by choices, such as \
        dense:channels=8-16-32,blocks=4,canvas=256.
        """))
  var network = defaults.network

  @Option(
    help: "The factor by which to multiply the channels of every layer.",
    transform: ArgumentValues.number(in: 0.125...4))
  var width = defaults.width

  @Option(help: "The length of the training: \(TrainingQuality.allCases.map(\.rawValue).joined(separator: ", ")).")
  var quality = TrainingQuality.good

  @Option(
    help: "The number of training steps. (default: determined by --quality)",
    transform: ArgumentValues.integer(in: 1...10_000_000))
  var iterations: Int?

  @Option(
    help: """
      The model to start from: of the same network, or of the same network at a half, a third ... of its width, as half is \
      to johnson. (default: the network's base model, models/base/NETWORK.safetensors, if there is one)
      """)
  var base: String?

  @Flag(help: "Keep the draft of the base model and train only the revision, in a fifth of the steps.")
  var keepDraft = false

  @Option(
    help: """
      A model of the same painting, such as one with a larger network, to imitate during the first quarter of the steps. \
      Useful for networks without a base model.
      """)
  var teacher: String?

  @Flag(help: "Start from random values instead of a base model.")
  var fromScratch = false

  @Option(
    help: "The number of photos per step. (default: 1 for networks with a canvas, otherwise 4)",
    transform: ArgumentValues.integer(in: 1...64))
  var batchSize: Int?

  @Option(
    help: "The size of the square crops in pixels. (default: the lines of the canvas, otherwise 128)",
    transform: ArgumentValues.integer(in: 32...1024))
  var imageSize: Int?

  @Option(
    help: """
      The length of the painting's short side in pixels; 0 keeps its size, up to 4 million pixels. A larger painting gives \
      larger strokes. Replaces --stroke-size. (default: determined by --stroke-size)
      """,
    transform: ArgumentValues.integer(in: 0...2048))
  var styleSize: Int?

  @Option(
    help: ArgumentHelp(
      "The size of the strokes: \(StrokeSize.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion: """
        Scales the painting to 180, 256 or 360 lines, or to more if its strokes would be too fine to be visible. Uses at most \
        256 lines if a stroke is wider than a third of the painting.
        """))
  var strokeSize: StrokeSize?

  @Option(
    help: """
      The margins to crop from the painting, for example to remove a frame or a signature: LEFT,TOP,RIGHT,BOTTOM in percent \
      of its width and height, such as 0,2.5,4,0. (default: none)
      """,
    transform: { try StyleCrop($0) })
  var styleCrop: StyleCrop?

  @Option(
    help: ArgumentHelp(
      "The training objective: \(Objective.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion:
        """
        balanced also matches the painting's large shapes and its light and dark areas. johnson is the objective of Johnson \
        et al. (2016).
        """
    ))
  var objective = defaults.weights.objective

  @Option(
    help: "The weight of the content loss. (default: 6; 1 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var contentWeight: Double?

  @Option(
    help: "The weight of the style loss. (default: derived from the painting, about 1; 5 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var styleWeight: Double?

  @Option(
    help: "The weight of the total variation. (default: 0; 1e-6 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var tvWeight: Double?

  @Option(
    help: """
      The weight of the loss for temporal stability. (default: 0 for the networks \
      \(NetworkDefinition.references.joined(separator: ", ")); otherwise \
      \(Objective.balanced.maximumTemporalWeight), or less for fewer than 1000 iterations; with the objective \
      johnson, the number of iterations, up to \(Objective.johnson.maximumTemporalWeight))
      """,
    transform: ArgumentValues.number(positive: false))
  var temporalWeight: Double?

  @Option(
    help: "The initial learning rate of Adam. Muon uses three times this rate.",
    transform: ArgumentValues.number(positive: true))
  var learningRate = defaults.learningRate

  @OptionGroup
  var precision: PrecisionOptions

  @Option(help: "The seed of initial values, crops and order. The same seed gives the same model.")
  var seed: UInt64 = defaults.seed

  @Option(
    help: "The number of compute threads. (default: one per processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Option(help: "The number of steps between previews.", transform: ArgumentValues.integer(in: 1...1_000_000))
  var previewInterval = 250

  @Option(help: "The number of steps between checkpoints.", transform: ArgumentValues.integer(in: 1...1_000_000))
  var checkpointInterval = 100

  @Flag(help: "Continue from the checkpoint of an interrupted run. All settings must be the same.")
  var resume = false

  @Flag(help: "Stop as after Ctrl-C when standard input ends. Programs that start trainings use it.")
  var untilInputEnds = false

  @Flag(help: "Print the result as one JSON object on standard output.")
  var json = false

  @OptionGroup
  var progressOptions: ProgressOptions

  func validate() throws {
    if styleSize != nil && strokeSize != nil {
      throw ValidationError("--style-size and --stroke-size cannot be combined")
    }
    if keepDraft && fromScratch { throw ValidationError("--keep-draft and --from-scratch cannot be combined") }
    if base != nil && fromScratch { throw ValidationError("--base and --from-scratch cannot be combined") }
  }

  func run() throws {
    let interrupt = InterruptFlag.install()
    if untilInputEnds { InputWatch.start() }
    let installation = Installation()
    try InputPath.checkFile(painting)
    let contentPath = try content ?? installation.defaultPhotos()
    try InputPath.checkDirectory(contentPath)
    let extractorPath = try installation.vggWeights()
    if let base { try InputPath.checkFile(base) }
    if let teacher { try InputPath.checkFile(teacher) }
    // The network's own base serves its own width: what a wider network learns from it nobody has measured.
    let basePath = fromScratch ? nil : base ?? (width == 1 ? installation.baseModel(network: network) : nil)
    if keepDraft && basePath == nil { throw ValidationError("--keep-draft needs a base; --base names one") }
    let usual = quality.iterations(hasBase: basePath != nil)
    let iterations = iterations ?? (keepDraft ? usual / 5 : usual)
    var settings = TrainingSettings(
      network: network, width: width, iterations: iterations,
      batchSize: batchSize, imageSize: imageSize, styleSize: styleSize ?? Self.defaults.styleSize,
      styleCrop: styleCrop ?? .none,
      weights: LossWeights(
        objective: objective, content: contentWeight, style: styleWeight, totalVariation: tvWeight),
      temporalWeight: temporalWeight
        ?? TrainingSettings.defaultTemporalWeight(network: network, objective: objective, iterations: iterations),
      learningRate: learningRate, seed: seed)
    settings.keepsDraft = keepDraft
    settings.precision = precision.products
    try settings.validate()
    var options = TrainingRun.Options(
      stylePath: painting, contentPath: contentPath, outputPath: try outputPath(), extractorPath: extractorPath,
      previewInterval: previewInterval, checkpointInterval: checkpointInterval, resumes: resume,
      threads: threads ?? ComputePool.availableProcessors)
    options.excludedPhotos = try excludeList.map { try PhotoList(path: $0) }
    options.basePath = basePath
    options.teacherPath = teacher
    options.strokeSize = styleSize == nil ? strokeSize ?? .medium : nil
    options.choosesStyleWeight = styleWeight == nil
    try train(options, settings, contentPath: contentPath, interrupt: interrupt)
  }

  private func train(
    _ options: TrainingRun.Options, _ settings: TrainingSettings, contentPath: String, interrupt: InterruptFlag
  ) throws {
    let run = try TrainingRun(options: options, settings: settings)
    let iterations = run.settings.iterations
    let isTalking = progressOptions.isTalking
    let log = Logger(label: "train-style")
    for note in run.notes { log.warning("\(note)") }
    if isTalking {
      let excluded = run.excludedAndEnlarged.excluded
      ConsoleOutput.standardError.printLine(
        "\(run.photoCounts.found) photos in \(contentPath) (\(run.photoCounts.skipped) other files"
          + "\(excluded > 0 ? ", \(excluded) photos left out" : "")); previews, losses and checkpoints in \(run.files.training.folder)"
      )
      ConsoleOutput.standardError.printLine(
        String(format: "The painting's strokes are %.1f %% of its short side wide", 100 * run.strokeWidth)
          + (run.noise > 0 ? String(format: "; noise of %.1f levels taken out", run.noise) : ""))
      ConsoleOutput.standardError.printLine(
        "Starting from \(options.basePath ?? "random values"); painting at \(run.settings.styleSize) pixels, style weight "
          + "\(run.settings.weights.style)")
    }
    let progress = ProgressReporter(
      title: "Training", total: iterations, completed: run.iteration,
      units: .init(steps: "iterations", rate: "images/s", perStep: Double(run.settings.batchSize)),
      mode: progressOptions.mode, showsFirstStep: true)
    var latest: LossParts?
    let outcome = try run.run(shouldStop: { interrupt.isRaised }, onNotice: { log.warning("\($0)") }) { step, losses in
      latest = losses
      let summary = LossSummary(losses)
      progress.update(completed: step.iteration, detail: Self.text(summary), losses: summary.byName)
    }
    progress.finish()
    let unreadable = run.unreadableFiles.count
    if unreadable > 0 {
      log.warning("\(unreadable) photos could not be read, or are too small to show anything, and were skipped")
    }
    let enlarged = run.excludedAndEnlarged.enlarged
    if enlarged > 0 { log.warning("\(enlarged) photos are smaller than the crops and were enlarged") }
    if let flatAreas = run.flatAreas, flatAreas.isBlotchy {
      let percentage = String(format: "%.1f", 100 * flatAreas.blotches)
      log.warning(
        """
        flat areas such as skies come out blotchy in \(percentage) % of their places; a lower --style-weight or more \
        iterations help
        """)
    }
    switch outcome {
    case .interrupted(let iteration, let checkpoint):
      ConsoleOutput.standardError.printLine(
        "Stopped after \(iteration) of \(iterations) iterations; --resume goes on from \(checkpoint)")
      throw ExitCode(interrupt.exitCode ?? 1)
    case .finished:
      if isTalking {
        ConsoleOutput.standardError.printLine(
          "Wrote \(run.files.model), its card, \(run.files.cardText), and the report on the training, \(run.files.report)"
        )
      }
      if json {
        try JSONLine.print(
          Report(
            model: run.files.model, card: run.files.card, cardText: run.files.cardText, picture: run.files.picture,
            report: run.files.report, iterations: run.iteration,
            skippedPhotos: unreadable, styleSize: run.settings.styleSize, styleNoise: run.noise,
            strokeWidth: run.strokeWidth, styleWeight: run.settings.weights.style,
            blotches: run.flatAreas?.blotches, loss: latest.map(LossSummary.init), peakMemoryMB: PeakMemory.megabytes))
      }
    }
  }

  /// The model's path; its folder is made if it is `models`, the default.
  private func outputPath() throws -> String {
    if let output {
      guard !StyleFiles(model: output).isAmbiguous else {
        throw ValidationError(
          "--output \(output) has the name of the card or the picture, expected one such as style.safetensors")
      }
      return try OutputPath.resolve(output, inputs: [painting])
    }
    let name = ((painting as NSString).lastPathComponent as NSString).deletingPathExtension
    try FileManager.default.createDirectory(atPath: "models", withIntermediateDirectories: true)
    return try OutputPath.resolve(StyleFiles(name: name, folder: "models").model, inputs: [painting])
  }

  private static func text(_ losses: LossSummary) -> String {
    func short(_ value: Double) -> String { String(format: "%.4g", value) }
    let groups = losses.groups.map { "\($0.name) \(short($0.value))" }
    return "loss \(short(losses.total)) = " + groups.joined(separator: " + ")
  }

  /// What `--json` prints.
  private struct Report: Encodable {
    var model: String
    var card: String
    var cardText: String
    var picture: String
    var report: String
    var iterations: Int
    var skippedPhotos: Int
    var styleSize: Int
    var styleNoise: Double
    var strokeWidth: Double
    var styleWeight: Double
    var blotches: Double?
    var loss: LossSummary?
    var peakMemoryMB: Double
  }
}

extension TrainingQuality: ExpressibleByArgument {}
extension Objective: ExpressibleByArgument {}
extension StrokeSize: ExpressibleByArgument {}
