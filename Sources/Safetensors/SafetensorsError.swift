import Files

/// An error of reading or writing a safetensors file.
public enum SafetensorsError: Error, CustomStringConvertible, Sendable, Equatable {
  /// An error of the file system.
  case file(FileError)
  /// The file is shorter than the eight bytes of the header length.
  case tooShort(path: String, byteCount: Int)
  /// The header length is less than 2 or exceeds the file or the format's limit.
  case headerLength(path: String, length: UInt64, available: Int)
  /// The header is not the JSON object that the format requires.
  case header(path: String, problem: String)
  /// A tensor's element type, shape or byte range is invalid.
  case entry(path: String, tensor: String, problem: String)
  /// The tensors do not end where the file ends.
  case layout(path: String, problem: String)
  /// The file has no tensor with this name.
  case missingTensor(path: String, tensor: String)
  /// The elements have a type that Impasto does not convert.
  case unsupportedDataType(path: String, tensor: String, dataType: SafetensorsDataType)
  /// A tensor cannot be stored in the file.
  case cannotStore(path: String, tensor: String, problem: String)

  /// One sentence with the file, what was found and what was expected.
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

/// Returns text from a file in a form that is safe in messages: at most 100 characters, and no control characters,
/// which could manipulate the terminal.
package func printable(_ text: String) -> String {
  let scalars = text.unicodeScalars.prefix(100).map { scalar in
    scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
  }
  return String(String.UnicodeScalarView(scalars))
}
