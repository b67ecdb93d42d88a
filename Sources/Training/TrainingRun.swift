import FFmpeg
import Foundation
import Imaging
import Networks
import Tensors
import Threading

/// A training run with everything it leaves on disk: the model, its card and picture, and while it runs, in a folder beside
/// the model, checkpoints, previews and a log of losses.
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

    /// The options as named.
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
  /// Photos in a preview.
  private static let previewPhotos = 3

  private let options: Options
  private let settings: TrainingSettings
  private let pool: ComputePool
  private let trainer: StyleTrainer
  private let folder: PhotoFolder
  private let sampler: PhotoSampler
  private let previews: [Picture]
  private let styleChecksum: String
  private var recent: [LossParts] = []

  /// The folder of checkpoints, previews and the log: the model's path with `.training` for its extension.
  public let workFolder: String

  /// Prepares a run: reads painting, extractor and, to resume, the checkpoint; searches the photos.
  public init(options: Options, settings: TrainingSettings) throws {
    self.options = options
    self.settings = settings
    try settings.validate()
    workFolder = (options.outputPath as NSString).deletingPathExtension + ".training"
    let style = try PictureFile.read(options.stylePath).flattened()
    styleChecksum = try Self.checksum(ofFile: options.stylePath)
    folder = try PhotoFolder(path: options.contentPath)
    sampler = PhotoSampler(
      folder: folder, batchSize: settings.batchSize, imageSize: settings.imageSize, seed: settings.seed)
    previews = Self.previewPictures(folder, size: settings.imageSize)
    pool = ComputePool(threads: options.threads)
    let extractor = try VGG16(path: options.extractorPath)
    trainer = try StyleTrainer(
      settings: settings, style: style, styleChecksum: styleChecksum, extractor: extractor, pool: pool)
    try FileManager.default.createDirectory(atPath: workFolder, withIntermediateDirectories: true)
    if options.resumes { try trainer.resume(from: checkpointPath) }
  }

  /// Steps done, those before a resumption included.
  public var iteration: Int { trainer.iteration }
  /// Photos found, and files among them that are not photos.
  public var photoCounts: (found: Int, skipped: Int) { (folder.files.count, folder.skippedCount) }
  /// Photos that could not be read so far.
  public var unreadableFiles: [String] { sampler.unreadableFiles }
  /// The card's path.
  public var cardPath: String { (options.outputPath as NSString).deletingPathExtension + ".md" }
  /// The path of the picture beside the model.
  public var picturePath: String { (options.outputPath as NSString).deletingPathExtension + ".jpg" }
  private var checkpointPath: String { workFolder + "/checkpoint.safetensors" }

  /// Runs until all iterations are done or `shouldStop` says so; `onStep` receives the step and the mean of recent losses.
  public func run(shouldStop: () -> Bool, onStep: (StyleTrainer.Step, LossParts) -> Void) throws -> Outcome {
    let log = try LossLog(path: workFolder + "/losses.csv", iteration: trainer.iteration)
    try trainer.run(sampler: sampler) { step in
      if recent.count == Self.recentSteps { recent.removeFirst() }
      recent.append(step.losses)
      try log.append(step)
      onStep(step, .mean(recent))
      let isLast = step.iteration == settings.iterations
      if step.iteration % options.previewInterval == 0 || isLast {
        try writePreview(to: workFolder + String(format: "/preview-%06d.png", step.iteration))
      }
      let isStopping = shouldStop()
      if step.iteration % options.checkpointInterval == 0 || isStopping || isLast {
        try trainer.saveCheckpoint(to: checkpointPath)
      }
      return !isStopping
    }
    guard trainer.iteration >= settings.iterations else {
      return .interrupted(iteration: trainer.iteration, checkpoint: checkpointPath)
    }
    try writeResults()
    return .finished
  }

  // MARK: Results

  private func writeResults() throws {
    let name = ((options.outputPath as NSString).lastPathComponent as NSString).deletingPathExtension
    let card = ModelCard(
      style: name, styleFile: (options.stylePath as NSString).lastPathComponent, styleChecksum: styleChecksum,
      photos: "\(folder.files.count - sampler.unreadableFiles.count) photographs", settings: settings,
      parameterCount: trainer.definition.parameterCount, losses: .mean(recent), lossSteps: recent.count,
      seconds: trainer.seconds, threads: options.threads, date: Self.today)
    let model = try trainer.model(
      style: name,
      metadata: [
        "style_image": card.styleFile,
        "style_image_sha256": styleChecksum,
        "iterations": String(settings.iterations),
        "batch_size": String(settings.batchSize),
        "image_size": String(settings.imageSize),
        "style_size": String(settings.styleSize),
        "learning_rate": String(settings.learningRate),
        "seed": String(settings.seed),
        "content_weight": String(settings.weights.content),
        "style_weight": String(settings.weights.style),
        "tv_weight": String(settings.weights.totalVariation),
        "loss_scaling": LossWeights.scaling,
        "date": card.date,
      ])
    try model.save(path: options.outputPath)
    try card.markdown.write(toFile: cardPath, atomically: true, encoding: .utf8)
    try writePreview(to: picturePath)
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

  /// A few photos spread over the folder, each cut to the size of the training crops.
  private static func previewPictures(_ folder: PhotoFolder, size: Int) -> [Picture] {
    var pictures: [Picture] = []
    let step = max(1, folder.files.count / previewPhotos)
    for index in stride(from: step / 2, to: folder.files.count, by: step) where pictures.count < previewPhotos {
      guard let photo = try? PictureFile.read(folder.files[index]) else { continue }
      pictures.append(StyleEvaluator.crop(photo.flattened(), size: size))
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
