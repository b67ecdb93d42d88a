import Tensors

/// A tensor in a file: its type, its shape and the position of its bytes.
package struct SafetensorsEntry: Sendable, Hashable {
  /// The tensor's name, unique in the file.
  package let name: String
  /// The element type.
  package let dataType: SafetensorsDataType
  /// The extents, outermost first; empty for a scalar.
  package let shape: Shape
  /// The byte range of the tensor, relative to the end of the header.
  package let byteRange: Range<Int>
}

/// The content of a safetensors file's header.
///
/// The format (<https://huggingface.co/docs/safetensors>) starts with the header's length `n`, a little-endian 64-bit
/// integer. `n` bytes of JSON follow, then the tensors' elements, little-endian and row-major, without gaps.
package struct SafetensorsFile: Sendable, Hashable {
  /// The key-value text under `__metadata__`.
  package let metadata: [String: String]
  /// The tensors by name.
  package let tensors: [String: SafetensorsEntry]
}
