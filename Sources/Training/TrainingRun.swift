import FFmpeg
import Foundation
import Imaging
import Networks
import Tensors
import Threading

/// A training run with everything it leaves on disk: the model, its card and picture, and while it runs, in a folder
/// beside the model, checkpoints, previews and a log of losses. `StyleFiles` names them.
public final class TrainingRun {
  /// Where a run reads and writes, and how often.
  public struct Options: Sendable {
    /// The painting.
    public var stylePath: String
    /// The folder of photos.
    public var contentPath: String
    /// The model file to write. The card and the picture are written next to it.
    public var outputPath: String
    /// The VGG-16 weights.
    public var extractorPath: String
    /// The number of steps between two previews.
    public var previewInterval: Int
    /// The number of steps between two checkpoints.
    public var checkpointInterval: Int
    /// Whether to resume from the checkpoint of the run.
    public var resumes: Bool
    /// The number of threads.
    public var threads: Int
    /// Photos to exclude from training.
    public var excludedPhotos: PhotoList?
    /// The base model, of the settings' network or of the same kind of network with fewer channels; nil starts from
    /// random values.
    public var basePath: String?
    /// The model whose output the first steps learn; nil if there are no such steps.
    public var teacherPath: String?
    /// The size of the strokes to paint, which determines the size of the painting; nil leaves that to the settings.
    public var strokeSize: StrokeSize?
    /// Whether ``StyleChoice`` chooses the style weight instead of the settings.
    public var choosesStyleWeight = false

    /// Creates options. Properties that are not parameters have their defaults.
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
    /// All iterations are complete and the model is written.
    case finished
    /// The run was stopped after `iteration` steps and can resume from the file at `checkpoint`.
    case interrupted(iteration: Int, checkpoint: String)
  }

  /// The number of recent steps for the reported mean loss.
  public static let recentSteps = 100
  /// The side of previews and compared photos in pixels: large enough to see the result, and a multiple of every
  /// network's `sizeMultiple`.
  private static let pictureSide = 256
  /// The short side of the picture of the painting.
  private static let paintingSide = 240
  /// The side of the photos of the report, and how many of them sequences are made of.
  private static let report = (side: 512, sequences: 2)
  /// The number of photos in a preview.
  private static let previewPhotos = 3
  /// The number of photos for the comparison with half precision.
  private static let comparedPhotos = 8

  private let options: Options
  private let pool: ComputePool
  private let trainer: StyleTrainer
  private let folder: PhotoFolder
  private let sampler: PhotoSampler
  private let previews: [Picture]
  /// A small picture of the painting.
  private let painting: Picture
  /// The painting with the noise of its scan, and what measures how much a picture looks like it.
  private let scan: Picture
  private let extractor: VGG16
  private let styleChecksum: String
  private var recent: [LossParts] = []

  /// The settings, including those chosen for the painting.
  public let settings: TrainingSettings
  /// The standard deviation of the noise removed from the painting's scan, in levels of 255.
  public let noise: Double
  /// The typical width of the painting's strokes, as a share of its short side.
  public let strokeWidth: Double
  /// Notes for the user before the run, each a sentence.
  public let notes: [String]
  /// The files of the style, those that the run leaves while it goes on included.
  public let files: StyleFiles

