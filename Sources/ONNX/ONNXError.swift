import Safetensors

/// An error in an ONNX file, or in a network that cannot be converted.
public enum ONNXError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file cannot be read.
  case unreadable(file: String, reason: String)
  /// The file is not an ONNX model, or one that no other program would read.
  case malformed(file: String, reason: String)
  /// A node computes something that the networks of this package cannot.
  case unsupportedNode(file: String, node: String, operator: String, reason: String)
  /// The graph as a whole is not a network from picture to picture.
  case unsupportedGraph(file: String, reason: String)
  /// A network cannot be written for pictures of a fixed size.
  case unsupportedSize(width: Int, height: Int)

  /// One sentence with the file, what was found and what was expected.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
    case .malformed(let file, let reason): "\(file): not an ONNX model: \(printable(reason))"
    case .unsupportedNode(let file, let node, let type, let reason):
      "\(file): node '\(printable(node))' (\(printable(type))) is not supported: \(printable(reason))"
    case .unsupportedGraph(let file, let reason): "\(file): not supported: \(printable(reason))"
    case .unsupportedSize(let width, let height):
      "a picture of \(width)×\(height) is out of range; expected 16×16 to 65536×65536"
    }
  }
}
