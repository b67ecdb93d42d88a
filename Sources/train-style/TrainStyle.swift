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
    abstract: "Fits a small feed-forward network to one painting.",
    discussion: """
      Writes the model, its card and a picture: models/starry.safetensors, .json, .md and .jpg for starry.png. While it runs, \
      previews, a log of losses and checkpoints go to models/starry.training. Ctrl-C stops with a checkpoint, from which \
      --resume goes on.
      """,
    version: Program.version)

  private static let defaults = TrainingSettings()

  @Argument(help: "The painting: any picture that FFmpeg's libraries read.")
  var painting: String

  @Option(help: "The folder of photos to learn from, searched recursively. (default: the set that 'make setup' brings)")
  var content: String?

  @Option(help: "The model file to write. (default: models/PAINTING.safetensors)")
  var output: String?

  @Option(help: "Photos to leave out: a text file with one name on each line, relative to the folder of photos.")
  var excludeList: String?

  @Option(
    help: ArgumentHelp(
      "The network: \(NetworkDefinition.names.joined(separator: ", ")), or a description.",
      discussion: """
        realtime paints video as it plays; quality takes longer, with more channels on a finer canvas. Both paint on a canvas of a fixed \
        number of lines, so that strokes are as large in every film, and bring edges back at the film's size. johnson is the network of \
        the field's papers, half and quarter are the same with fewer channels: references, at the film's own size. \
        Descriptions begin with \(CandidateNetwork.presetNames.joined(separator: ", ")) and may go on with choices, such as \
        dense:channels=8-16-32,blocks=4,canvas=256.
        """))
  var network = defaults.network

  @Option(help: "Multiplies the channels of every layer.", transform: ArgumentValues.number(in: 0.125...4))
  var width = defaults.width

  @Option(help: "How much time to spend: \(TrainingQuality.allCases.map(\.rawValue).joined(separator: ", ")).")
  var quality = TrainingQuality.good

  @Option(
    help: "Optimizer steps. (default: as --quality says)", transform: ArgumentValues.integer(in: 1...10_000_000))
  var iterations: Int?

  @Option(
    help: """
      The model to start from: one of the network, or of the same at a half, a third ... of its width, as half is to johnson. \
      (default: the network's base model, models/base/NETWORK.safetensors, if there is one)
      """)
  var base: String?

  @Flag(help: "Keep the base's draft and train the revision alone, in a fifth of the steps.")
  var keepDraft = false

  @Option(
    help: """
      A model of the same painting, such as one of a larger network, whose pictures are learned in the first quarter of the steps: a good \
      start for a network that has no base.
      """)
  var teacher: String?

  @Flag(help: "Start from random values and not from a base model.")
  var fromScratch = false

  @Option(
    help: "Photos in one step. (default: 1 for a network on a canvas, else 4)",
    transform: ArgumentValues.integer(in: 1...64))
  var batchSize: Int?

  @Option(
    help: "The side of the square crops in pixels. (default: the canvas' lines, else 128)",
    transform: ArgumentValues.integer(in: 32...1024))
  var imageSize: Int?

  @Option(
    help: """
      The painting's short side in pixels, in place of --stroke-size; 0 leaves it as it is, or at 4 million pixels. A larger \
      painting has larger strokes. (default: as --stroke-size says)
      """,
    transform: ArgumentValues.integer(in: 0...2048))
  var styleSize: Int?

  @Option(
    help: ArgumentHelp(
      "How large the strokes are: \(StrokeSize.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion: """
        The painting is used at 180, 256 or 360 lines; at more where its strokes are too fine to be seen there, and never enlarged where \
        they are a third of it.
        """))
  var strokeSize: StrokeSize?

  @Option(
    help: """
      What to cut off the painting's sides, such as a frame or a signature: LEFT,TOP,RIGHT,BOTTOM in percent of its width and height, such as 0,2.5,4,0. (default: \
      nothing)
      """,
    transform: { try StyleCrop($0) })
  var styleCrop: StyleCrop?

  @Option(
    help: ArgumentHelp(
      "What to minimise: \(Objective.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion:
        "balanced asks for the painting's large shapes, light and dark as well; johnson is the objective of the field's papers."
    ))
  var objective = defaults.weights.objective

  @Option(
    help: "The weight of the content loss. (default: 6, or 1 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var contentWeight: Double?

  @Option(
    help: "The weight of the style loss. (default: chosen by the painting, about 1, or 5 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var styleWeight: Double?

  @Option(
    help: "The weight of the total variation. (default: 0, or 1e-6 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var tvWeight: Double?

  @Option(
    help: """
      The weight of steadiness from frame to frame. (default: 0 for \(NetworkDefinition.references.joined(separator: ", ")); for \
      other networks \(TrainingSettings.steadyWeightBalanced), less where there are fewer than 1000 iterations; with the objective johnson \
      as many as there are iterations, at most \(TrainingSettings.steadyWeight))
      """,
    transform: ArgumentValues.number(positive: false))
  var temporalWeight: Double?

  @Option(
    help: "Adam's learning rate at the start; Muon's is three times that.",
    transform: ArgumentValues.number(positive: true))
  var learningRate = defaults.learningRate

  @Option(help: "Decides initial values, crops and order: the same seed gives the same model.")
  var seed: UInt64 = defaults.seed

  @Option(
    help: "Threads that compute. (default: one for each processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Option(help: "Steps between two previews.", transform: ArgumentValues.integer(in: 1...1_000_000))
  var previewInterval = 250

  @Option(help: "Steps between two checkpoints.", transform: ArgumentValues.integer(in: 1...1_000_000))
  var checkpointInterval = 100

  @Flag(help: "Go on from the checkpoint of an interrupted run; all settings must be the same.")
  var resume = false

  @Flag(help: "Print one JSON object with the result on standard output.")
  var json = false

  @OptionGroup
  var progressOptions: ProgressOptions

  func validate() throws {
    if styleSize != nil && strokeSize != nil {
      throw ValidationError("--style-size and --stroke-size exclude each other")
    }
    if keepDraft && fromScratch { throw ValidationError("--keep-draft and --from-scratch exclude each other") }
    if base != nil && fromScratch { throw ValidationError("--base and --from-scratch exclude each other") }
  }

  func run() throws {
    let interrupt = InterruptFlag.install()
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
      progress.update(
        completed: step.iteration, detail: Self.text(losses), losses: LossSummary(losses).byName)
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
        ConsoleOutput.standardError.printLine("Wrote \(run.files.model) and its card, \(run.files.cardText)")
      }
      if json {
        try JSONLine.print(
          Report(
            model: run.files.model, card: run.files.card, cardText: run.files.cardText, picture: run.files.picture,
            iterations: run.iteration,
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

  private static func text(_ losses: LossParts) -> String {
    func short(_ value: Double) -> String { String(format: "%.4g", value) }
    return "loss \(short(losses.total)) = content \(short(losses.content)) + style \(short(losses.style)) + tv "
      + short(losses.totalVariation)
  }

  /// What `--json` prints.
  private struct Report: Encodable {
    var model: String
    var card: String
    var cardText: String
    var picture: String
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
