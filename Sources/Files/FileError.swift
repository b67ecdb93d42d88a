import Glibc

/// An error of reading or writing a file.
public enum FileError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file cannot be opened or read.
  case cannotRead(path: String, reason: String)
  /// The file cannot be created, written or renamed.
  case cannotWrite(path: String, reason: String)

  /// The reason without the file's name.
  public var reason: String {
    switch self {
    case .cannotRead(_, let reason), .cannotWrite(_, let reason): reason
    }
  }

  /// One sentence with the file and the reason.
  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
    case .cannotWrite(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}

/// Returns the system's description of the last error, such as "no space left on device".
func systemErrorText() -> String {
  let text = String(cString: strerror(errno))
  return text.prefix(1).lowercased() + text.dropFirst()
}
