import Console
import Files
import Tensors

/// Single frames in files without a head, for comparison with other programs.
enum FrameFile {
  /// Reads RGB24 of `size`, rows without padding. Throws `FileError`, or a ``SizeError`` unless there are exactly so many bytes.
  static func rgb(_ path: String, size: FrameSize) throws -> [UInt8] {
    let file = try RandomAccessFile(path: path)
    let expected = 3 * size.width * size.height
    guard file.size == expected else { throw SizeError(path: path, found: file.size, expected: expected, size: size) }
    return try file.bytes(offset: 0, count: expected)
  }

  /// Writes the elements as little-endian float32, whole or not at all. Throws `FileError`.
  static func write(_ tensor: Tensor, to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write(tensor.elements)
    try file.commit()
  }

  /// A raw frame of another size.
  struct SizeError: Error, CustomStringConvertible {
    let path: String
    let found: Int
    let expected: Int
    let size: FrameSize

    var description: String { "\(path): holds \(found) bytes, expected \(expected): RGB24 of \(size)" }
  }
}
