/// A network architecture as data: a list of nodes in evaluation order. The last node is the output.
///
/// A network is defined only here. The trainer records the nodes on its tape, the inference engine compiles them into
/// its plan, and a model file stores them in its metadata as JSON, from which readers rebuild the network:
///
///     {"name": "…", "width": 1, "nodes": [
///       {"name": "", "operation": {"input": {}}, "inputs": []},
///       {"name": "head", "operation": {"convolution": {"inputChannels": 3, …}}, "inputs": [0]}, …]}
public struct NetworkDefinition: Hashable, Sendable {
  /// The name of the architecture on the command line, as in `--network`. It is only a label: the nodes determine the
  /// computation.
  public let name: String
  /// The factor by which the channels of `name` are multiplied to give these nodes. It is only a label, too.
  public let width: Double
  /// The nodes. A node comes after the nodes that it reads.
  public let nodes: [Node]
  /// The number of which the input's height and width must be multiples for the output to have the same size: the
  /// product of all reductions on the way to the smallest value. If there is a canvas, its extents are such multiples
  /// and the input may have any size.
  public let sizeMultiple: Int

  /// Creates a network. Call ``check()`` to find out whether the nodes fit together.
  public init(name: String, width: Double = 1, nodes: [Node]) {
    self.name = name
    self.width = width
    self.nodes = nodes
    sizeMultiple = Self.sizeMultiple(of: nodes)
  }

  /// The parameters in the order of the nodes.
  public var parameters: [ParameterSpecification] {
    nodes.enumerated().flatMap { index, node in
      node.operation.parameters(of: node.name, shuffleFactor: shuffleFactor(behind: index))
    }
  }

  /// Returns the factor of the pixel shuffle that directly follows node `index`; nil if there is none.
  private func shuffleFactor(behind index: Int) -> Int? {
    guard index + 1 < nodes.count, nodes[index + 1].inputs == [index],
      case .pixelShuffle(let factor) = nodes[index + 1].operation
    else { return nil }
    return factor
  }

  /// Returns whether both networks have the same operations and names in the same order, regardless of the numbers of
  /// channels.
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

  /// Returns the number of multiply-adds for one picture. Without a canvas, `height` and `width` are multiples of
  /// ``sizeMultiple``.
  ///
  /// - Throws: ``ModelError/malformedNetwork(network:node:reason:)`` if the nodes do not fit together at this size.
  public func multiplyAdds(height: Int, width: Int) throws -> Int {
    try zip(nodes, shapes(height: height, width: width)).reduce(0) { $0 + $1.0.operation.multiplyAdds(output: $1.1) }
  }

  /// Returns the largest reduction of a node's value relative to the picture or the canvas. Numbers that are out of
  /// range, which ``check()`` rejects, give an arbitrary value.
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

  /// Decodes a network without checking its nodes, see ``check()``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decode(String.self, forKey: .name), width: try container.decode(Double.self, forKey: .width),
      nodes: try container.decode([Node].self, forKey: .nodes))
  }
}
