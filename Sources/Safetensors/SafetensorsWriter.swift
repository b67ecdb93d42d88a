import Files
import FoundationEssentials
import Tensors

/// Writes safetensors files.
public enum SafetensorsWriter {
  /// The element type in the file.
  public enum Storage: Sendable {
    /// The elements unchanged.
    case float32
    /// Rounded to the nearest half-precision number; magnitudes above 65504 become infinite.
    case float16

    var dataType: SafetensorsDataType { self == .float32 ? .float32 : .float16 }
  }

  /// Writes `tensors` and `metadata` to `path`. The same arguments give the same bytes.
  ///
  /// The file appears only when it is complete. Tensors are stored in the order of their names.
  ///
  /// - Parameter storage: The element type of each tensor, by name; `float32` for tensors that are not listed.
  /// - Throws: ``SafetensorsError`` if a name occurs twice or is `__metadata__`, or if the file cannot be written.
  package static func write(
    tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String,
    storage: [String: Storage] = [:]
  ) throws(SafetensorsError) {
    let sorted = tensors.sorted { $0.name < $1.name }
    var entries: [SafetensorsEntry] = []
    var position = 0
    for (name, tensor) in sorted {
      let dataType = (storage[name] ?? .float32).dataType
      guard name != SafetensorsHeader.metadataKey else {
        throw .cannotStore(path: path, tensor: name, problem: "has a name that the format reserves")
      }
      guard entries.last?.name != name else {
        throw .cannotStore(path: path, tensor: name, problem: "occurs twice")
      }
      let end = position + tensor.count * dataType.byteCount
      entries.append(
        SafetensorsEntry(name: name, dataType: dataType, shape: tensor.shape, byteRange: position..<end))
      position = end
    }
    let header: Data
    do {
      header = try SafetensorsHeader.encode(entries, metadata: metadata)
    } catch {
      throw .cannotStore(path: path, tensor: sorted.first?.name ?? "", problem: "cannot be described in JSON")
    }
    do throws(FileError) {
      let file = try AtomicFile(path: path)
      try file.write([UInt64(header.count).littleEndian])
      try file.write(Array(header))
      for (name, tensor) in sorted { try write(tensor, storage[name] ?? .float32, to: file) }
      try file.commit()
    } catch {
      throw .file(error)
    }
  }

  private static func write(_ tensor: Tensor, _ storage: Storage, to file: AtomicFile) throws(FileError) {
    switch storage {
    case .float32:
      try file.write(UnsafeRawBufferPointer(tensor.buffer))
    case .float16:
      let chunkLength = 65_536
      for start in stride(from: 0, to: tensor.count, by: chunkLength) {
        let chunk = tensor.buffer[start..<min(start + chunkLength, tensor.count)]
        try file.write(chunk.map { Float16($0).bitPattern.littleEndian })
      }
    }
  }
}