  /// Prepares a run: finds the photos and reads the painting, the base, the extractor and, when resuming, the
  /// checkpoint.
  ///
  /// - Throws: ``TrainingError``, `PictureError`, `ModelError`, `SafetensorsError` or a file error if the settings or
  ///   one of the inputs are invalid.
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
    (scan, self.extractor) = (style.scan, extractor)
    let opaque = style.picture.flattened()
    painting = opaque.resized(shortSide: min(Self.paintingSide, opaque.width, opaque.height), pool: pool)
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
      "\(folder.path) has only \(folder.files.count) photos: the style will fit these better than others; use some hundreds "
        + "if possible"
    ]
  }

  /// Below this number of photos, training visits each of them dozens of times.
  private static let fewPhotos = 25

  /// The number of completed steps, including those before a resumption.
  public var iteration: Int { trainer.iteration }
  /// The number of photos in the folder and of other files.
  public var photoCounts: (found: Int, skipped: Int) { (folder.files.count, folder.skippedCount) }
  /// The number of photos that a list excludes, and of photos enlarged so far because they are smaller than the crops.
  public var excludedAndEnlarged: (excluded: Int, enlarged: Int) { (folder.excludedCount, sampler.enlargedCount) }
  /// Photos that could not be read so far.
  public var unreadableFiles: [String] { sampler.unreadableFiles }

  /// Runs until all iterations are complete or `shouldStop` returns true.
  ///
  /// A preview, a log entry or a checkpoint that cannot be written does not end the run; the previous checkpoint
  /// remains.
  ///
  /// - Parameters:
  ///   - shouldStop: Called after each step.
  ///   - onNotice: Receives a sentence if the run restored an earlier state or could not write a file.
  ///   - onStep: Receives each step and the mean of the recent losses.
  /// - Throws: ``TrainingError/unwritableResult(file:reason:checkpoint:)`` if the model cannot be written, a file error
  ///   if the checkpoint of a stopped run cannot be written, and the errors of training.
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
        onNotice("\(file) could not be written: \(error); training continues")
        return false
      }
    }
    try trainer.run(sampler: sampler) { step in
      if let recovery = step.recovery { onNotice(recovery) }
      // A step that failed before its losses were known has a learning rate of 0.
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
    do {
      try writeReport()
    } catch {
      onNotice("The report could not be written: \(error)")
    }
    return .finished
  }

  /// The result of the check of flat areas; nil before the run is finished.
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
    // The losses of the revision belong to another objective and do not measure the style.
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
    try PictureFile.write(painting, to: files.painting)
    try model.save(path: options.outputPath, weights: halfPrecision.storage)
    try card.write(to: files)
    try writePreview(to: files.picture)
  }

  /// Measures the style on a few photos and writes the report.
  private func writeReport() throws {
    let photos = Self.pictures(folder, count: Self.previewPhotos, side: Self.report.side)
    let pairs = photos.map { (before: $0, after: Picture(tensor: trainer.stylize($0.tensor()))) }
    let previews = files.training.previews.sorted()
    var content = TrainingReport.Content(
      card: try StyleCard(path: files.card), painting: painting, pairs: pairs,
      curves: LossCurve.read(log: files.training.losses),
      revisionStart: settings.revisionIterations > 0 && settings.draftIterations > 0
        ? settings.draftIterations + 1 : nil,
      previews: TrainingReport.chosenIndices(previews.count).compactMap { index in
        let picture = try? PictureFile.read(files.training.preview(previews[index]))
        return picture.map { (previews[index], $0) }
      })
    if !pairs.isEmpty {
      let evaluator = LikenessEvaluator(extractor: extractor, painting: scan, pool: pool)
      let values = pairs.map { evaluator.likeness(of: $0.after, from: evaluator.frame($0.before)) }
      content.likeness = (.mean(values), values.count)
      let sequences = TemporalEvaluator(size: Self.pictureSide, pool: pool) { [trainer] in trainer.stylize($0) }
      let reports = photos.prefix(Self.report.sequences).enumerated().map { index, photo in
        sequences.report(photo: photo, seed: UInt64(index + 1))
      }
      content.stability = (.mean(reports), reports.count)
    }
    try PictureFile.write(Array(try TrainingReport.html(content, path: files.report).utf8), to: files.report)
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

  /// Reads at most `count` photos, evenly spread over the folder, and crops each to a square of `side` pixels.
  private static func pictures(_ folder: PhotoFolder, count: Int, side: Int = pictureSide) -> [Picture] {
    var pictures: [Picture] = []
    let step = max(1, folder.files.count / count)
    for index in stride(from: step / 2, to: folder.files.count, by: step) where pictures.count < count {
      guard let photo = try? PictureFile.read(folder.files[index]) else { continue }
      pictures.append(StyleEvaluator.crop(photo.flattened(), size: side))
    }
    return pictures
  }

  /// Writes the preview: the photos in the first row, their stylized versions below.
  private func writePreview(to path: String) throws {
    guard !previews.isEmpty else { return }
    let stylized = previews.map { Picture(tensor: trainer.stylize($0.tensor())) }
    try PictureFile.write(Picture.grid([previews, stylized]), to: path)
  }
}
