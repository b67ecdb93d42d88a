import Files
import FoundationEssentials
import Tensors

/// Reads tensors from a safetensors file.
///
/// The header is checked completely when the file is opened. Elements are read on demand. Several threads can use the
/// same reader.
package final class SafetensorsReader: Sendable {
  /// The name of the file, as given.
  package let path: String
  /// The content of the header.
  package let file: SafetensorsFile
  private let source: RandomAccessFile
  private let dataOffset: Int

  /// Opens the file and checks its header against the file's size.
  ///
  /// - Throws: ``SafetensorsError`` if the file cannot be read or is not a complete safetensors file.
  package init(path: String) throws(SafetensorsError) {
    self.path = path
    source = try Self.open(path)
    guard source.size >= 8 else { throw .tooShort(path: path, byteCount: source.size) }
    let lengthBytes = try Self.bytes(source, offset: 0, count: 8)
    let length = lengthBytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let available = source.size - 8
    guard length >= 2, length <= available, length <= SafetensorsHeader.maximumLength else {
      throw .headerLength(path: path, length: length, available: available)
    }
    let count = Int(length)
    let json = try Self.bytes(source, offset: 8, count: count)
    dataOffset = 8 + count
    file = try SafetensorsHeader.parse(Data(json), path: path, dataSize: available - count)
  }

  /// The metadata of the file.
  package var metadata: [String: String] { file.metadata }

  /// The tensors of the file, sorted by name.
  package var entries: [SafetensorsEntry] { file.tensors.values.sorted { $0.name < $1.name } }

  /// Reads a tensor. Elements of type F16 and BF16 are converted to float32, which represents them exactly.
  ///
  /// - Throws: ``SafetensorsError`` if there is no such tensor, if its elements have another type, or if reading fails.
  package func tensor(_ name: String) throws(SafetensorsError) -> Tensor {
    guard let entry = file.tensors[name] else { throw .missingTensor(path: path, tensor: name) }
    let result = Tensor(entry.shape, zeroed: false)
    let destination = UnsafeMutableRawBufferPointer(result.buffer)
    switch entry.dataType {
    case .float32:
      try Self.read(source, into: destination, offset: dataOffset + entry.byteRange.lowerBound)
    case .float16:
      try readHalves(entry, into: destination)
      widen(result) { Float(Float16(bitPattern: $0)) }
    case .bfloat16:
      try readHalves(entry, into: destination)
      widen(result) { Float(bitPattern: UInt32($0) << 16) }
    default:
      throw .unsupportedDataType(path: path, tensor: name, dataType: entry.dataType)
    }
    return result
  }

  /// Reads 16-bit elements into the second half of the tensor's storage.
  private func readHalves(
    _ entry: SafetensorsEntry, into destination: UnsafeMutableRawBufferPointer
  ) throws(SafetensorsError) {
    let halves = UnsafeMutableRawBufferPointer(rebasing: destination[(destination.count / 2)...])
    try Self.read(source, into: halves, offset: dataOffset + entry.byteRange.lowerBound)
  }

  /// Converts 16-bit elements to floats in place, front to back. Element `i` is read from byte `2 (count + i)`, which
  /// never lies before the end of element `i - 1` at byte `4 i`.
  private func widen(_ tensor: Tensor, _ convert: (UInt16) -> Float) {
    let raw = UnsafeMutableRawPointer(tensor.pointer)
    let count = tensor.count
    for index in 0..<count {
      let half = raw.loadUnaligned(fromByteOffset: 2 * (count + index), as: UInt16.self)
      tensor.pointer[index] = convert(UInt16(littleEndian: half))
    }
  }

  private static func open(_ path: String) throws(SafetensorsError) -> RandomAccessFile {
    do {
      return try RandomAccessFile(path: path)
    } catch {
      throw .file(error)
    }
  }

  private static func bytes(
    _ source: RandomAccessFile, offset: Int, count: Int
  ) throws(SafetensorsError) -> [UInt8] {
    do {
      return try source.bytes(offset: offset, count: count)
    } catch {
      throw .file(error)
    }
  }

  private static func read(
    _ source: RandomAccessFile, into bytes: UnsafeMutableRawBufferPointer, offset: Int
  ) throws(SafetensorsError) {
    do {
      try source.read(into: bytes, offset: offset)
    } catch {
      throw .file(error)
    }
  }
}
