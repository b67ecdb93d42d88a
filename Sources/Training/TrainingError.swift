/// Why training or evaluation cannot go on, in one sentence.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file is not the VGG-16 extractor.
  case invalidExtractor(file: String, found: String, expected: String)
  /// The folder holds no photo.
  case noPhotos(folder: String, skipped: Int)
  /// No photo of the folder could be read.
  case unreadablePhotos(folder: String, count: Int)
  /// Every photo of the folder is in the list of those to leave out.
  case allPhotosExcluded(folder: String, list: String)
  /// Photos of a list are not in the folder.
  case missingPhotos(folder: String, list: String, count: Int, example: String)
  /// The file is no list of photos.
  case invalidPhotoList(file: String, reason: String)
  /// No style can be learned from the picture.
  case invalidStyleImage(file: String, found: String, expected: String)
  /// The base model is neither of the network nor of the same with fewer channels.
  case foreignBase(file: String, found: String, expected: String)
  /// A setting is out of range.
  case invalidSetting(name: String, found: String, expected: String)
  /// A loss is no longer a finite number.
  case diverged(iteration: Int, part: String, checkpoint: String?)
  /// The run has gone back to a good state and lowered its rate as often as it may, and still goes wrong.
  case unstable(iteration: Int, trouble: String, checkpoint: String?)
  /// The finished model cannot be written.
  case unwritableResult(file: String, reason: String, checkpoint: String?)
  /// The checkpoint was made with other settings.
  case checkpointMismatch(file: String, setting: String, found: String, expected: String)
  /// The file is no checkpoint.
  case invalidCheckpoint(file: String, reason: String)
  /// The file is not the card of a style.
  case invalidCard(
    file: String, found: String,
    expected: String = "format version \(StyleCard.currentFormatVersion) as train-style writes it")

  /// The sentence.
  public var description: String {
    switch self {
    case .invalidExtractor(let file, let found, let expected):
      "\(file): not the VGG-16 weights: found \(found), expected \(expected); 'make setup' brings them"
    case .noPhotos(let folder, let skipped):
      "\(folder): no photos found (\(skipped) other files), expected at least one JPEG, PNG, WebP, BMP or TIFF file"
    case .unreadablePhotos(let folder, let count): "\(folder): none of the \(count) photos can be read"
    case .allPhotosExcluded(let folder, let list): "\(folder): every photo is in \(list), so none is left"
    case .missingPhotos(let folder, let list, let count, let example):
      "\(folder): \(count == 1 ? "the photo '\(example)'" : "\(count) photos such as '\(example)'") of \(list) "
        + "\(count == 1 ? "is" : "are") not there"
    case .invalidPhotoList(let file, let reason): "\(file): no list of photos: \(reason)"
    case .invalidStyleImage(let file, let found, let expected): "\(file): found \(found), expected \(expected)"
    case .foreignBase(let file, let found, let expected):
      "\(file): a base for the network \(found), expected \(expected); --from-scratch starts without one"
    case .unstable(let iteration, let trouble, let checkpoint):
      "training does not stay stable: at iteration \(iteration) \(trouble), though the learning rate was lowered; a smaller "
        + "--learning-rate or --style-weight may help; "
        + (checkpoint.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet")
    case .invalidSetting(let name, let found, let expected): "\(name) is \(found), expected \(expected)"
    case .diverged(let iteration, let part, let checkpoint):
      "training diverged: the \(part) is not a finite number at iteration \(iteration); "
        + (checkpoint.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint yet")
    case .unwritableResult(let file, let reason, let checkpoint):
      "\(file): the finished model was not written: \(reason); "
        + (checkpoint.map { "\($0) is kept, --resume finishes from there" } ?? "there is no checkpoint")
    case .checkpointMismatch(let file, let setting, let found, let expected):
      "\(file): made with \(setting) \(found), but this run has \(expected)"
    case .invalidCheckpoint(let file, let reason): "\(file): not a checkpoint of train-style: \(reason)"
    case .invalidCard(let file, let found, let expected):
      "\(file): not a style's card: found \(found), expected \(expected)"
    }
  }
}
