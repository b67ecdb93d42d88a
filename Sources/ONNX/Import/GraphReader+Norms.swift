import Kernels
import Networks

// Norms, as operators of their own or in single operators.

extension GraphReader {
  mutating func instanceNorm(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    guard !input.isChannelsLast, constants.count == 3, let scale = constants[1], let shift = constants[2],
      scale.values.count == input.channels, shift.values.count == input.channels
    else { throw NodeFault("its scale and shift are not constants for \(input.channels) channels") }
    return try normalized(
      input, epsilon: Double(node.float("epsilon") ?? 1e-5), scale.floats, shift.floats, name: layerName(node))
  }

  /// Appends an instance norm. Ours has an epsilon of its own: scaling its input by `√(ours / epsilon)` gives another.
  private mutating func normalized(
    _ input: Feature, epsilon: Double, _ scale: [Float], _ shift: [Float], name: String
  ) throws(NodeFault) -> Feature {
    guard epsilon.isFinite, epsilon > 1e-20, (scale + shift).allSatisfy(\.isFinite) else {
      throw NodeFault("an epsilon of \(epsilon) or parameters that are not finite")
    }
    var source = input.node
    let own = Double(InstanceNorm.epsilon)
    if abs(epsilon / own - 1) > 1e-3 {
      source = assembly.append(.affine(scale: Float((own / epsilon).squareRoot()), offset: 0), [source])
    }
    return feature(
      input,
      node: assembly.append(
        .instanceNorm(channels: input.channels), [source], name: name, ["weight": scale, "bias": shift]))
  }

  mutating func batchNorm(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    guard (node.integer("training_mode") ?? 0) == 0, !input.isChannelsLast, constants.count >= 5 else {
      throw NodeFault("it is in training mode or lacks stored statistics")
    }
    let parts = constants[1..<5].compactMap { $0?.values }
    guard parts.count == 4, parts.allSatisfy({ $0.count == input.channels && $0.allSatisfy(\.isFinite) }) else {
      throw NodeFault("its parameters are not finite constants for \(input.channels) channels")
    }
    let epsilon = Double(node.float("epsilon") ?? 1e-5)
    guard parts[3].allSatisfy({ $0 + epsilon > 0 }) else { throw NodeFault("a variance is negative") }
    let scales = zip(parts[0], parts[3]).map { $0 / ($1 + epsilon).squareRoot() }
    let offsets = zip(parts[1], zip(parts[2], scales)).map { $0 - $1.0 * $1.1 }
    guard (scales + offsets).allSatisfy({ Float($0).isFinite }) else { throw NodeFault("its numbers are out of range") }
    return feature(input, node: assembly.appendMap(scales, offsets, input.node, name: layerName(node)))
  }

  /// Returns the value of an operator that is a part of an instance norm; nil for others.
  mutating func moment(
    of node: GraphNode, _ inputs: [GraphValue?], _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> GraphValue? {
    let second = inputs.count > 1 ? inputs[1] : nil
    let number = constants.count > 1 ? constants[1]?.scalar : nil
    switch (node.type, inputs.first ?? nil, second) {
    case ("ReduceMean", .feature(let feature)?, _) where averagesPixels(node, constants, feature):
      return .moment(.mean(feature))
    case ("GlobalAveragePool", .feature(let feature)?, _) where !feature.isChannelsLast:
      return .moment(.mean(feature))
    case ("ReduceMean", .moment(.squared(let feature))?, _) where averagesPixels(node, constants, feature):
      return .moment(.variance(feature, epsilon: 0))
    case ("Sub", .feature(let feature)?, .moment(.mean(let other))?) where feature == other:
      return .moment(.centred(feature))
    case ("Mul", .moment(.centred(let feature))?, .moment(.centred(let other))?) where feature == other:
      return .moment(.squared(feature))
    case ("Pow", .moment(.centred(let feature))?, _) where number == 2: return .moment(.squared(feature))
    case ("Add", .moment(.variance(let feature, let epsilon))?, _):
      return number.map { .moment(.variance(feature, epsilon: epsilon + $0)) }
    case ("Add", .constant(let constant)?, .moment(.variance(let feature, let epsilon))?):
      return constant.scalar.map { .moment(.variance(feature, epsilon: epsilon + $0)) }
    case ("Sqrt", .moment(.variance(let feature, let epsilon))?, _):
      return .moment(.deviation(feature, epsilon: epsilon))
    case ("Pow", .moment(.variance(let feature, let epsilon))?, _) where number == 0.5:
      return .moment(.deviation(feature, epsilon: epsilon))
    case ("Pow", .moment(.variance(let feature, let epsilon))?, _) where number == -0.5:
      return .moment(.inverseDeviation(feature, epsilon: epsilon))
    case ("Reciprocal", .moment(.deviation(let feature, let epsilon))?, _):
      return .moment(.inverseDeviation(feature, epsilon: epsilon))
    case ("Div", .constant(let one)?, .moment(.deviation(let feature, let epsilon))?) where one.scalar == 1:
      return .moment(.inverseDeviation(feature, epsilon: epsilon))
    case ("Div", .moment(.centred(let feature))?, .moment(.deviation(let other, let epsilon))?) where feature == other:
      return .feature(try unit(feature, epsilon: epsilon, node))
    case ("Mul", .moment(.centred(let feature))?, .moment(.inverseDeviation(let other, let epsilon))?)
    where feature == other:
      return .feature(try unit(feature, epsilon: epsilon, node))
    default: return nil
    }
  }

  private mutating func unit(_ feature: Feature, epsilon: Double, _ node: GraphNode) throws(NodeFault) -> Feature {
    guard !feature.isPending else { throw NodeFault("it reads padding, which only a Conv can read") }
    return try normalized(
      feature, epsilon: epsilon, [Float](repeating: 1, count: feature.channels),
      [Float](repeating: 0, count: feature.channels), name: node.name)
  }

  private func averagesPixels(_ node: GraphNode, _ constants: [ConstantTensor?], _ feature: Feature) -> Bool {
    let axes = node.integers("axes") ?? (constants.count > 1 ? constants[1]?.integers : nil) ?? []
    let rank = feature.shape.count
    return (node.integer("keepdims") ?? 1) == 1
      && axes.map { $0 < 0 ? $0 + rank : $0 }.sorted() == feature.pixelAxes
  }
}
