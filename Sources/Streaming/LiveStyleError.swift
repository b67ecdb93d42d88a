/// Why a style cannot be changed as asked.
public enum LiveStyleError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No style has a share.
  case nothingToMix
  /// More styles than can be painted at a time.
  case tooManyStyles(count: Int)
  /// A frame is of a size for which there are no engines.
  case sizeNotPrepared(width: Int, height: Int)

  /// One sentence.
  public var description: String {
    switch self {
    case .nothingToMix: "a mixture needs at least one style with a share above 0"
    case .tooManyStyles(let count): "a mixture of \(count) styles: expected at most \(LiveStyle.greatestStyleCount)"
    case .sizeNotPrepared(let width, let height): "no engine is prepared for pictures of \(width)x\(height)"
    }
  }
}
