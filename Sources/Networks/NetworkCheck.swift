/// Whether nodes fit together. Networks come from files of strangers: nothing here overflows or allocates more than a few values for each node.
extension NetworkDefinition {
  /// The most nodes that a network may have, and the largest ``sizeMultiple``.
  private static let (maximumNodes, maximumMultiple) = (4096, 256)

  /// Checks all that does not depend on the size of pictures: operands, channels, ranges, names, and that a picture comes out.
  ///
  /// - Throws: ``ModelError/malformedNetwork(network:node:reason:)`` for the first node that does not fit.
  public func check() throws {
    var names: Set<String> = []
    for (index, node) in nodes.enumerated() where node.operation.isNamed {
      guard !node.name.isEmpty, names.insert(node.name).inserted else {
        throw malformed(index, "it needs a name of its own for its parameters")
      }
    }
    let extent = 64 * min(sizeMultiple, Self.maximumMultiple)
    _ = try shapes(height: extent, width: extent)
  }

  /// The shape of each node's value for a picture of `height` × `width`.
  ///
  /// - Throws: ``ModelError/malformedNetwork(network:node:reason:)`` where the nodes do not fit together or where the output is not a
  ///   picture of the input's size.
  public func shapes(height: Int, width: Int) throws -> [FeatureShape] {
    try checkOperands()
    try checkCanvas()
    let picture = FeatureShape(height: height, width: width, channels: 3)
    var shapes: [FeatureShape] = []
    shapes.reserveCapacity(nodes.count)
    for (index, node) in nodes.enumerated() {
      do throws(ShapeError) {
        let shape = try node.operation.shape(
          of: node.inputs.map { shapes[$0] }, picture: picture, multiple: sizeMultiple)
        try shape.checkSize()
        shapes.append(shape)
      } catch {
        throw malformed(index, error.reason)
      }
    }
    if let canvas = canvasIndex, let draft = nodes.last?.inputs.last, shapes[draft] != shapes[canvas] {
      throw malformed(draft, "the draft is \(shapes[draft]), expected the canvas' \(shapes[canvas])")
    }
    guard shapes.last == picture else {
      throw malformed(nodes.count - 1, "the output is \(shapes[nodes.count - 1]), expected the input's \(picture)")
    }
    return shapes
  }

  /// Whether each node reads as many earlier nodes as it must: there are no cycles then.
  private func checkOperands() throws {
    guard nodes.first?.operation == .input else { throw malformed(0, "the first node is not the input") }
    guard nodes.count <= Self.maximumNodes else {
      throw malformed(Self.maximumNodes, "\(nodes.count) nodes, expected at most \(Self.maximumNodes)")
    }
    for (index, node) in nodes.enumerated() {
      let operands = node.operation.operandCount
      guard node.inputs.count == operands, node.inputs.allSatisfy({ (0..<index).contains($0) }),
        index == 0 || node.operation != .input
      else { throw malformed(index, "it must read \(operands) earlier node(s), but reads \(node.inputs.prefix(4))") }
    }
    guard sizeMultiple <= Self.maximumMultiple else {
      throw malformed(
        nodes.count - 1,
        "pictures would have to be multiples of \(sizeMultiple) pixels, expected at most \(Self.maximumMultiple)")
    }
  }

  /// Whether canvas and revision are where they belong: what lies between them is a network on pictures of the canvas' size.
  private func checkCanvas() throws {
    let canvas = canvasIndex
    for (index, node) in nodes.enumerated() {
      let isRevision = if case .revision = node.operation { true } else { false }
      switch node.operation {
      case .canvas:
        guard index == canvas else { throw malformed(index, "a network has one canvas") }
        guard node.inputs == [0] else { throw malformed(index, "a canvas reads the input") }
        guard nodes.count > 1, case .revision = nodes[nodes.count - 1].operation else {
          throw malformed(index, "a canvas without a revision at the end")
        }
      case .revision:
        guard let canvas, index == nodes.count - 1, node.inputs[0] == 0, node.inputs[1] >= canvas else {
          throw malformed(index, "a revision ends a network with a canvas, and reads the input and what was painted")
        }
      default: break
      }
      if canvas != nil, !isRevision, index != canvas, node.inputs.contains(0) {
        throw malformed(index, "nothing but a canvas and its revision may read the input beside the canvas")
      }
    }
  }

  private var canvasIndex: Int? {
    nodes.firstIndex { if case .canvas = $0.operation { true } else { false } }
  }

  /// An error about node `index`.
  private func malformed(_ index: Int, _ reason: String) -> ModelError {
    let name = nodes.indices.contains(index) ? nodes[index].name : ""
    return .malformedNetwork(
      network: self.name, node: name.isEmpty ? "\(index)" : "\(index) ('\(name)')", reason: reason)
  }
}
