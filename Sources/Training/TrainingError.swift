/// An error of training or evaluation.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file is not the VGG-16 extractor.
  case invalidExtractor(file: String, found: String, expected: String)
  /// The folder contains no photos.
  case noPhotos(folder: String, skipped: Int)
  /// None of the photos in the folder can be read.
  case unreadablePhotos(folder: String, count: Int)
  /// The list excludes every photo in the folder.
  case allPhotosExcluded(folder: String, list: String)
  /// Photos of a list are not in the folder.
  case missingPhotos(folder: String, list: String, count: Int, example: String)
  /// The file is not a list of photos.
  case invalidPhotoList(file: String, reason: String)
  /// No style can be learned from the picture.
  case invalidStyleImage(file: String, found: String, expected: String)
  /// The base model is neither of the same network nor of the same kind of network with fewer channels.
  case incompatibleBase(file: String, found: String, expected: String)
  /// A setting is out of range.
  case invalidSetting(name: String, found: String, expected: String)
  /// A loss or a parameter is not a finite number.
  case diverged(iteration: Int, part: String, checkpoint: String?)
  /// The run fails again after the maximum number of recoveries.
  case unstable(iteration: Int, trouble: String, checkpoint: String?)
  /// The finished model cannot be written.
  case unwritableResult(file: String, reason: String, checkpoint: String?)
  /// The checkpoint was made with other settings.
  case checkpointMismatch(file: String, setting: String, found: String, expected: String)
  /// The file is not a checkpoint.
  case invalidCheckpoint(file: String, reason: String)
  /// The file is not the card of a style.
  case invalidCard(
    file: String, found: String,
    expected: String = "format version \(StyleCard.currentFormatVersion) as train-style writes it")

  /// The message for the user, in one sentence.
  public var description: String {
    switch self {
    case .invalidExtractor(let file, let found, let expected):
      "\(file): not the VGG-16 weights: found \(found), expected \(expected); run 'make setup' to get them"
    case .noPhotos(let folder, let skipped):
      "\(folder): no photos found (\(skipped) other files), expected at least one JPEG, PNG, WebP, BMP or TIFF file"
    case .unreadablePhotos(let folder, let count): "\(folder): none of the \(count) photos can be read"
    case .allPhotosExcluded(let folder, let list): "\(folder): \(list) excludes every photo"
    case .missingPhotos(let folder, let list, let count, let example):
      count == 1
        ? "\(folder): the photo '\(example)' listed in \(list) is missing"
        : "\(folder): \(count) photos listed in \(list) are missing, such as '\(example)'"
    case .invalidPhotoList(let file, let reason): "\(file): not a list of photos: \(reason)"
    case .invalidStyleImage(let file, let found, let expected): "\(file): found \(found), expected \(expected)"
    case .incompatibleBase(let file, let found, let expected):
      "\(file): the base model has the network \(found), expected \(expected); use --from-scratch to train without a base"
    case .unstable(let iteration, let trouble, let checkpoint):
      "training is unstable: at iteration \(iteration) \(trouble), even with a reduced learning rate; try a smaller "
        + "--learning-rate or --style-weight; "
        + (checkpoint.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet")
    case .invalidSetting(let name, let found, let expected): "\(name) is \(found), expected \(expected)"
    case .diverged(let iteration, let part, let checkpoint):
      "training diverged: the \(part) is not a finite number at iteration \(iteration); "
        + (checkpoint.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet")
    case .unwritableResult(let file, let reason, let checkpoint):
      "\(file): the finished model could not be written: \(reason); "
        + (checkpoint.map { "use --resume to finish from \($0)" } ?? "there is no checkpoint")
    case .checkpointMismatch(let file, let setting, let found, let expected):
      "\(file): the checkpoint has \(setting) \(found), but this run has \(expected)"
    case .invalidCheckpoint(let file, let reason): "\(file): not a checkpoint of train-style: \(reason)"
    case .invalidCard(let file, let found, let expected):
      "\(file): not a style's card: found \(found), expected \(expected)"
    }
  }
}
