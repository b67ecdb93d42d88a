import FFmpeg
import Foundation
import Imaging
import Networks
import Tensors
import Threading

/// A training run with everything it leaves on disk: the model, its card and picture, and while it runs, in a folder beside
/// the model, checkpoints, previews and a log of losses. `StyleFiles` names them.
public final class TrainingRun {
  /// Where a run reads and writes, and how often.
  public struct Options: Sendable {
    /// The painting.
    public var stylePath: String
    /// The folder of photos.
    public var contentPath: String
    /// The model file to write; the card and the picture lie beside it.
    public var outputPath: String
    /// The VGG-16 weights.
    public var extractorPath: String
    /// Steps between two previews.
    public var previewInterval: Int
    /// Steps between two checkpoints.
    public var checkpointInterval: Int
    /// Whether to go on from the run's checkpoint.
    public var resumes: Bool
    /// Threads that compute.
    public var threads: Int
    /// Photos that are not trained on.
    public var excludedPhotos: PhotoList?
    /// The model to start from, of the settings' network or of the same with fewer channels; nil starts from random values.
    public var basePath: String?
    /// The model whose pictures the first steps learn; nil where there are no such steps.
    public var teacherPath: String?
    /// The strokes to be painted, which decide the painting's size by the strokes that it has; nil leaves it to the settings.
    public var strokeSize: StrokeSize?
    /// Whether the style weight is chosen by ``StyleChoice`` and not by the settings.
    public var choosesStyleWeight = false

