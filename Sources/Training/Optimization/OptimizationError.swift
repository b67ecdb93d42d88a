/// An error of optimising a picture.
public enum OptimizationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The run needs more memory than there is.
  case tooLarge(width: Int, height: Int, needed: Int, available: Int)
  /// The mask has no white part, so its painting would count nowhere.
  case emptyMask(file: String)
  /// The file is not the checkpoint of an optimisation.
  case invalidCheckpoint(file: String, reason: String)
  /// The checkpoint belongs to a run with other settings or inputs.
  case otherRun(file: String, difference: String)
  /// The loss is not a finite number.
  case diverged(lines: Int)

  /// The message for the user, in one sentence.
  public var description: String {
    switch self {
    case .tooLarge(let width, let height, let needed, let available):
      "\(width)x\(height) pixels need about \(needed >> 20) MiB of memory, but only \(available >> 20) MiB are available; "
        + "use a smaller --size, --history or --tile-size, or --optimizer adam"
    case .emptyMask(let file): "\(file): the mask is black, expected white where its painting counts"
    case .invalidCheckpoint(let file, let reason): "\(file): not a checkpoint of optimize-image: \(reason)"
    case .otherRun(let file, let difference):
      "\(file): the checkpoint belongs to another run: \(difference) differ; leave out --resume to start again"
    case .diverged(let lines):
      "the loss is not a finite number at \(lines) lines; try a smaller --learning-rate, or other weights"
    }
  }
}
