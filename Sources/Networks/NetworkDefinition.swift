/// An architecture as data: nodes in the order in which they can be computed; the last one is the output.
///
/// This is the only place where a network is written down. The trainer records the nodes on its tape, the inference engine compiles them
/// into its plan, and a model file holds them as JSON in its metadata, which is what a reader builds the network from:
///
///     {"name": "…", "width": 1, "nodes": [
///       {"name": "", "operation": {"input": {}}, "inputs": []},
///       {"name": "head", "operation": {"convolution": {"inputChannels": 3, …}}, "inputs": [0]}, …]}
public struct NetworkDefinition: Hashable, Sendable {
  /// What the architecture is called on a command line, as in `--network`. A label: the nodes say what is computed.
  public let name: String
  /// The multiplier of every layer's channels with which `name` gives these nodes; a label too.
  public let width: Double
  /// The nodes; inputs precede what reads them.
  public let nodes: [Node]
  /// Height and width of the input must be multiples of this for the output to have the same size: the product of all reductions on the
  /// way to the smallest value. Where there is a canvas, its extents are such multiples, and the input may have any.
  public let sizeMultiple: Int

  /// An architecture of one's own; ``check()`` says whether the nodes fit together.
  public init(name: String, width: Double = 1, nodes: [Node]) {
    self.name = name
    self.width = width
    self.nodes = nodes
    sizeMultiple = Self.sizeMultiple(of: nodes)
  }

  /// The parameters, in the order of the nodes.
  public var parameters: [ParameterSpecification] {
    nodes.enumerated().flatMap { index, node in
      node.operation.parameters(of: node.name, shuffleFactor: shuffleFactor(behind: index))
    }
  }

  /// The factor of the pixel shuffle right behind node `index`; nil where there is none.
  private func shuffleFactor(behind index: Int) -> Int? {
    guard index + 1 < nodes.count, nodes[index + 1].inputs == [index],
      case .pixelShuffle(let factor) = nodes[index + 1].operation
    else { return nil }
    return factor
  }

  /// Whether the two networks have the same operations and names in the same order, with any numbers of channels.
  public func hasKind(of other: NetworkDefinition) -> Bool {
    nodes.count == other.nodes.count
      && zip(nodes, other.nodes).allSatisfy {
        $0.name == $1.name && $0.inputs == $1.inputs && $0.operation.withoutChannels == $1.operation.withoutChannels
      }
  }

  /// The number of trained values.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + ($1.isTrained ? $1.shape.reduce(1, *) : 0) }
  }

  /// Multiply-adds for one picture of `height` × `width`, both multiples of ``sizeMultiple`` where there is no canvas.
  ///
  /// - Throws: ``ModelError/malformedNetwork(network:node:reason:)`` where the nodes do not fit together at this size.
  public func multiplyAdds(height: Int, width: Int) throws -> Int {
    try zip(nodes, shapes(height: height, width: width)).reduce(0) { $0 + $1.0.operation.multiplyAdds(output: $1.1) }
  }

  /// The largest reduction of a node's value against the picture, or against the canvas. Numbers out of range, which ``check()`` finds,
  /// give some number in range.
  private static func sizeMultiple(of nodes: [Node]) -> Int {
    let limit = 1 << 16
    var reductions: [(numerator: Int, denominator: Int)] = []
    var result = 1
    for (index, node) in nodes.enumerated() {
      guard let source = node.inputs.first, (0..<index).contains(source) else {
        reductions.append((1, 1))
        continue
      }
      let own = node.operation.reduction
      func product(_ first: Int, _ second: Int) -> Int { min(max(first, 1) * min(max(second, 1), limit), limit) }
      var reduction = (
        numerator: product(reductions[source].numerator, own.numerator),
        denominator: product(reductions[source].denominator, own.denominator)
      )
      while reduction.numerator % 2 == 0, reduction.denominator % 2 == 0 {
        reduction = (reduction.numerator / 2, reduction.denominator / 2)
      }
      if reduction.numerator % reduction.denominator == 0 {
        reduction = (reduction.numerator / reduction.denominator, 1)
      }
      reductions.append(reduction)
      result = max(result, reduction.numerator)
    }
    return result
  }
}

extension NetworkDefinition: Codable {
  private enum CodingKeys: String, CodingKey { case name, width, nodes }

  /// Reads a network; the nodes are not checked, see ``check()``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decode(String.self, forKey: .name), width: try container.decode(Double.self, forKey: .width),
      nodes: try container.decode([Node].self, forKey: .nodes))
  }
}
