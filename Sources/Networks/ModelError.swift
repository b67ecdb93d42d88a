import Safetensors

/// An error in a model or a network.
public enum ModelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no architecture with this name.
  case unknownNetwork(String)
  /// A network's description contains an invalid choice.
  case invalidDescription(description: String, found: String, expected: String)
  /// The width multiplier is out of range.
  case invalidWidth(Double)
  /// The nodes do not fit together.
  case malformedNetwork(network: String, node: String, reason: String)
  /// The number of lines of a canvas is out of range.
  case invalidCanvas(lines: Int)
  /// The size of strokes is neither a known word nor a number of lines.
  case invalidStrokes(found: String)
  /// A size of strokes was chosen for styles without a canvas.
  case noCanvas(styles: [String])
  /// The file has no metadata of a style model, or an unknown version of it.
  case foreignFile(file: String, found: String, expected: String)
  /// The file lacks a tensor that the network needs.
  case missingParameter(file: String, name: String, shape: [Int])
  /// A tensor has a different shape than the network expects.
  case wrongShape(file: String, name: String, found: [Int], expected: [Int])
  /// The file contains a tensor that the network does not use.
  case unknownParameter(file: String, name: String, network: String)
  /// A parameter contains NaN or infinity.
  case nonFiniteParameter(file: String, name: String)
  /// A variance is negative.
  case negativeVariance(file: String, name: String)

  /// One sentence with the file, what was found and what was expected.
  public var description: String {
    switch self {
    case .unknownNetwork(let name):
      "there is no network '\(printable(name))'; expected \(NetworkDefinition.names.joined(separator: ", ")) "
        + "or a description that begins with \(NetworkDescription.presetNames.joined(separator: " or "))"
    case .invalidDescription(let description, let found, let expected):
      "the network '\(printable(description))' has \(printable(found)); expected \(expected)"
    case .invalidWidth(let width): "a network width of \(width) is out of range; expected 0.125 to 4"
    case .malformedNetwork(let network, let node, let reason):
      "network '\(printable(network))', node \(printable(node)): \(reason)"
    case .invalidCanvas(let lines):
      "a canvas of \(lines) lines is out of range; expected \(Canvas.lines.lowerBound) to \(Canvas.lines.upperBound)"
    case .invalidStrokes(let found): "the stroke size '\(printable(found))' is invalid; expected \(Strokes.choices)"
    case .noCanvas(let styles):
      (styles.count == 1 ? "the style " : "the styles ")
        + styles.map { "'\(printable($0))'" }.joined(separator: " and ")
        + (styles.count == 1 ? " has no canvas, so the size of its" : " have no canvas, so the size of their")
        + " strokes cannot be chosen"
    case .foreignFile(let file, let found, let expected):
      "\(file): not a style model: found \(printable(found)), expected \(expected)"
    case .missingParameter(let file, let name, let shape): "\(file): tensor '\(name)' of shape \(shape) is missing"
    case .wrongShape(let file, let name, let found, let expected):
      "\(file): tensor '\(name)' has shape \(found), expected \(expected)"
    case .unknownParameter(let file, let name, let network):
      "\(file): tensor '\(printable(name))' does not belong to the network '\(network)'"
    case .nonFiniteParameter(let file, let name): "\(file): tensor '\(name)' contains values that are not finite"
    case .negativeVariance(let file, let name): "\(file): tensor '\(name)' contains negative variances"
    }
  }
}
