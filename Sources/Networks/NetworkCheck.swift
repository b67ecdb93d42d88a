/// Checks of networks. They may come from untrusted files, so no check overflows or allocates more than a few values
/// per node.
extension NetworkDefinition {
  /// The maximum number of nodes, and the maximum of ``sizeMultiple``.
  private static let (maximumNodes, maximumMultiple) = (4096, 256)

  /// Checks everything that does not depend on the size of pictures: operands, channels, ranges, names, and that the
  /// output is a picture.
  ///
  /// - Throws: ``ModelError/malformedNetwork(network:node:reason:)`` for the first node that does not fit.
  public func check() throws {
    let extent = 64 * min(sizeMultiple, Self.maximumMultiple)
    _ = try shapes(height: extent, width: extent)
    // The numbers are in range now.
    var names: Set<String> = []
    for (index, node) in nodes.enumerated() where node.operation.isNamed {
      guard !node.name.isEmpty, names.insert(node.name).inserted else {
        throw malformed(index, "it needs a unique name for its parameters")
      }
    }
  }

  /// Returns the shape of each node's value for a picture of `height` × `width`.
  ///
  /// - Throws: ``ModelError/malformedNetwork(network:node:reason:)`` if the nodes do not fit together or the output is
  ///   not a picture of the input's size.
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
      throw malformed(draft, "the draft is \(shapes[draft]), expected the canvas's \(shapes[canvas])")
    }
    guard shapes.last == picture else {
      throw malformed(nodes.count - 1, "the output is \(shapes[nodes.count - 1]), expected the input's \(picture)")
    }
    return shapes
  }

  /// Checks that each node reads the right number of earlier nodes, which rules out cycles.
  private func checkOperands() throws {
    guard nodes.first?.operation == .input else { throw malformed(0, "the first node is not the input") }
    guard nodes.count <= Self.maximumNodes else {
      throw malformed(Self.maximumNodes, "\(nodes.count) nodes, expected at most \(Self.maximumNodes)")
    }
    for (index, node) in nodes.enumerated() {
      let operands = node.operation.operandCount
      guard node.inputs.count == operands, node.inputs.allSatisfy({ (0..<index).contains($0) }),
        index == 0 || node.operation != .input
      else { throw malformed(index, "it must read \(operands) earlier node(s) but reads \(node.inputs.prefix(4))") }
    }
    guard sizeMultiple <= Self.maximumMultiple else {
      throw malformed(
        nodes.count - 1,
        "pictures would have to be multiples of \(sizeMultiple) pixels, expected at most \(Self.maximumMultiple)")
    }
  }

  /// Checks the positions of the canvas and the revision. The nodes between them must form a network on pictures of the
  /// canvas's size.
  private func checkCanvas() throws {
    let canvas = canvasIndex
    for (index, node) in nodes.enumerated() {
      let isRevision = if case .revision = node.operation { true } else { false }
      switch node.operation {
      case .canvas:
        guard index == canvas else { throw malformed(index, "a network can have only one canvas") }
        guard node.inputs == [0] else { throw malformed(index, "a canvas must read the input") }
        guard nodes.count > 1, case .revision = nodes[nodes.count - 1].operation else {
          throw malformed(index, "a network with a canvas must end with a revision")
        }
      case .revision:
        guard let canvas, index == nodes.count - 1, node.inputs[0] == 0, node.inputs[1] >= canvas else {
          throw malformed(
            index, "a revision must be the last node of a network with a canvas and read the input and the draft")
        }
      default: break
      }
      if canvas != nil, !isRevision, index != canvas, node.inputs.contains(0) {
        throw malformed(index, "only the canvas and the revision may read the input of a network with a canvas")
      }
    }
  }

  private var canvasIndex: Int? {
    nodes.firstIndex { if case .canvas = $0.operation { true } else { false } }
  }

  /// Returns an error about node `index`.
  private func malformed(_ index: Int, _ reason: String) -> ModelError {
    let name = nodes.indices.contains(index) ? nodes[index].name : ""
    return .malformedNetwork(
      network: self.name, node: name.isEmpty ? "\(index)" : "\(index) ('\(name)')", reason: reason)
  }
}
