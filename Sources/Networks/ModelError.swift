import Safetensors

/// What is wrong with a model, in one sentence.
public enum ModelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// No architecture has this name.
  case unknownNetwork(String)
  /// The description of a candidate network makes no network.
  case invalidCandidate(description: String, found: String, expected: String)
  /// The width multiplier is out of range.
  case invalidWidth(Double)
  /// The nodes do not fit together.
  case malformedNetwork(network: String, node: String, reason: String)
  /// The canvas would have too few lines or too many.
  case invalidCanvas(lines: Int)
  /// What should tell how large strokes are is no word for it and no number of lines.
  case invalidStrokes(found: String)
  /// The size of the strokes was chosen for styles none of which has a canvas.
  case noCanvas(styles: [String])
  /// The file has no style model's metadata, or a version that this program does not know.
  case foreignFile(file: String, found: String, expected: String)
  /// A tensor that the network needs is not in the file.
  case missingParameter(file: String, name: String, shape: [Int])
  /// A tensor has other extents than the network's.
  case wrongShape(file: String, name: String, found: [Int], expected: [Int])
  /// The file holds a tensor that the network does not know.
  case unknownParameter(file: String, name: String, network: String)
  /// A parameter is not a number or is infinite.
  case nonFiniteParameter(file: String, name: String)
  /// A variance is below zero.
  case negativeVariance(file: String, name: String)

  /// The sentence.
  public var description: String {
    switch self {
    case .unknownNetwork(let name):
      "there is no network '\(printable(name))'; known are \(NetworkDefinition.names.joined(separator: ", ")) "
        + "and descriptions that begin with \(CandidateNetwork.presetNames.joined(separator: ", "))"
    case .invalidCandidate(let description, let found, let expected):
      "the network '\(printable(description))' has \(printable(found)); expected \(expected)"
    case .invalidWidth(let width): "a network width of \(width) is out of range; expected 0.125 to 4"
    case .malformedNetwork(let network, let node, let reason):
      "network '\(printable(network))', node \(printable(node)): \(reason)"
    case .invalidCanvas(let lines):
      "a canvas of \(lines) lines is out of range; expected \(Canvas.lines.lowerBound) to \(Canvas.lines.upperBound)"
    case .invalidStrokes(let found): "strokes of size '\(printable(found))'; expected \(Strokes.choices)"
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
    case .nonFiniteParameter(let file, let name): "\(file): tensor '\(name)' holds values that are not finite numbers"
    case .negativeVariance(let file, let name): "\(file): tensor '\(name)' holds variances below zero"
    }
  }
}