    /// The options as named; the others are set one by one.
    public init(
      stylePath: String, contentPath: String, outputPath: String, extractorPath: String, previewInterval: Int = 250,
      checkpointInterval: Int = 100, resumes: Bool = false, threads: Int = ComputePool.availableProcessors
    ) {
      self.stylePath = stylePath
      self.contentPath = contentPath
      self.outputPath = outputPath
      self.extractorPath = extractorPath
      self.previewInterval = previewInterval
      self.checkpointInterval = checkpointInterval
      self.resumes = resumes
      self.threads = threads
    }
  }

  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    /// All iterations are done and the model is written.
    case finished
    /// It was asked to stop; the checkpoint of `iteration` steps lies at `checkpoint`.
    case interrupted(iteration: Int, checkpoint: String)
  }

  /// The number of recent steps whose mean loss is reported.
  public static let recentSteps = 100
  /// The side of previews and compared photos, whatever that of the crops: a person shall see what is painted. Every network's
  /// `sizeMultiple` divides it.
  private static let pictureSide = 256
  /// Photos in a preview.
  private static let previewPhotos = 3
  /// Photos on which half precision is tried.
  private static let comparedPhotos = 8

  private let options: Options
  private let pool: ComputePool
  private let trainer: StyleTrainer
  private let folder: PhotoFolder
  private let sampler: PhotoSampler
  private let previews: [Picture]
  private let styleChecksum: String
  private var recent: [LossParts] = []

  /// The settings, those chosen by looking at the painting included.
  public let settings: TrainingSettings
  /// The deviation of the noise that was taken out of the painting's scan, in levels of 255.
  public let noise: Double
  /// The usual width of the painting's strokes, as a share of its short side.
  public let strokeWidth: Double
  /// What a person should know before the run, in sentences.
  public let notes: [String]
  /// The files of the style, those that the run leaves while it goes on included.
  public let files: StyleFiles

  /// Prepares a run: reads painting, base, extractor and, to resume, the checkpoint; searches the photos.
  public init(options: Options, settings given: TrainingSettings) throws {
    self.options = options
    var settings = given
    let definition = try settings.validate()
    files = StyleFiles(model: options.outputPath)
    let teacher = try options.teacherPath.map { try StyleModel.load(path: $0) }
    if let path = options.teacherPath { settings.teacherChecksum = try Self.checksum(ofFile: path) }
    pool = ComputePool(threads: options.threads)
    let style = try StyleImage(path: options.stylePath, crop: settings.styleCrop, pool: pool)
    let strokeWidth = StrokeWidth.measure(style.picture)
    if let strokeSize = options.strokeSize {
      settings.styleSize = strokeSize.lines(
        canvasLines: settings.canvasLines ?? StrokeSize.usualCanvasLines, strokeWidth: strokeWidth,
        scanLines: min(style.picture.width, style.picture.height))
    }
    (noise, self.strokeWidth) = (style.noise, strokeWidth)
    styleChecksum = try Self.checksum(ofFile: options.stylePath)
    folder = try PhotoFolder(path: options.contentPath, excluded: options.excludedPhotos)
    let base = try options.basePath.map { try BaseModel.parameters(at: $0, for: definition, seed: settings.seed) }
    if let path = options.basePath {
      settings.baseChecksum = try Self.checksum(ofFile: path)
      settings.norms = .fromBase
    }
    let extractor = try VGG16(path: options.extractorPath)
    if options.choosesStyleWeight {
      let choice = try StyleChoice(extractor: extractor, folder: folder, pool: pool)
      settings.weights.style = choice.weight(
        for: style.picture, size: settings.styleSize, objective: settings.weights.objective)
    }
    self.settings = settings
    sampler = PhotoSampler(folder: folder, settings: settings)
    previews = Self.pictures(folder, count: Self.previewPhotos)
    trainer = try StyleTrainer(
      settings: settings, style: style.picture, styleChecksum: styleChecksum, extractor: extractor, pool: pool,
      base: base, teacher: teacher)
    notes = style.notes + Self.notes(folder)
    try FileManager.default.createDirectory(atPath: files.training.folder, withIntermediateDirectories: true)
    if options.resumes { try trainer.resume(from: files.training.checkpoint) }
  }

  private static func notes(_ folder: PhotoFolder) -> [String] {
    guard folder.files.count < fewPhotos else { return [] }
    return [
      "\(folder.path) has \(folder.files.count) photos only: the style will fit these better than others; some hundreds are "
        + "better"
    ]
  }

  /// Below this number of photos, a network has seen each of them dozens of times.
  private static let fewPhotos = 25

  /// Steps done, those before a resumption included.
  public var iteration: Int { trainer.iteration }
  /// Photos found, and files among them that are not photos.
  public var photoCounts: (found: Int, skipped: Int) { (folder.files.count, folder.skippedCount) }
  /// Photos left out because a list says so, and photos enlarged so far because they are smaller than the crops.
  public var excludedAndEnlarged: (excluded: Int, enlarged: Int) { (folder.excludedCount, sampler.enlargedCount) }
  /// Photos that could not be read so far.
  public var unreadableFiles: [String] { sampler.unreadableFiles }

  /// Runs until all iterations are done or `shouldStop` says so; `onStep` receives the step and the mean of recent losses.
  ///
  /// `onNotice` receives a sentence where the run went back to an earlier state, and where a file could not be written: the run
  /// goes on then, and the checkpoint before stays. Throws where the model, or the checkpoint of a run that is to stop, cannot
  /// be written.
  public func run(
    shouldStop: () -> Bool, onNotice: (String) -> Void = { _ in }, onStep: (StyleTrainer.Step, LossParts) -> Void
  ) throws -> Outcome {
    let log = try LossLog(
      path: files.training.losses, iteration: trainer.iteration, recentSteps: Self.recentSteps)
    recent = log.recent
    var isLogComplete = true
    func attempt(_ file: String, _ write: () throws -> Void) -> Bool {
      do {
        try write()
        return true
      } catch {
        onNotice("\(file) was not written: \(error); the training goes on")
        return false
      }
    }
    try trainer.run(sampler: sampler) { step in
      if let recovery = step.recovery { onNotice(recovery) }
      // A step that was undone before its losses were known has no rate.
      if step.learningRate > 0 {
        if recent.count == Self.recentSteps { recent.removeFirst() }
        recent.append(step.losses)
        if isLogComplete { isLogComplete = attempt("The log of losses") { try log.append(step) } }
      }
      onStep(step, .mean(recent))
      let isLast = step.iteration == settings.iterations
      if step.iteration % options.previewInterval == 0 || isLast {
        _ = attempt("A preview") { try writePreview(to: files.training.preview(step.iteration)) }
      }
      if shouldStop() {
        try trainer.saveCheckpoint(to: files.training.checkpoint)
        return false
      }
      if step.iteration % options.checkpointInterval == 0 || isLast {
        _ = attempt("A checkpoint") { try trainer.saveCheckpoint(to: files.training.checkpoint) }
      }
      return true
    }
    guard trainer.iteration >= settings.iterations else {
      return .interrupted(iteration: trainer.iteration, checkpoint: files.training.checkpoint)
    }
    flatAreas = FlatAreaCheck { trainer.stylize($0) }
    do {
      try writeResults()
    } catch {
      let checkpoint = trainer.checkpointPath
      throw TrainingError.unwritableResult(file: options.outputPath, reason: "\(error)", checkpoint: checkpoint)
    }
    return .finished
  }

  /// What was found in flat areas, once the run is done.
  public private(set) var flatAreas: FlatAreaCheck?

  // MARK: Results

  private func writeResults() throws {
    let date = Self.today
    let model = try trainer.model(
      style: files.name,
      metadata: [
        "style_image": (options.stylePath as NSString).lastPathComponent,
        "style_image_sha256": styleChecksum,
        "iterations": String(settings.iterations),
        "batch_size": String(settings.batchSize),
        "image_size": String(settings.imageSize),
        StyleModel.ObjectiveKey.styleSize: String(settings.styleSize),
        StyleModel.ObjectiveKey.styleCrop: settings.styleCrop.description,
        "style_noise": String(format: "%.2f", noise),
        "stroke_width": String(format: "%.4f", strokeWidth),
        "learning_rate": String(settings.learningRate),
        "seed": String(settings.seed),
        StyleModel.ObjectiveKey.objective: settings.weights.objective.rawValue,
        StyleModel.ObjectiveKey.contentWeight: String(settings.weights.content),
        StyleModel.ObjectiveKey.styleWeight: String(settings.weights.style),
        StyleModel.ObjectiveKey.totalVariationWeight: String(settings.weights.totalVariation),
        "temporal_weight": String(settings.temporalWeight),
        "teacher_sha256": settings.teacherChecksum ?? "none",
        "base_sha256": settings.baseChecksum ?? "none",
        "loss_scaling": settings.weights.objective.scaling,
        "date": date,
      ])
    let compared = Self.pictures(folder, count: Self.comparedPhotos).map { $0.tensor() }
    let halfPrecision = HalfPrecisionCheck(model: model, photos: compared, pool: pool)
    // The revision's losses are of another objective and tell nothing of the style.
    let isDrafted = settings.revisionIterations > 0 && settings.draftIterations > 0
    let drafted = LossLog.losses(
      of: max(1, settings.draftIterations - Self.recentSteps + 1)...max(1, settings.draftIterations),
      path: files.training.losses)
    let losses = isDrafted && !drafted.isEmpty ? drafted : recent
    var card = StyleCard(
      name: files.name, settings: settings,
      result: StyleCard.Result(
        painting: ((options.stylePath as NSString).lastPathComponent, styleChecksum), noise: noise,
        strokeWidth: strokeWidth,
        photos: .init(count: folder.files.count - sampler.unreadableFiles.count, excluded: folder.excludedCount),
        parameters: trainer.definition.parameterCount, losses: (.mean(losses), losses.count),
        recoveries: trainer.recoveries, blotches: flatAreas?.blotches, halfPrecision: halfPrecision,
        seconds: trainer.seconds, threads: options.threads, date: date))
    // What was told of the same painting still holds.
    if let earlier = try? StyleCard(path: files.card), earlier.painting.sha256 == styleChecksum,
      let painting = earlier.credits?.painting
    {
      card.credits = StyleCredits(painting: painting)
    }
    try model.save(path: options.outputPath, weights: halfPrecision.storage)
    try card.write(to: files)
    try writePreview(to: files.picture)
  }

  private static var today: String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "UTC")
    formatter.dateFormat = "yyyy-MM-dd"
    return formatter.string(from: Date())
  }

  private static func checksum(ofFile path: String) throws -> String {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    guard var digest = SHA256() else { return "" }
    digest.update(bytes)
    return digest.hexDigest()
  }

  // MARK: Previews

  /// At most `count` photos spread over the folder, each cut to a square.
  private static func pictures(_ folder: PhotoFolder, count: Int) -> [Picture] {
    var pictures: [Picture] = []
    let step = max(1, folder.files.count / count)
    for index in stride(from: step / 2, to: folder.files.count, by: step) where pictures.count < count {
      guard let photo = try? PictureFile.read(folder.files[index]) else { continue }
      pictures.append(StyleEvaluator.crop(photo.flattened(), size: pictureSide))
    }
    return pictures
  }

  /// Writes the preview photos above their stylized selves.
  private func writePreview(to path: String) throws {
    guard !previews.isEmpty else { return }
    let stylized = previews.map { Picture(tensor: trainer.stylize($0.tensor())) }
    try PictureFile.write(Picture.grid([previews, stylized]), to: path)
  }
}
