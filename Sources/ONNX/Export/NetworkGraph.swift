import Kernels
import Networks
import Tensors

/// The ONNX graph of a network.
struct NetworkGraph {
  /// The names of the graph's input and output.
  static let (input, output) = ("frame", "stylized")

  let model: StyleModel
  let options: ONNXExport.Options
  let nodes: [Node]
  let readers: [[Int]]
  /// The channels of each node's value.
  let channels: [Int]
  /// The extents of the values for pictures of one size; nil if the graph takes any size, or if the size is not a whole
  /// multiple.
  let shapes: [FeatureShape]?
  var builder = GraphBuilder()
  /// The name of each node's value.
  var values: [String] = []
  /// The names of the picture's extents, scalars, which ``pictureExtents()`` adds.
  var extents: (height: String, width: String)?

  /// Creates the graph of a folded model.
  ///
  /// - Throws: `ModelError` if the nodes do not fit together.
  init(_ model: StyleModel, options: ONNXExport.Options) throws {
    self.model = model
    self.options = options
    let definition = model.definition
    nodes = definition.nodes
    let extent = 64 * max(1, definition.sizeMultiple)
    channels = try definition.shapes(height: extent, width: extent).map(\.channels)
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for source in node.inputs { readers[source].append(index) }
    }
    self.readers = readers
    let multiple = definition.canvasLines == nil ? max(1, definition.sizeMultiple) : 2
    if let (width, height) = options.size, width % multiple == 0, height % multiple == 0 {
      shapes = try definition.shapes(height: height, width: width)
    } else {
      shapes = nil
    }
  }

  /// Returns the graph.
  mutating func build(name: String) -> Onnx_GraphProto {
    for index in nodes.indices { values.append(value(of: index)) }
    var result = values.last ?? Self.input
    if !isWhole { result = cropped(result) }
    if options.clamps {
      let bounds = [builder.floats("black", [0], []), builder.floats("white", [255], [])]
      result = builder.node("Clip", [result] + bounds, "clamped")
    }
    if result == Self.input || builder.graph.node.last?.output != [result] {
      builder.node("Identity", [result], Self.output)
    }
    builder.renameLast(Self.output)
    builder.finish(
      name: name,
      description: "From `\(Self.input)` to `\(Self.output)`, both float32 [1, 3, height, width], RGB 0…255"
        + (options.clamps ? "." : ", the result not clamped."),
      input: GraphBuilder.picture(Self.input, height: options.size?.height, width: options.size?.width),
      output: GraphBuilder.picture(Self.output, height: options.size?.height, width: options.size?.width))
    return builder.graph
  }

  /// Whether pictures need no extension to multiples: the network has a canvas, or their size is known and fits.
  private var isWhole: Bool {
    model.definition.canvasLines != nil || model.definition.sizeMultiple <= 1 || shapes != nil
  }

  // MARK: Operations

  private mutating func value(of index: Int) -> String {
    let node = nodes[index]
    let operands = node.inputs.map { values[$0] }
    let name = node.name.isEmpty ? "\(node.operation.label)\(index)" : node.name
    switch node.operation {
    case .input: return isWhole ? Self.input : extended()
    case .convolution(_, let outputs, let kernel, let stride, let padding):
      var weight = elements(name + ".weight")
      if case .pixelUnshuffle(let factor) = nodes[node.inputs[0]].operation, hasBlockOrder(node.inputs[0]) {
        weight = BlockOrder.reordered(
          weight, outputs: outputs, inputs: channels[node.inputs[0]], kernel: kernel, factor: factor, toBlocks: true)
      }
      return convolved(
        operands[0], name, weight, [outputs, channels[node.inputs[0]], kernel, kernel],
        bias: elements(name + ".bias"), stride: stride, padding: padding)
    case .depthwiseConvolution(let channels, let kernel, let stride, let padding):
      return convolved(
        operands[0], name, elements(name + ".weight"), [channels, 1, kernel, kernel],
        bias: elements(name + ".bias"), stride: stride, padding: padding, group: channels)
    case .instanceNorm(let channels): return instanceNorm(operands[0], name, channels: channels)
    case .batchNorm(let channels):
      let parts = ["weight", "bias", "running_mean", "running_var"].map { parameter("\(name).\($0)", [channels]) }
      return builder.node(
        "BatchNormalization", operands + parts, name, [.float("epsilon", InstanceNorm.epsilon)])
    case .relu: return builder.node("Relu", operands, name)
    case .leakyReLU(let slope): return builder.node("LeakyRelu", operands, name, [.float("alpha", slope)])
    case .parametricReLU(let channels):
      return builder.node("PRelu", operands + [parameter(name + ".weight", [channels, 1, 1])], name)
    case .clamp(let minimum, let maximum):
      let bounds = [
        builder.floats("\(name).minimum", [minimum], []), builder.floats("\(name).maximum", [maximum], []),
      ]
      return builder.node("Clip", operands + bounds, name)
    case .upsampleNearest:
      return builder.node(
        "Resize", [operands[0], "", builder.floats("upsample.scales", [1, 1, 2, 2], [4])], name,
        [
          .text("mode", "nearest"), .text("nearest_mode", "floor"),
          .text("coordinate_transformation_mode", "asymmetric"),
        ])
    case .upsampleLinear(let alignsCorners):
      return builder.node(
        "Resize", [operands[0], "", builder.floats("upsample.scales", [1, 1, 2, 2], [4])], name,
        [
          .text("mode", "linear"),
          .text("coordinate_transformation_mode", alignsCorners ? "align_corners" : "half_pixel"),
        ])
    case .add: return builder.node("Add", operands, name)
    case .concatenation: return builder.node("Concat", operands, name, [.integer("axis", 1)])
    case .pixelUnshuffle(let factor): return unshuffled(operands[0], name, index, factor: factor)
    case .pixelShuffle(let factor):
      return builder.node("DepthToSpace", operands, name, [.integer("blocksize", factor), .text("mode", "CRD")])
    case .affine(let scale, let offset): return affine(operands[0], name, scale: scale, offset: offset)
    case .scaledTanh(let scale, let offset):
      let tanh = builder.node("Tanh", operands, "\(name).tanh")
      return affine(tanh, name, scale: scale, offset: offset)
    case .canvas(let lines): return canvas(lines: lines, name, index)
    case .revision(let channels): return revision(operands[1], name, index, channels: channels)
    }
  }

  func elements(_ name: String) -> [Float] { model.parameters[name]?.elements ?? [] }

  private mutating func parameter(_ name: String, _ shape: [Int]) -> String {
    builder.floats(name, elements(name), shape)
  }

  private mutating func affine(_ value: String, _ name: String, scale: Float, offset: Float) -> String {
    var result = value
    if scale != 1 || offset == 0 {
      let factor = builder.floats("\(name).scale", [scale], [])
      result = builder.node("Mul", [result, factor], offset == 0 ? name : "\(name).scaled")
    }
    guard offset != 0 else { return result }
    return builder.node("Add", [result, builder.floats("\(name).offset", [offset], [])], name)
  }

  private mutating func convolved(
    _ value: String, _ name: String, _ weight: [Float], _ shape: [Int], bias: [Float], stride: Int,
    padding: Networks.Operation.Padding, group: Int = 1
  ) -> String {
    var (value, border) = (value, shape[2] / 2)
    if border > 0, padding != .zeros {
      value = padded(value, border, "\(name).pad", mode: padding == .reflect ? "reflect" : "edge")
      border = 0
    }
    return convolution(
      value, name, weight, shape, bias: bias,
      [.integers("strides", [stride, stride]), .integers("pads", [border, border, border, border])]
        + (group > 1 ? [.integer("group", group)] : []))
  }

  /// Appends a convolution by a weight `[O, I, k, k]`.
  mutating func convolution(
    _ value: String, _ name: String, _ weight: [Float], _ shape: [Int], bias: [Float]? = nil,
    _ attributes: [Onnx_AttributeProto] = []
  ) -> String {
    var inputs = [value, builder.floats(name + ".weight", weight, shape)]
    if let bias { inputs.append(builder.floats(name + ".bias", bias, [bias.count])) }
    return builder.node(
      "Conv", inputs, name, [.integers("kernel_shape", Array(shape.suffix(2)))] + attributes)
  }

  /// Appends padding by `border` pixels on all sides.
  mutating func padded(_ value: String, _ border: Int, _ name: String, mode: String) -> String {
    let pads = builder.integers("pads\(border)", [0, 0, border, border, 0, 0, border, border])
    return builder.node("Pad", [value, pads], name, [.text("mode", mode)])
  }

  private mutating func instanceNorm(_ value: String, _ name: String, channels: Int) -> String {
    let epsilon = Onnx_AttributeProto.float("epsilon", InstanceNorm.epsilon)
    let unit: String
    switch options.norm {
    case .instance:
      return builder.node(
        "InstanceNormalization",
        [value, parameter(name + ".weight", [channels]), parameter(name + ".bias", [channels])], name, [epsilon])
    case .layer:
      let flat = builder.node("Reshape", [value, builder.integers("norm.rows", [0, 0, -1])], "\(name).flat")
      let shape = builder.node("Shape", [flat], "\(name).flat.shape")
      let pixels = builder.node("Gather", [shape, builder.integers("norm.last", [2])], "\(name).pixels")
      let ones = builder.node("ConstantOfShape", [pixels], "\(name).ones", [.tensor("value", 1)])
      let normalized = builder.node(
        "LayerNormalization", [flat, ones], "\(name).rows", [.integer("axis", -1), epsilon])
      let image = builder.node("Shape", [value], "\(name).shape")
      unit = builder.node("Reshape", [normalized, image], "\(name).unit")
    case .moments:
      let axes = [Onnx_AttributeProto.integers("axes", [2, 3]), .integer("keepdims", 1)]
      let mean = builder.node("ReduceMean", [value], "\(name).mean", axes)
      let centred = builder.node("Sub", [value, mean], "\(name).centred")
      let squares = builder.node("Mul", [centred, centred], "\(name).squares")
      let variance = builder.node("ReduceMean", [squares], "\(name).variance", axes)
      let sum = builder.node(
        "Add", [variance, builder.floats("norm.epsilon", [InstanceNorm.epsilon], [])], "\(name).sum")
      unit = builder.node("Div", [centred, builder.node("Sqrt", [sum], "\(name).deviation")], "\(name).unit")
    }
    let scaled = builder.node("Mul", [unit, parameter(name + ".weight", [channels, 1, 1])], "\(name).scaled")
    return builder.node("Add", [scaled, parameter(name + ".bias", [channels, 1, 1])], name)
  }

  /// Whether only dense convolutions read this unshuffling, so that its channels can have the order of `SpaceToDepth`.
  private func hasBlockOrder(_ index: Int) -> Bool {
    BlockOrder.applies(to: index, readers: readers[index], of: nodes)
  }

  private mutating func unshuffled(_ value: String, _ name: String, _ index: Int, factor: Int) -> String {
    if hasBlockOrder(index) {
      return builder.node("SpaceToDepth", [value], name, [.integer("blocksize", factor)])
    }
    // Channels in the order of `SpaceToDepth`, then in ours. OpenVINO 2026.4 loses a Gather of channels here.
    let blocks = builder.node("SpaceToDepth", [value], "\(name).blocks", [.integer("blocksize", factor)])
    let (wide, places) = (channels[index] / (factor * factor), factor * factor)
    let shape = builder.node("Shape", [blocks], "\(name).shape")
    let apart = builder.node(
      "Reshape", [blocks, builder.integers("\(name).apart.shape", [1, places, wide, -1])], "\(name).apart")
    let turned = builder.node("Transpose", [apart], "\(name).turned", [.integers("perm", [0, 2, 1, 3])])
    return builder.node("Reshape", [turned, shape], name)
  }
}

