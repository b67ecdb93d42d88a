import Networks
import Tensors

/// The picture that a graph reads and the one that it gives.
struct GraphInterface {
  /// The names of the values.
  let input: String
  let output: String
  /// Whether the colours are the last axis.
  let isChannelsLast: Bool
  /// The size of the pictures; nil if it is free.
  let size: (height: Int, width: Int)?

  /// The values of the other inputs by name.
  let constants: [String: ConstantTensor]

  /// Finds the picture among the inputs of `graph`. `numbers` are those of the other inputs by name.
  ///
  /// - Throws: ``ONNXError`` if there is not one input of a picture and one output, or if another input has no numbers.
  init(_ graph: Onnx_GraphProto, numbers: [String: [Float]], file: String) throws(ONNXError) {
    // Old files list their weights among the inputs.
    let weights = Set(graph.initializer.map(\.name))
    var inputs = graph.input.filter { !weights.contains($0.name) }
    if inputs.count > 1 {
      inputs = inputs.filter { $0.type.tensorType.shape.dim.count == 4 && numbers[$0.name] == nil }
    }
    constants = try Self.constants(
      graph.input.filter { other in !weights.contains(other.name) && !inputs.contains { $0.name == other.name } },
      numbers, file: file)
    guard inputs.count == 1, let picture = inputs.first, graph.output.count == 1, let result = graph.output.first else {
      throw .unsupportedGraph(
        file: file, reason: "it has \(inputs.count) inputs and \(graph.output.count) outputs, expected one picture each"
      )
    }
    let dimensions = picture.type.tensorType.shape.dim
    let extents = dimensions.map { Int(clamping: $0.dimValue) }
    guard extents.count == 4, extents[0] <= 1 else {
      throw .unsupportedGraph(
        file: file, reason: "its input has the shape \(extents), expected one picture of four axes")
    }
    if extents[1] == 3 {
      isChannelsLast = false
    } else if extents[3] == 3 {
      isChannelsLast = true
    } else {
      // Without a number, channels are where PyTorch has them.
      guard extents[1] <= 0 else {
        throw .unsupportedGraph(file: file, reason: "its input has the shape \(extents), expected three channels")
      }
      isChannelsLast = false
    }
    let (height, width) = isChannelsLast ? (extents[1], extents[2]) : (extents[2], extents[3])
    guard max(height, width) <= Feature.maximumExtent else {
      throw .unsupportedGraph(file: file, reason: "its input has the shape \(extents)")
    }
    size = height > 0 && width > 0 ? (height, width) : nil
    (input, output) = (picture.name, result.name)
  }

  /// Returns the values of the inputs that are no pictures.
  private static func constants(
    _ inputs: [Onnx_ValueInfoProto], _ numbers: [String: [Float]], file: String
  ) throws(ONNXError) -> [String: ConstantTensor] {
    var constants: [String: ConstantTensor] = [:]
    for input in inputs {
      let shape = input.type.tensorType.shape.dim.map { Int(clamping: $0.dimValue) }
      guard let count = ConstantTensor.count(shape), (1...ConstantTensor.maximumCount).contains(count) else {
        throw .unsupportedGraph(file: file, reason: "its input '\(input.name)' has the shape \(shape)")
      }
      guard let given = numbers[input.name], given.count <= count, given.allSatisfy(\.isFinite) else {
        throw .unsupportedGraph(
          file: file,
          reason: "its input '\(input.name)' needs \(count) numbers besides the picture, found "
            + "\(numbers[input.name]?.count ?? 0)")
      }
      let values = given.map(Double.init) + [Double](repeating: 0, count: count - given.count)
      constants[input.name] = ConstantTensor(shape: shape, values: values, isInteger: false)
    }
    return constants
  }
}

/// A graph as a network on RGB from 0 to 255.
struct ImportedGraph {
  let inputRange: ONNXImport.PictureRange
  let outputRange: ONNXImport.PictureRange
  private var assembly: NetworkAssembly
  private var output: Int

  /// Reads `graph` for pictures of `height` × `width`.
  ///
  /// - Throws: ``ONNXError`` if something in the graph is not supported.
  init(
    _ graph: Onnx_GraphProto, _ interface: GraphInterface, opset: Int, height: Int, width: Int, file: String,
    options: ONNXImport.Options
  ) throws(ONNXError) {
    var reader = GraphReader(opset: opset, height: height, width: width)
    // The input's range can be known only from the output, so its map is reserved first.
    let scaled = reader.assembly.append(.affine(scale: 1, offset: 0), [0])
    let start = options.colours == .bgr ? reader.assembly.appendSelection([2, 1, 0], of: 3, scaled) : scaled
    let result = try reader.read(graph, interface, from: start, file: file)
    guard result.channels == 3 else {
      throw .unsupportedGraph(file: file, reason: "its output has \(result.channels) channels, expected 3")
    }
    assembly = reader.assembly
    outputRange = options.outputRange ?? Self.range(of: result.node, in: assembly)
    inputRange = options.inputRange ?? outputRange
    output = result.node
    // What is beyond black and white is cut off in any case.
    if case .clamp(let minimum, let maximum) = assembly.nodes[output].operation, minimum <= outputRange.lowest,
      maximum >= outputRange.highest
    {
      output = assembly.nodes[output].inputs[0]
    }
    if options.colours == .bgr { output = assembly.appendSelection([2, 1, 0], of: 3, output) }
    // From 0…255 to the range and back.
    let (low, extent) = (inputRange.lowest, inputRange.highest - inputRange.lowest)
    assembly.replaceAffine(scaled, scale: extent / 255, offset: low)
    let factor = 255 / (outputRange.highest - outputRange.lowest)
    if outputRange != .bytes {
      output = assembly.append(.affine(scale: factor, offset: -outputRange.lowest * factor), [output])
    }
    output = assembly.simplify(output: output)
  }

  /// Returns the network and its parameters.
  func network(name: String) -> (NetworkDefinition, [String: Tensor]) { assembly.network(name: name, output: output) }

  /// Returns the range that the last operators of a network tell.
  private static func range(of node: Int, in assembly: NetworkAssembly) -> ONNXImport.PictureRange {
    func bounds(_ index: Int) -> (low: Float, high: Float)? {
      let node = assembly.nodes[index]
      switch node.operation {
      case .scaledTanh(let scale, let offset): return (offset - abs(scale), offset + abs(scale))
      case .clamp(let minimum, let maximum): return (minimum, maximum)
      case .affine(let scale, let offset):
        return bounds(node.inputs[0]).map { low, high in
          let ends = (low * scale + offset, high * scale + offset)
          return (min(ends.0, ends.1), max(ends.0, ends.1))
        }
      default: return nil
      }
    }
    guard let (low, high) = bounds(node) else { return .bytes }
    return ONNXImport.PictureRange.allCases.first {
      let tolerance = 1e-3 * ($0.highest - $0.lowest)
      return abs(low - $0.lowest) <= tolerance && abs(high - $0.highest) <= tolerance
    } ?? .bytes
  }
}
