/// Why training or evaluation cannot go on, in one sentence.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file is not the VGG-16 extractor.
  case invalidExtractor(file: String, found: String, expected: String)
  /// The folder holds no photo.
  case noPhotos(folder: String, skipped: Int)
  /// No photo of the folder could be read.
  case unreadablePhotos(folder: String, count: Int)
  /// A setting is out of range.
  case invalidSetting(name: String, found: String, expected: String)
  /// A loss is no longer a finite number.
  case diverged(iteration: Int, part: String, checkpoint: String?)
  /// The checkpoint was made with other settings.
  case checkpointMismatch(file: String, setting: String, found: String, expected: String)
  /// The file is no checkpoint.
  case invalidCheckpoint(file: String, reason: String)

  /// The sentence.
  public var description: String {
    switch self {
    case .invalidExtractor(let file, let found, let expected):
      "\(file): not the VGG-16 weights: found \(found), expected \(expected); 'make setup' brings them"
    case .noPhotos(let folder, let skipped):
      "\(folder): no photos found (\(skipped) other files), expected at least one JPEG, PNG, WebP, BMP or TIFF file"
    case .unreadablePhotos(let folder, let count): "\(folder): none of the \(count) photos can be read"
    case .invalidSetting(let name, let found, let expected): "\(name) is \(found), expected \(expected)"
    case .diverged(let iteration, let part, let checkpoint):
      "training diverged: the \(part) is not a finite number at iteration \(iteration); "
        + (checkpoint.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet")
    case .checkpointMismatch(let file, let setting, let found, let expected):
      "\(file): made with \(setting) \(found), but this run has \(expected)"
    case .invalidCheckpoint(let file, let reason): "\(file): not a checkpoint of train-style: \(reason)"
    }
  }
}
