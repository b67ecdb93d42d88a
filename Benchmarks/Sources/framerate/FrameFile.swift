import Console
import Files
import Tensors

/// Raw single frames in files, for comparison with other programs.
enum FrameFile {
  /// Reads RGB24 of `size`, with rows without padding.
  ///
  /// - Throws: `FileError` if the file cannot be read, ``SizeError`` if it has a different number of bytes.
  static func rgb(_ path: String, size: FrameSize) throws -> [UInt8] {
    let file = try RandomAccessFile(path: path)
    let expected = 3 * size.width * size.height
    guard file.size == expected else { throw SizeError(path: path, found: file.size, expected: expected, size: size) }
    return try file.bytes(offset: 0, count: expected)
  }

  /// Writes the elements atomically as little-endian float32.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  static func write(_ tensor: Tensor, to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write(tensor.elements)
    try file.commit()
  }

  /// The raw frame has a different size.
  struct SizeError: Error, CustomStringConvertible {
    let path: String
    let found: Int
    let expected: Int
    let size: FrameSize

    var description: String { "\(path): holds \(found) bytes, expected \(expected): RGB24 of \(size)" }
  }
}
