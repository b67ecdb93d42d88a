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
      Writes the model, its card and a picture: models/starry.safetensors, .md and .jpg for starry.png. While it runs, \
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

  @Option(help: "The network: \(NetworkDefinition.names.joined(separator: " or ")).")
  var network = defaults.network

  @Option(help: "Multiplies the channels of every layer.", transform: ArgumentValues.number(in: 0.125...4))
  var width = defaults.width

  @Option(help: "Optimizer steps.", transform: ArgumentValues.integer(in: 1...10_000_000))
  var iterations = defaults.iterations

  @Option(help: "Photos in one step.", transform: ArgumentValues.integer(in: 1...64))
  var batchSize = defaults.batchSize

  @Option(help: "The side of the square crops in pixels.", transform: ArgumentValues.integer(in: 32...1024))
  var imageSize = defaults.imageSize

  @Option(
    help: "The painting's short side in pixels; 0 leaves it as it is. A larger painting has larger strokes.",
    transform: ArgumentValues.integer(in: 0...2048))
  var styleSize = defaults.styleSize

  @Option(help: "The weight of the content loss.", transform: ArgumentValues.number(positive: false))
  var contentWeight = defaults.weights.content

  @Option(help: "The weight of the style loss.", transform: ArgumentValues.number(positive: false))
  var styleWeight = defaults.weights.style

  @Option(help: "The weight of the total variation.", transform: ArgumentValues.number(positive: false))
  var tvWeight = defaults.weights.totalVariation

  @Option(help: "Adam's learning rate at the start.", transform: ArgumentValues.number(positive: true))
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

  @Flag(help: "Show no progress.")
  var quiet = false

  func run() throws {
    let interrupt = InterruptFlag.install()
    let installation = Installation()
    try InputPath.checkFile(painting)
    let contentPath = try content ?? installation.defaultPhotos()
    try InputPath.checkDirectory(contentPath)
    let extractorPath = try installation.vggWeights()
    let settings = TrainingSettings(
      network: network, width: width, iterations: iterations, batchSize: batchSize, imageSize: imageSize,
      styleSize: styleSize,
      weights: LossWeights(content: contentWeight, style: styleWeight, totalVariation: tvWeight),
      learningRate: learningRate, seed: seed)
    try settings.validate()
    let options = TrainingRun.Options(
      stylePath: painting, contentPath: contentPath, outputPath: try outputPath(), extractorPath: extractorPath,
      previewInterval: previewInterval, checkpointInterval: checkpointInterval, resumes: resume,
      threads: threads ?? ComputePool.availableProcessors)

    let run = try TrainingRun(options: options, settings: settings)
    let isTalking = !quiet
    if isTalking {
      ConsoleOutput.standardError.printLine(
        "\(run.photoCounts.found) photos in \(contentPath) (\(run.photoCounts.skipped) other files); "
          + "previews, losses and checkpoints in \(run.workFolder)")
    }
    let progress = ProgressReporter(
      title: "Training", total: iterations, completed: run.iteration,
      units: .init(steps: "iterations", rate: "images/s", perStep: Double(batchSize)), isQuiet: quiet)
    var latest: LossParts?
    let outcome = try run.run(shouldStop: { interrupt.isRaised }) { step, losses in
      latest = losses
      progress.update(completed: step.iteration, detail: Self.text(losses))
    }
    progress.finish()
    let unreadable = run.unreadableFiles.count
    if unreadable > 0 {
      Logger(label: "train-style").warning("\(unreadable) photos could not be read and were skipped")
    }
    switch outcome {
    case .interrupted(let iteration, let checkpoint):
      ConsoleOutput.standardError.printLine(
        "Stopped after \(iteration) of \(iterations) iterations; --resume goes on from \(checkpoint)")
      throw ExitCode(interrupt.exitCode ?? 1)
    case .finished:
      if isTalking { ConsoleOutput.standardError.printLine("Wrote \(options.outputPath) and \(run.cardPath)") }
      if json {
        try JSONLine.print(
          Report(
            model: options.outputPath, card: run.cardPath, picture: run.picturePath, iterations: run.iteration,
            skippedPhotos: unreadable, loss: latest.map(LossSummary.init), peakMemoryMB: PeakMemory.megabytes))
      }
    }
  }

  /// The model's path; its folder is made if it is `models`, the default.
  private func outputPath() throws -> String {
    if let output { return try OutputPath.resolve(output, inputs: [painting]) }
    let name = ((painting as NSString).lastPathComponent as NSString).deletingPathExtension
    try FileManager.default.createDirectory(atPath: "models", withIntermediateDirectories: true)
    return try OutputPath.resolve("models/\(name).safetensors", inputs: [painting])
  }

  private static func text(_ losses: LossParts) -> String {
    func short(_ value: Double) -> String { String(Int(value.rounded())) }
    return "loss \(short(losses.total)) = content \(short(losses.content)) + style \(short(losses.style)) + tv "
      + short(losses.totalVariation)
  }

  /// What `--json` prints.
  private struct Report: Encodable {
    var model: String
    var card: String
    var picture: String
    var iterations: Int
    var skippedPhotos: Int
    var loss: LossSummary?
    var peakMemoryMB: Double
  }
}