/// The order of the channels of `SpaceToDepth`, which differs from that of a pixel unshuffle: the places of a block are
/// outermost.
enum BlockOrder {
  /// Returns whether the value of unshuffling `index` has this order in files: only dense convolutions read it.
  static func applies(to index: Int, readers: [Int], of nodes: [Node]) -> Bool {
    readers.allSatisfy { if case .convolution = nodes[$0].operation { true } else { false } }
  }

  /// Returns `weight`, `[O, I, k, k]`, with input channels in the order of blocks of `factor` × `factor`, or back.
  static func reordered(
    _ weight: [Float], outputs: Int, inputs: Int, kernel: Int, factor: Int, toBlocks: Bool
  ) -> [Float] {
    let (places, taps) = (factor * factor, kernel * kernel)
    let wide = inputs / places
    guard wide * places == inputs, weight.count == outputs * inputs * taps else { return weight }
    var result = weight
    for output in 0..<outputs {
      for channel in 0..<wide {
        for place in 0..<places {
          let ours = (output * inputs + channel * places + place) * taps
          let blocks = (output * inputs + place * wide + channel) * taps
          let (from, to) = toBlocks ? (ours, blocks) : (blocks, ours)
          for tap in 0..<taps { result[to + tap] = weight[from + tap] }
        }
      }
    }
    return result
  }
}

extension Networks.Operation {
  /// The operation without its numbers, for names.
  var label: String { String("\(self)".prefix { $0 != "(" }) }
}
