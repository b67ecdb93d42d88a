import ArgumentParser
import Console
import Foundation
import Imaging
import Logging
import Networks
import Threading
import Training

/// Measures a style on photos by the training objective.
struct EvaluateStyle: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate-style",
    abstract:
      "Measures how well a style meets its training objective, or how similar its pictures are to the painting.",
    discussion: """
      Scales the short side of each photo to --size pixels and crops the central square. The network's output is clamped to \
      0...255 before the losses are computed. The reported losses include their weights.

      With --likeness, paints whole photos or frames of a video at the sizes given by --lines, and compares them with the \
      painting at 256 and 128 lines: 0 means no more similar than the unpainted frame, 100 means the same statistics as the \
      painting. Content is the preserved share of the frame's content, from 0 to 1. Contrast, chroma and grain are relative \
      to the painting.

      --report compares several styles: evaluate-style --report page.html --content photos starry wave scream.

      --card records the results in a style's card, such as models/starry.json, and writes models/starry.md from it. With \
      --card alone, measures nothing and only writes models/starry.md.
      """,
    version: Program.version)

  @Option(
    help: """
      The style: a name from the models folder or a model file. (default: the style of --card, otherwise \
      \(Installation.defaultStyle))
      """)
  var style: String?

  @Argument(help: ArgumentHelp("With --report: the styles to compare. (default: --style)", valueName: "style"))
  var styles: [String] = []

  @Option(
    help: ArgumentHelp(
      "Compare styles on a few photos or frames of --content in a page for any browser: painted pictures, how steady they "
        + "are, and the likeness in the styles' cards.", valueName: "file.html"))
  var report: String?

  @Option(help: "The painting that the style was trained on.")
  var styleImage: String?

  @Option(help: "The folder of photos, searched recursively. With --likeness, also a picture or a video.")
  var content: String?

  @Option(help: "A text file that lists the photos to measure, one per line, relative to --content.")
  var photoList: String?

  @Flag(help: "Measure the similarity of painted frames to the painting instead of the training objective.")
  var likeness = false

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "With --likeness or --slow: the short sides in pixels at which to paint, such as 360 720 1080. (default: 720)",
      valueName: "N"),
    transform: ArgumentValues.integer(in: 16...4320))
  var lines = [720]

  @Option(
    help: "With --likeness: the number of frames to take from a video.",
    transform: ArgumentValues.integer(in: 1...10_000))
  var frames = 8

  @Option(help: "With --likeness or --slow: the folder in which to save the painted pictures.")
  var save: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "With --likeness: measure these pictures, which another program has painted from the picture --content.",
      valueName: "file"))
  var painted: [String] = []

  @Flag(
    help: """
      Also measure temporal stability: the warping error of sequences that pan over, zoom into and rotate each photo, and \
      the standard deviation of a pixel in a noisy still, in levels of 255.
      """)
  var temporal = false

  @Flag(help: "With --temporal: remove noise before painting, as stylize-video --denoise does.")
  var denoise = false

  @Option(
    help: ArgumentHelp(
      "The style's card in which to write the mean results, replacing earlier ones.",
      valueName: "NAME.json"))
  var card: String?

  @Option(help: "The size of the compared squares in pixels.", transform: ArgumentValues.integer(in: 32...2048))
  var size = 256

  @Option(
    help: "The length of the painting's short side in pixels; 0 keeps its size. (default: as in training)",
    transform: ArgumentValues.integer(in: 0...2048))
  var styleSize: Int?

  @Option(
    help: """
      The margins to crop from the painting: LEFT,TOP,RIGHT,BOTTOM in percent of its width and height. (default: as in \
      training)
      """,
    transform: { try StyleCrop($0) })
  var styleCrop: StyleCrop?

  @Option(
    help: "Also optimise the pixels of each photo with N steps of L-BFGS, as a slow reference for networks.",
    transform: ArgumentValues.integer(in: 1...100_000))
  var optimize: Int?

  @Option(
    help: """
      Compare the network with N steps of the slow method on whole photos at the sizes given by --lines: after how many \
      steps, and how many times the network's time, it reaches the network's objective and likeness.
      """,
    transform: ArgumentValues.integer(in: 1...100_000))
  var slow: Int?

  @Option(
    help: """
      The training objective: \(Objective.allCases.map(\.rawValue).joined(separator: ", ")). (default: as in training)
      """)
  var objective: Objective?

  @Option(
    help: "The weight of the content loss. (default: as in training)",
    transform: ArgumentValues.number(positive: false))
  var contentWeight: Double?

  @Option(
    help: "The weight of the style loss. (default: as in training)",
    transform: ArgumentValues.number(positive: false))
  var styleWeight: Double?

  @Option(
    help: "The weight of the total variation. (default: as in training)",
    transform: ArgumentValues.number(positive: false))
  var tvWeight: Double?

  @Option(
    help: "The number of compute threads. (default: one per processor)", transform: ArgumentValues.integer(in: 1...256))
  var threads: Int?

  @Flag(help: "Print one JSON object on standard output instead of a table.")
  var json = false

  @OptionGroup
  var progressOptions: ProgressOptions

  /// What is to be measured: the painting's file, and that of the photos.
  var inputs: (styleImage: String, content: String) {
    get throws {
      guard let styleImage else { throw ValidationError("missing --style-image, the painting") }
      guard let content else { throw ValidationError("missing --content, the photos") }
      return (styleImage, content)
    }
  }

  /// Whether only the card for people is to be written.
  private var onlyWritesCard: Bool {
    card != nil && styleImage == nil && content == nil && !likeness && !temporal && optimize == nil
  }

  func validate() throws {
    if report != nil {
      if likeness || temporal || optimize != nil || slow != nil || card != nil || json {
        throw ValidationError(
          "--report cannot be combined with --likeness, --temporal, --optimize, --slow, --card or --json")
      }
      if content == nil { throw ValidationError("missing --content, the photos") }
    } else if !styles.isEmpty {
      throw ValidationError("several styles need --report; --style names one")
    }
    if report == nil, !onlyWritesCard { _ = try inputs }
    guard !lines.isEmpty else { throw ValidationError("--lines needs at least one size, such as 720") }
    if likeness && temporal { throw ValidationError("--likeness and --temporal cannot be combined") }
    if slow != nil, likeness || temporal || optimize != nil || card != nil {
      throw ValidationError("--slow cannot be combined with --likeness, --temporal, --optimize or --card")
    }
    if !likeness && (save != nil && slow == nil || !painted.isEmpty) {
      throw ValidationError("--save and --painted require --likeness")
    }
    if !painted.isEmpty && (save != nil || card != nil || optimize != nil) {
      throw ValidationError(
        "--painted cannot be combined with --save, --card or --optimize")
    }
    guard denoise else { return }
    if !temporal { throw ValidationError("--denoise requires --temporal") }
    if card != nil { throw ValidationError("--card and --denoise cannot be combined") }
  }

  func run() throws {
    let notedCard = try card.map { try NotedCard(path: $0) }
    if onlyWritesCard, let notedCard { return try notedCard.write() }
    if let report, let content { return try compareStyles(report, content: content) }
    let (styleImage, content) = try inputs
    try InputPath.checkFile(styleImage)
    if let slow { return try compareWithSlowMethod(styleImage: styleImage, content: content, steps: slow) }
    if likeness { return try measureLikeness(styleImage: styleImage, content: content, card: notedCard) }
    let installation = Installation()
    try InputPath.checkDirectory(content)
    let model = try StyleModel.load(path: styleFile(installation))
    let multiple = model.definition.sizeMultiple
    guard size % multiple == 0 else {
      throw ValidationError("--size \(size) is not a multiple of \(multiple), which this network needs")
    }
    let weights = objectiveWeights(of: model)
    let styleSize = styleSize ?? model.trainedStyleSize ?? TrainingSettings().styleSize
    let styleCrop = styleCrop ?? model.trainedStyleCrop
    let pool = ComputePool(threads: threads)
    let painting = try StyleImage(path: styleImage, crop: styleCrop, pool: pool)
    let evaluator = try StyleEvaluator(
      extractor: VGG16(path: installation.vggWeights()), style: painting.picture, styleSize: styleSize,
      weights: weights, pool: pool)
    let folder = try PhotoFolder(path: content, included: photoList.map { try PhotoList(path: $0) })
    let temporalEvaluator = TemporalEvaluator(size: size, denoises: denoise, pool: pool) {
      evaluator.output(of: model, photo: $0)
    }

    let interrupt = InterruptFlag.install()
    let progress = ProgressReporter(
      title: "Evaluating", total: folder.files.count, units: .init(steps: "photos", rate: "photos/s"),
      mode: progressOptions.mode)
    var photos: [Report.Photo] = []
    var parts: [LossParts] = []
    var optimized: [LossParts] = []
    var reports: [TemporalReport] = []
    var unreadable = 0
    for (index, file) in folder.files.enumerated() {
      guard !interrupt.isRaised else { throw ExitCode(interrupt.exitCode ?? 1) }
      if let photo = try? PictureFile.read(file).flattened() {
        let crop = StyleEvaluator.crop(photo, size: size).tensor()
        let losses = evaluator.losses(of: model, photo: crop)
        parts.append(losses)
        photos.append(Report.Photo(file: folder.name(of: file), losses: losses))
        if temporal { reports.append(temporalEvaluator.report(photo: photo, seed: UInt64(index + 1))) }
        if let optimize {
          let picture = try evaluator.optimized(photo: crop, iterations: optimize)
          optimized.append(evaluator.losses(output: picture, photo: crop))
        }
      } else {
        unreadable += 1
      }
      progress.update(completed: index + 1)
    }
    progress.finish()
    guard !parts.isEmpty else { throw TrainingError.unreadablePhotos(folder: content, count: unreadable) }
    if unreadable > 0 {
      Logger(label: "evaluate-style").warning("\(unreadable) photos could not be read and were skipped")
    }
    let mean = LossSummary(.mean(parts))
    let yardstick = optimized.isEmpty ? nil : LossSummary(.mean(optimized))
    let temporalMean = reports.isEmpty ? nil : TemporalReport.mean(reports)
    if var notedCard {
      notedCard.content.evaluation = StyleCard.Evaluation(
        photos: sample(count: parts.count), size: size, styleSize: styleSize, styleCrop: styleCrop, objective: weights,
        losses: .mean(parts), temporalStability: temporalMean)
      try notedCard.write()
    }
    if json {
      try JSONLine.print(
        Report(
          style: model.style, network: model.definition.title, size: size, skipped: unreadable, mean: mean,
          optimized: yardstick, temporal: temporalMean, photos: photos))
    } else {
      try StandardOutput.write(Self.table(photos, mean, yardstick) + (temporalMean.map(Self.table) ?? ""))
    }
  }

  /// The weights that the options name; those of the style's training, or the usual ones of another objective.
  func objectiveWeights(of model: StyleModel) -> LossWeights {
    let trained = model.trainedWeights
    var weights = objective.map { $0 == trained.objective ? trained : LossWeights(objective: $0) } ?? trained
    weights.content = contentWeight ?? weights.content
    weights.style = styleWeight ?? weights.style
    weights.totalVariation = tvWeight ?? weights.totalVariation
    return weights
  }

  /// The model file: the one asked for, or that of the card.
  func styleFile(_ installation: Installation) throws -> String {
    if style == nil, let card { return StyleFiles(card: card).model }
    return try installation.styleFile(style ?? Installation.defaultStyle)
  }

  /// As many photos, and the list that picked them.
  func sample(count: Int) -> StyleCard.Sample {
    StyleCard.Sample(count: count, list: photoList.map { ($0 as NSString).lastPathComponent })
  }
}

extension Objective: ExpressibleByArgument {}
