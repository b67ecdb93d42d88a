import Kernels
import Networks

/// Reads a graph node by node into a network.
struct GraphReader {
  let opset: Int
  var assembly = NetworkAssembly()
  /// The values by name.
  private(set) var values: [String: GraphValue] = [:]
  /// Transposed convolutions whose results a `Slice` has yet to cut.
  var transposedConvolutions: [(node: GraphNode, input: Feature, constants: [ConstantTensor?])] = []
  /// The number of elements that operators on constants have made, and the largest one, of half a gigabyte.
  private var elementCount = 0
  private static let maximumElementCount = 1 << 26
  /// The size of the picture.
  private let height: Int
  private let width: Int

  /// Creates a reader that reads the graph for pictures of `height` × `width`.
  init(opset: Int, height: Int, width: Int) {
    self.opset = opset
    self.height = height
    self.width = width
  }

  /// Reads all of `graph`, whose picture is the value of a node of the assembly.
  ///
  /// - Returns: The feature of the output.
  /// - Throws: ``ONNXError`` that names the first node that is not supported.
  mutating func read(
    _ graph: Onnx_GraphProto, _ interface: GraphInterface, from node: Int, file: String
  ) throws(ONNXError) -> Feature {
    values[interface.input] = .feature(
      Feature(node: node, channels: 3, height: height, width: width, isChannelsLast: interface.isChannelsLast))
    for (name, constant) in interface.constants { values[name] = .constant(constant) }
    for tensor in graph.initializer {
      do throws(TensorFault) {
        values[tensor.name] = .constant(try ConstantTensor(tensor))
      } catch {
        throw .malformed(file: file, reason: "the initializer '\(tensor.name)': \(error.reason)")
      }
    }
    for proto in graph.node {
      let node = GraphNode(proto)
      do throws(NodeFault) {
        guard ["", "ai.onnx"].contains(proto.domain) else { throw NodeFault("it is of the domain \(proto.domain)") }
        guard let result = node.outputs.first else { throw NodeFault("it has no output") }
        if let parts = try split(node) {
          for (name, part) in zip(node.outputs, parts) { values[name] = .feature(part) }
        } else {
          values[result] = try value(of: node)
        }
      } catch {
        throw .unsupportedNode(file: file, node: node.name, operator: node.type, reason: error.reason)
      }
      guard assembly.nodes.count < 4096 else {
        throw .unsupportedGraph(file: file, reason: "it has more than 4096 layers")
      }
    }
    guard case .feature(let feature)? = values[interface.output], !feature.isPending, !feature.isFlat else {
      throw .unsupportedGraph(file: file, reason: "its output '\(interface.output)' is not a picture")
    }
    return feature
  }

  private mutating func value(of node: GraphNode) throws(NodeFault) -> GraphValue {
    var inputs: [GraphValue?] = []
    for name in node.inputs {
      guard !name.isEmpty else {
        inputs.append(nil)
        continue
      }
      guard let value = values[name] else { throw NodeFault("it reads '\(name)', which no earlier node writes") }
      inputs.append(value)
    }
    let constants = inputs.map { value -> ConstantTensor? in
      if case .constant(let constant)? = value { return constant }
      return nil
    }
    let isConstant = zip(inputs, constants).allSatisfy { $0 == nil || $1 != nil }
    if isConstant, let constant = try ConstantOperators.value(of: node, constants, opset: opset) {
      elementCount += constant.values.count
      guard elementCount <= Self.maximumElementCount else {
        throw NodeFault("the constants have more than \(Self.maximumElementCount) elements in all")
      }
      return .constant(constant)
    }
    if let moment = try moment(of: node, inputs, constants) { return moment }
    switch node.type {
    case "Shape":
      guard case .feature(let feature)? = inputs.first ?? nil else { break }
      let shape = feature.shape
      let start = min(max(0, node.integer("start") ?? 0), shape.count)
      let end = max(start, min(node.integer("end") ?? shape.count, shape.count))
      return .constant(ConstantTensor(integers: Array(shape[start..<end])))
    case "Concat":
      return .feature(try concatenation(node, inputs))
    default: break
    }
    guard case .feature(let feature)? = inputs.first ?? nil else {
      return try constantFirst(node, inputs, constants)
    }
    return .feature(try result(of: node, feature, inputs, constants))
  }

