import ArgumentParser
import Console
import Foundation
import Imaging
import Logging
import Threading
import Training

/// Paints one picture by changing its pixels.
struct OptimizeImage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optimize-image",
    abstract:
      "Paints one picture by changing its pixels until it has the style of a painting: slowly, without a network.",
    usage: """
      optimize-image PHOTO PAINTING ... OUTPUT [options]
      optimize-image --texture PAINTING ... OUTPUT [options]
      """,
    discussion: """
      The method of Gatys et al. on the objectives of train-style, from coarse to fine: first on a canvas of 128 lines, then \
      on one twice as large, and so on up to --size. Any painting will do, nothing is trained. It takes minutes where \
      stylize-image takes a moment.

      Several paintings share the picture, or each paints where its mask is white. Ctrl-C writes the best picture so far and \
      a checkpoint, OUTPUT.checkpoint; --resume continues from it.
      """,
    version: Program.version)

  private static let defaults = OptimizationSettings()

  @Argument(help: "The photo, one or more paintings, and the picture to write. With --texture there is no photo.")
  var files: [String]

  @Option(
    help: "The short side of the result in pixels.", transform: ArgumentValues.integer(in: OptimizationSettings.sizes))
  var size = defaults.size

  @Option(
    help: "The short side of the first canvas in pixels; that of --size paints at one size. (default: 128, or --size)",
    transform: ArgumentValues.integer(in: OptimizationSettings.sizes))
  var startSize: Int?

  @Option(help: "The number of steps on each canvas.", transform: ArgumentValues.integer(in: 1...100_000))
  var iterations = defaults.iterations

  @Option(
    help: """
      The objective: \(Objective.allCases.map(\.rawValue).joined(separator: ", ")). See train-style --help.
      """)
  var objective = Objective.balanced

  @Option(
    help: "The weight of the content loss; 0 paints a texture. (default: 6; 1 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var contentWeight: Double?

  @Option(
    help: "The weight of the style loss; 0 paints the photo's content alone. (default: 1; 5 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var styleWeight: Double?

  @Option(
    help: "The weight of the total variation. (default: 0; 1e-6 for johnson)",
    transform: ArgumentValues.number(positive: false))
  var tvWeight: Double?

  @Flag(help: "Paint a texture: the style alone, without a photo.")
  var texture = false

  @Option(
    help: """
      The picture at the start: \(OptimizationSettings.Start.allCases.map(\.rawValue).joined(separator: ", ")). (default: \
      photo; noise with --texture)
      """)
  var initial: OptimizationSettings.Start?

  @Flag(help: "Keep the photo's colours and paint only the brightness.")
  var preserveColors = false

  @Option(
    help: """
      The short side of the painting, relative to that of the canvas. More gives larger strokes. The painting is never \
      enlarged.
      """,
    transform: ArgumentValues.number(in: 0.1...10))
  var styleScale = defaults.styleScale

  @Option(
    help: """
      The margins to crop from each painting: LEFT,TOP,RIGHT,BOTTOM in percent of its width and height, such as 0,2.5,4,0. \
      (default: none)
      """,
    transform: { try StyleCrop($0) })
  var styleCrop: StyleCrop?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The shares of paintings that paint the same place. (default: equal)", valueName: "share"),
    transform: ArgumentValues.number(positive: true))
  var shares: [Double] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      """
      For each painting a picture that is white where it paints, or none. Paintings without one paint what the masks leave.
      """, valueName: "file|none"))
  var photoMasks: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "For each painting a picture that is white where its style is taken from, or none.", valueName: "file|none"))
  var paintingMasks: [String] = []

  @Option(
    help: "What changes the pixels: \(OptimizationSettings.Optimizer.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var optimizer = defaults.optimizer

  @Option(
    help: "The number of steps that L-BFGS remembers, or fewer if the memory holds fewer.",
    transform: ArgumentValues.integer(in: 1...100))
  var history = defaults.history

  @Option(
    help: "The initial learning rate of Adam, in levels of 255.", transform: ArgumentValues.number(positive: true))
  var learningRate = defaults.learningRate

  @Option(
    help: "The maximum side of a tile in pixels. Smaller ones need less memory and more time.",
    transform: ArgumentValues.integer(in: 256...4096))
  var tileSize = defaults.tileSide

  @Option(help: "The seed of the noise. The same seed gives the same picture.")
  var seed: UInt64 = defaults.seed

  @Option(
    help: "The number of compute threads. (default: one per processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Option(help: "The folder in which to save pictures of the run, as LINES-STEPS.png.")
  var previews: String?

  @Option(help: "The number of steps between previews.", transform: ArgumentValues.integer(in: 1...1_000_000))
  var previewInterval = 25

  @Option(help: "The number of steps between checkpoints.", transform: ArgumentValues.integer(in: 1...1_000_000))
  var checkpointInterval = 100

  @Flag(help: "Continue from the checkpoint of an interrupted run. All settings and pictures must be the same.")
  var resume = false

  @Flag(help: "Print the result as one JSON object on standard output.")
  var json = false

  @OptionGroup
  var progressOptions: ProgressOptions

  /// The photo, the paintings and the output of ``files``.
  var roles: (photo: String?, paintings: [String], output: String) {
    get throws {
      let first = texture ? 0 : 1
      guard files.count >= first + 2, let output = files.last else {
        throw ValidationError(
          texture
            ? "expected PAINTING ... OUTPUT with --texture, found \(files.count) files"
            : "expected PHOTO PAINTING ... OUTPUT, found \(files.count) files")
      }
      return (texture ? nil : files[0], Array(files[first..<files.count - 1]), output)
    }
  }

  /// The settings that the options name.
  var settings: OptimizationSettings {
    var settings = OptimizationSettings()
    settings.size = size
    settings.startSize = startSize ?? min(Self.defaults.startSize, size)
    settings.iterations = iterations
    settings.optimizer = optimizer
    settings.history = history
    settings.learningRate = learningRate
    settings.weights = LossWeights(
      objective: objective, content: texture ? 0 : contentWeight, style: styleWeight, totalVariation: tvWeight)
    settings.styleScale = styleScale
    settings.start = initial ?? (texture ? .noise : .photo)
    settings.isTexture = texture
    settings.seed = seed
    settings.preservesColors = preserveColors
    settings.tileSide = tileSize
    return settings
  }

  func validate() throws {
    let paintings = try roles.paintings.count
    for (name, count) in [
      ("--shares", shares.count), ("--photo-masks", photoMasks.count), ("--painting-masks", paintingMasks.count),
    ] where count > 0 && count != paintings {
      throw ValidationError("\(name) has \(count) values for \(paintings) paintings, expected one for each")
    }
    if texture, let contentWeight, contentWeight > 0 {
      throw ValidationError("--texture and --content-weight cannot be combined: there is no photo")
    }
    do { try settings.validate() } catch { throw ValidationError("\(error)") }
  }

  func run() throws {
    let interrupt = InterruptFlag.install()
    let roles = try roles
    let settings = settings
    let masks = (photoMasks + paintingMasks).filter { $0 != "none" }
    let inputs = (roles.photo.map { [$0] } ?? []) + roles.paintings + masks
    for input in inputs { try InputPath.checkFile(input) }
    let target = try OutputPath.resolve(roles.output, inputs: inputs)
    guard let format = PictureFormat(path: roles.output) else { throw PictureError.unknownFormat(path: roles.output) }
    let checkpoint = try OutputPath.resolve(roles.output + ".checkpoint", inputs: inputs)
    if resume { try InputPath.checkFile(checkpoint) }
    if let previews { try FileManager.default.createDirectory(atPath: previews, withIntermediateDirectories: true) }

    let pool = ComputePool(threads: threads)
    let extractor = try VGG16(path: try Installation().vggWeights())
    let sources = try PictureSources(self, pool: pool)
    let log = Logger(label: "optimize-image")
    for note in sources.notes { log.warning("\(note)") }
    let run = try PictureOptimization(
      settings: settings, photo: sources.photo, paintings: sources.paintings.map(\.painting),
      inputs: sources.descriptions, extractor: extractor, pool: pool, resumingFrom: resume ? checkpoint : nil)
    if run.history < settings.history, settings.optimizer == .lbfgs {
      log.warning("the memory holds \(run.history) of the \(settings.history) steps that L-BFGS is to remember")
    }
    let likeness = LikenessOfPaintings(sources, start: run.picture, extractor: extractor, pool: pool)
    let outcome = try paint(run, likeness, checkpoint: checkpoint, interrupt, log)

    let picture = run.picture
    // Before the picture, which may fail to be written: the checkpoint has all of the work.
    if outcome == .interrupted { try run.saveCheckpoint(to: checkpoint) }
    do {
      try write(sources.withAlpha(picture, pool: pool), sources.metadata, as: format, to: target, roles.output, log)
    } catch {
      if outcome == .finished { try? run.saveCheckpoint(to: checkpoint) }
      throw error
    }
    guard outcome == .finished else {
      ConsoleOutput.standardError.printLine(
        "Stopped after \(run.completedIterations) of \(run.totalIterations) steps; \(roles.output) has the best picture "
          + "so far, and --resume goes on from \(checkpoint)")
      throw ExitCode(interrupt.exitCode ?? 1)
    }
    try? FileManager.default.removeItem(atPath: checkpoint)
    let result = likeness.measure(picture)
    if progressOptions.isTalking {
      ConsoleOutput.standardError.printLine("Wrote \(roles.output): \(result.text)")
    }
    if json {
      try JSONLine.print(
        Report(
          output: roles.output, width: picture.width, height: picture.height, seconds: run.seconds,
          peakMemoryMB: PeakMemory.megabytes, history: settings.optimizer == .lbfgs ? run.history : nil,
          canvases: run.canvases, likeness: result.likeness, content: result.content))
    }
  }

  private func paint(
    _ run: PictureOptimization, _ likeness: LikenessOfPaintings, checkpoint: String, _ interrupt: InterruptFlag,
    _ log: Logger
  ) throws -> PictureOptimization.Outcome {
    let progress = ProgressReporter(
      title: "Painting", total: run.totalIterations, completed: run.completedIterations,
      units: .init(steps: "steps", rate: "steps/s"), mode: progressOptions.mode, showsFirstStep: true)
    defer { progress.finish() }
    var measured = ""
    func attempt(_ file: String, _ write: () throws -> Void) {
      do { try write() } catch { log.warning("\(file) could not be written: \(error); painting continues") }
    }
    return try run.run(shouldStop: { interrupt.isRaised }) { step in
      let isDue = step.isLast || step.iteration % previewInterval == 0
      if isDue {
        let picture = run.canvasPicture
        // Measuring costs as much as a few steps on a small canvas.
        if progressOptions.mode != .none { measured = "  " + likeness.measure(picture).text }
        if let previews {
          let name = String(format: "%04d-%04d.png", step.lines, step.iteration)
          attempt("A preview") { try PictureFile.write(picture, to: "\(previews)/\(name)") }
        }
      }
      if step.completed > 0, step.completed % checkpointInterval == 0 {
        attempt("A checkpoint") { try run.saveCheckpoint(to: checkpoint) }
      }
      let summary = LossSummary(step.losses)
      progress.update(
        completed: step.completed, detail: "\(step.lines) lines  \(Self.text(summary))\(measured)",
        losses: summary.byName)
    }
  }

  private func write(
    _ picture: Picture, _ metadata: PictureMetadata, as format: PictureFormat, to target: String, _ output: String,
    _ log: Logger
  ) throws {
    try PictureFile.write(try PictureFile.encode(picture, as: format, metadata, for: output), to: target)
    for loss in format.losses(of: metadata, isOpaque: picture.alpha == nil, background: "white") {
      log.warning("\(output): \(loss)")
    }
  }

  private static func text(_ losses: LossSummary) -> String {
    func short(_ value: Double) -> String { String(format: "%.4g", value) }
    return "loss \(short(losses.total)) = "
      + losses.groups.map { "\($0.name) \(short($0.value))" }.joined(separator: " + ")
  }
}

extension Objective: ExpressibleByArgument {}
extension OptimizationSettings.Optimizer: ExpressibleByArgument {}
extension OptimizationSettings.Start: ExpressibleByArgument {}
