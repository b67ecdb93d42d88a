/// An error while reading or writing a picture.
public enum PictureError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file is missing or contains no picture that libav can decode.
  case unreadable(path: String, reason: String)
  /// The picture has more than ``PictureFile/maximumPixelCount`` pixels.
  case tooLarge(path: String, width: Int, height: Int)
  /// The extension of the file does not name a format that pictures can be written in.
  case unknownFormat(path: String)
  /// The file cannot be written.
  case unwritable(path: String, reason: String)

  /// The message for the user, in one sentence.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "\(path): cannot be read as a picture: \(reason)"
    case .tooLarge(let path, let width, let height):
      "\(path): the picture has \(width)x\(height) pixels, expected at most \(PictureFile.maximumPixelCount)"
    case .unknownFormat(let path):
      "\(path): cannot be written: the extension names no picture format, expected one of "
        + PictureFormat.allExtensions.joined(separator: ", ")
    case .unwritable(let path, let reason):
      "\(path): cannot be written: \(reason)"
    }
  }
}
