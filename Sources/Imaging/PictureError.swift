/// Why a picture could not be read or written.
public enum PictureError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file is missing, or holds no picture that libav can decode.
  case unreadable(path: String, reason: String)
  /// The picture has more pixels than this program takes.
  case tooLarge(path: String, width: Int, height: Int)
  /// The file's extension names no format that pictures are written in.
  case unknownFormat(path: String)
  /// The file cannot be written.
  case unwritable(path: String, reason: String)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "\(path): cannot be read as a picture: \(reason)"
    case .tooLarge(let path, let width, let height):
      "\(path): has \(width)x\(height) pixels, more than the \(PictureFile.maximumPixelCount) that are possible"
    case .unknownFormat(let path):
      "\(path): cannot be written: the extension names no picture format, expected one of "
        + PictureFormat.allExtensions.joined(separator: ", ")
    case .unwritable(let path, let reason):
      "\(path): cannot be written: \(reason)"
    }
  }
}
