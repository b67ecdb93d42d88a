import Files

/// Why a safetensors file could not be read or written.
public enum SafetensorsError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file system refuses.
  case file(FileError)
  /// The file is shorter than the eight bytes of the header length.
  case tooShort(path: String, byteCount: Int)
  /// The header length is zero, reaches past the end of the file or past the format's limit.
  case headerLength(path: String, length: UInt64, available: Int)
  /// The header is not the JSON object that the format asks for.
  case header(path: String, problem: String)
  /// A tensor's element type, shape or byte range contradicts the format.
  case entry(path: String, tensor: String, problem: String)
  /// The tensors leave a gap, overlap, or do not end with the file.
  case layout(path: String, problem: String)
  /// The file has no tensor of that name.
  case missingTensor(path: String, tensor: String)
  /// The tensor's elements are of a type that this program does not convert.
  case unsupportedDataType(path: String, tensor: String, dataType: SafetensorsDataType)
  /// The tensors to be written cannot stand in one file.
  case cannotStore(path: String, tensor: String, problem: String)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .file(let error):
      error.description
    case .tooShort(let path, let byteCount):
      "\(path): not a safetensors file: it has \(byteCount) bytes, and the header length alone takes 8"
    case .headerLength(let path, let length, let available):
      "\(path): not a safetensors file: its header would be \(length) bytes long, "
        + "where 2 to \(min(available, SafetensorsHeader.maximumLength)) are possible"
    case .header(let path, let problem):
      "\(path): not a safetensors file: \(problem)"
    case .entry(let path, let tensor, let problem):
      "\(path): damaged: tensor '\(printable(tensor))' \(problem)"
    case .layout(let path, let problem):
      "\(path): damaged: \(problem)"
    case .missingTensor(let path, let tensor):
      "\(path): has no tensor '\(printable(tensor))'"
    case .unsupportedDataType(let path, let tensor, let dataType):
      "\(path): stores tensor '\(printable(tensor))' as \(dataType.rawValue), where F32, F16 or BF16 was expected"
    case .cannotStore(let path, let tensor, let problem):
      "\(path): cannot be written: tensor '\(printable(tensor))' \(problem)"
    }
  }
}

/// Text out of a file as it may stand in a message: without control characters, which could rewrite the terminal, and
/// not endless.
package func printable(_ text: String) -> String {
  let scalars = text.unicodeScalars.prefix(100).map { scalar in
    scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
  }
  return String(String.UnicodeScalarView(scalars))
}
