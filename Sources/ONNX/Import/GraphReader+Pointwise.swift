import Networks

// Functions of single values, and arithmetic with constants.

extension GraphReader {
  mutating func activation(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    let source = [input.node]
    switch node.type {
    case "Relu": return feature(input, node: assembly.append(.relu, source))
    case "Neg": return feature(input, node: assembly.append(.affine(scale: -1, offset: 0), source))
    case "LeakyRelu":
      let slope = node.float("alpha") ?? 0.01
      guard slope.isFinite else { throw NodeFault("a slope of \(slope)") }
      return rectified(input, [Float](repeating: slope, count: input.channels), node)
    case "PRelu":
      guard constants.count > 1, let slopes = constants[1],
        let values = perChannel(slopes, of: input), values.allSatisfy(\.isFinite)
      else { throw NodeFault("its slopes are not a finite constant for each channel") }
      return rectified(input, values.map { Float($0) }, node)
    case "Clip":
      let minimum = node.float("min") ?? bound(constants, 1) ?? -.greatestFiniteMagnitude
      let maximum = node.float("max") ?? bound(constants, 2) ?? .greatestFiniteMagnitude
      guard minimum < maximum, minimum.isFinite || minimum == -.infinity, maximum.isFinite || maximum == .infinity
      else { throw NodeFault("its range is \(minimum) to \(maximum)") }
      let (low, high) = (
        max(minimum, -.greatestFiniteMagnitude), min(maximum, .greatestFiniteMagnitude)
      )
      return feature(input, node: assembly.appendClamp(low, high, input.node))
    case "Tanh": return feature(input, node: assembly.append(.scaledTanh(scale: 1, offset: 0), source))
    case "HardSigmoid":
      let (slope, offset) = (node.float("alpha") ?? 0.2, node.float("beta") ?? 0.5)
      guard slope.isFinite, offset.isFinite else { throw NodeFault("a slope of \(slope) and an offset of \(offset)") }
      let line = assembly.append(.affine(scale: slope, offset: offset), source)
      return feature(input, node: assembly.appendClamp(0, 1, line))
    default:
      // The sigmoid function is (1 + tanh(x/2))/2.
      let half = assembly.append(.affine(scale: 0.5, offset: 0), source)
      return feature(input, node: assembly.append(.scaledTanh(scale: 0.5, offset: 0.5), [half]))
    }
  }

  /// The larger or the smaller one of a feature and a number.
  mutating func bounded(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    guard constants.count == 2, let bound = bound(constants, 1), bound.isFinite else {
      throw NodeFault("it has \(constants.count) operands, expected a feature and a finite number")
    }
    let limit = Float.greatestFiniteMagnitude
    return feature(
      input,
      node: node.type == "Max"
        ? assembly.appendClamp(bound, limit, input.node) : assembly.appendClamp(-limit, bound, input.node))
  }

  /// The sum of any number of features.
  mutating func sum(_ node: GraphNode, _ input: Feature, _ inputs: [GraphValue?]) throws(NodeFault) -> Feature {
    var result = input
    for other in inputs.dropFirst() {
      guard case .feature(let other)? = other, !other.isPending, other.shape == input.shape else {
        throw NodeFault("its operands are not features of the same shape")
      }
      result.node = assembly.append(.add, [result.node, other.node])
    }
    return result
  }

  private func bound(_ constants: [ConstantTensor?], _ place: Int) -> Float? {
    constants.count > place ? constants[place]?.scalar.map { Float($0) } : nil
  }

  private mutating func rectified(_ input: Feature, _ slopes: [Float], _ node: GraphNode) -> Feature {
    if let slope = slopes.first, (0...1).contains(slope), slopes.allSatisfy({ $0 == slope }) {
      return feature(
        input, node: assembly.append(slope == 0 ? .relu : .leakyReLU(slope: slope), [input.node]))
    }
    return feature(
      input,
      node: assembly.append(
        .parametricReLU(channels: input.channels), [input.node], name: layerName(node), ["weight": slopes]))
  }

  mutating func arithmetic(
    _ node: GraphNode, _ input: Feature, _ inputs: [GraphValue?], _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    guard inputs.count == 2 else { throw NodeFault("it has \(inputs.count) operands") }
    if let constant = constants[1] { return try mapped(input, by: constant, node) }
    guard case .feature(let other)? = inputs[1], !other.isPending, other.shape == input.shape else {
      throw NodeFault("its operands have different shapes, or one is a part of a norm that is not known")
    }
    switch node.type {
    case "Add": return feature(input, node: assembly.append(.add, [input.node, other.node]))
    case "Sub":
      let negated = assembly.append(.affine(scale: -1, offset: 0), [other.node])
      return feature(input, node: assembly.append(.add, [input.node, negated]))
    default: throw NodeFault("no layer of ours multiplies or divides two features")
    }
  }

  /// Returns a feature after arithmetic with a constant for all or for each of its channels.
  mutating func mapped(
    _ input: Feature, by constant: ConstantTensor, _ node: GraphNode, type: String? = nil
  ) throws(NodeFault) -> Feature {
    guard let numbers = perChannel(constant, of: input) else {
      throw NodeFault(
        "a constant of shape \(constant.shape) for \(input.shape), expected one number or one for each channel")
    }
    let one = [Double](repeating: 1, count: numbers.count)
    let zero = [Double](repeating: 0, count: numbers.count)
    let (scales, offsets): ([Double], [Double])
    switch type ?? node.type {
    case "Add": (scales, offsets) = (one, numbers)
    case "Sub": (scales, offsets) = (one, numbers.map { -$0 })
    case "Mul": (scales, offsets) = (numbers, zero)
    default: (scales, offsets) = (numbers.map { 1 / $0 }, zero)
    }
    guard (scales + offsets).allSatisfy({ Float($0).isFinite }) else { throw NodeFault("its numbers are not finite") }
    return feature(input, node: assembly.appendMap(scales, offsets, input.node, name: node.name))
  }

  /// Returns the numbers of a constant for each channel of a feature, or nil if it has others.
  func perChannel(_ constant: ConstantTensor, of input: Feature) -> [Double]? {
    if let scalar = constant.scalar { return [Double](repeating: scalar, count: input.channels) }
    let rank = input.shape.count
    guard constant.shape.count <= rank, constant.values.count == input.channels else { return nil }
    let aligned = [Int](repeating: 1, count: rank - constant.shape.count) + constant.shape
    guard aligned[input.channelAxis] == input.channels else { return nil }
    return constant.values
  }
}
