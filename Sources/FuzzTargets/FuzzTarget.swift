import FFmpeg
import Foundation

/// A parser of external input that takes any bytes and returns normally.
///
/// Typed errors are expected. A trap, an overflow or a report of a sanitizer is a fault of the parser.
public struct FuzzTarget: Sendable {
  /// The name, which is also that of the folder with its inputs.
  public let name: String
  private let parse: @Sendable (Input) throws -> Void

  /// Creates a target.
  ///
  /// - Parameter parse: Parses an input, and throws only errors that no user should see.
  package init(_ name: String, parse: @escaping @Sendable (Input) throws -> Void) {
    self.name = name
    self.parse = parse
  }

  /// Bytes to parse.
  package struct Input {
    /// The bytes, which are valid during the call.
    package let bytes: UnsafeRawBufferPointer
    private let path: String

    fileprivate init(bytes: UnsafeRawBufferPointer, path: String) { (self.bytes, self.path) = (bytes, path) }

    /// The bytes as text, with a replacement character for what is not UTF-8.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Writes the bytes to a file, and returns its path.
    ///
    /// - Throws: An error of the file system.
    package func file() throws -> String {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      return path
    }
  }

  /// Parses `bytes`.
  ///
  /// - Parameter path: A file for parsers that read files. It is overwritten.
  /// - Throws: An error that the parser should not throw, or one of the file system if `path` cannot be written.
  public func run(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    try parse(Input(bytes: bytes, path: path))
  }

  /// Lets libav allocate blocks of at most 16 MB in this process, so that a picture of a few bytes and many pixels
  /// costs neither time nor memory.
  public static func limitMemory() { MediaLibrary.limitAllocations(to: 16 << 20) }

  /// Runs `body`, and ignores errors of the `expected` types once they have described themselves.
  ///
  /// - Throws: Errors of other types.
  package static func attempt(_ expected: any Error.Type..., body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      guard expected.contains(where: { $0 == type(of: error) }) else { throw error }
      _ = "\(error)"
    }
  }
}
