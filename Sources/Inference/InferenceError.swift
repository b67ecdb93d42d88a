import Networks

/// An error that prevents a network from running.
public enum InferenceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The size of the picture is out of range.
  case unsupportedSize(width: Int, height: Int)
  /// The rows of a picture would overlap.
  case strideTooSmall(stride: Int, width: Int)
  /// A picture of floats has a different shape than the engine.
  case wrongInput(found: [Int], expected: [Int])
  /// The number of lines of a canvas is out of range.
  case unsupportedCanvas(lines: Int)
  /// The buffers would not fit into memory. Both figures are in bytes.
  case insufficientMemory(width: Int, height: Int, needed: Int, available: Int)
  /// The model lacks a parameter of a layer.
  case missingParameter(name: String, shape: [Int])
  /// A parameter has a different shape than its layer.
  case wrongShape(name: String, found: [Int], expected: [Int])

  /// One sentence with what was found and what was expected.
  public var description: String {
    switch self {
    case .unsupportedSize(let width, let height):
      "a picture of \(width)×\(height) cannot be stylized; expected 1×1 to "
        + "\(LoweredPlan.maximumExtent)×\(LoweredPlan.maximumExtent)"
    case .strideTooSmall(let stride, let width):
      "rows \(stride) bytes apart overlap; \(width) pixels of 3 bytes need \(3 * width)"
    case .wrongInput(let found, let expected): "a picture of shape \(found) was given, expected \(expected)"
    case .unsupportedCanvas(let lines): ModelError.invalidCanvas(lines: lines).description
    case .insufficientMemory(let width, let height, let needed, let available):
      "stylizing \(width)×\(height) needs \(Self.megabytes(needed)) MB of memory, but \(Self.megabytes(available)) MB "
        + "are available; a smaller size or a narrower network needs less"
    case .missingParameter(let name, let shape): "the model has no tensor '\(name)' of shape \(shape)"
    case .wrongShape(let name, let found, let expected):
      "the model's tensor '\(name)' has shape \(found), expected \(expected)"
    }
  }

  private static func megabytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
