import Tensors

/// One tensor in a file: what it is and where its bytes lie.
public struct SafetensorsEntry: Sendable, Hashable {
  /// The tensor's name, unique in the file.
  public let name: String
  /// How an element is stored.
  public let dataType: SafetensorsDataType
  /// The extents, outermost first; empty for a scalar.
  public let shape: Shape
  /// The bytes of the tensor, counted from the end of the header.
  public let byteRange: Range<Int>
}

/// What the header of a safetensors file says.
///
/// The format (<https://huggingface.co/docs/safetensors>): eight bytes with the header's length `n` as a little-endian
/// integer, `n` bytes of JSON, then the tensors' elements, little-endian and row-major, without gaps.
public struct SafetensorsFile: Sendable, Hashable {
  /// The free key-value text under `__metadata__`.
  public let metadata: [String: String]
  /// The tensors by name.
  public let tensors: [String: SafetensorsEntry]
}