  /// Returns the result of an operator on a feature.
  private mutating func result(
    of node: GraphNode, _ input: Feature, _ inputs: [GraphValue?], _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    let takesFeatures = ["Add", "Sub", "Mul", "Div", "Sum"].contains(node.type)
    for (index, value) in inputs.enumerated() where index > 0 && value != nil && constants[index] == nil {
      guard takesFeatures else { throw NodeFault("its input '\(node.inputs[index])' depends on the picture") }
    }
    if input.crop != nil, !["Identity", "Dropout", "Cast", "Transpose", "Slice"].contains(node.type) {
      throw NodeFault("it reads a ConvTranspose that enlarges by more than its stride, which only a Slice can")
    }
    switch node.type {
    case "Conv": return try convolution(node, input, constants)
    case "Identity", "Dropout", "Cast": return input
    case "Pad": return try padding(node, input, constants)
    default: break
    }
    if let padding = input.padding {
      throw NodeFault("it reads padding by \(padding.mode.rawValue), which only a Conv can read")
    }
    switch node.type {
    case "ConvTranspose": return try transposedConvolution(node, input, constants)
    case "InstanceNormalization": return try instanceNorm(node, input, constants)
    case "BatchNormalization": return try batchNorm(node, input, constants)
    case "AveragePool": return try averagePool(node, input)
    case "Relu", "LeakyRelu", "PRelu", "Clip", "Tanh", "Sigmoid", "HardSigmoid", "Neg":
      return try activation(node, input, constants)
    case "Min", "Max": return try bounded(node, input, constants)
    case "Add", "Sub", "Mul", "Div": return try arithmetic(node, input, inputs, constants)
    case "Sum": return try sum(node, input, inputs)
    case "Slice": return try slice(node, input, constants)
    case "Gather": return try gather(node, input, constants)
    case "Resize", "Upsample": return try upsampling(node, input, constants)
    case "DepthToSpace": return try shuffle(node, input)
    case "Transpose": return try transposition(node, input)
    case "Reshape": return try reshaping(node, input, constants)
    default: throw NodeFault("no layer of ours computes this operator")
    }
  }

  /// Returns the result of an operator whose first operand is a constant and whose second is a feature.
  private mutating func constantFirst(
    _ node: GraphNode, _ inputs: [GraphValue?], _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> GraphValue {
    guard inputs.count == 2, let constant = constants[0], case .feature(let feature)? = inputs[1],
      !feature.isPending
    else { throw NodeFault("no layer of ours computes this operator on such operands") }
    switch node.type {
    case "Add", "Mul": return .feature(try mapped(feature, by: constant, node))
    case "Min", "Max": return .feature(try bounded(node, feature, [nil, constant]))
    case "Sub":
      var negated = feature
      negated.node = assembly.append(.affine(scale: -1, offset: 0), [feature.node])
      return .feature(try mapped(negated, by: constant, node, type: "Add"))
    default: throw NodeFault("no layer of ours computes this operator on such operands")
    }
  }

  /// Returns a feature with the value of another node and the same shape.
  func feature(_ input: Feature, node: Int) -> Feature {
    var result = input
    result.node = node
    return result
  }

  private mutating func concatenation(_ node: GraphNode, _ inputs: [GraphValue?]) throws(NodeFault) -> Feature {
    var features: [Feature] = []
    for input in inputs {
      guard case .feature(let feature)? = input, !feature.isPending, !feature.isFlat else {
        throw NodeFault("it joins a feature with something else")
      }
      features.append(feature)
    }
    guard var result = features.first else { throw NodeFault("it joins nothing") }
    let axis = node.integer("axis") ?? 1
    guard (axis < 0 ? axis + 4 : axis) == result.channelAxis else {
      throw NodeFault("it joins along axis \(axis), expected channels")
    }
    for feature in features.dropFirst() {
      guard feature.height == result.height, feature.width == result.width,
        feature.isChannelsLast == result.isChannelsLast
      else { throw NodeFault("it joins shapes \(result.shape) and \(feature.shape)") }
      result.node = assembly.append(.concatenation, [result.node, feature.node])
      result.channels += feature.channels
      result = try result.checked()
    }
    return result
  }

  private func transposition(_ node: GraphNode, _ input: Feature) throws(NodeFault) -> Feature {
    var result = input
    switch node.integers("perm") ?? [3, 2, 1, 0] {
    case [0, 1, 2, 3]: break
    case [0, 3, 1, 2] where input.isChannelsLast && !input.isFlat: result.isChannelsLast = false
    case [0, 2, 3, 1] where !input.isChannelsLast && !input.isFlat: result.isChannelsLast = true
    case let order: throw NodeFault("it has the order \(order), expected channels from last to second or back")
    }
    return result
  }

  private func reshaping(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    guard let wanted = (constants.count > 1 ? constants[1]?.integers : nil) ?? node.integers("shape"),
      let shape = ConstantOperators.resolved(wanted, from: input.shape), !input.isChannelsLast
    else { throw NodeFault("its shape is not known or does not fit") }
    var result = input
    switch shape {
    case [1, input.channels, input.height, input.width]: result.isFlat = false
    case [1, input.channels, input.height * input.width]: result.isFlat = true
    default:
      throw NodeFault("it makes \(shape) of \(input.shape), expected the pixels of each channel in a row or back")
    }
    return result
  }
}
