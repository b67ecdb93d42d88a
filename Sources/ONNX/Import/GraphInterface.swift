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

  /// Finds the picture among the inputs of `graph`.
  ///
  /// - Throws: ``ONNXError`` if there is not one input of a picture and one output.
  init(_ graph: Onnx_GraphProto, file: String) throws(ONNXError) {
    // Old files list their weights among the inputs.
    let weights = Set(graph.initializer.map(\.name))
    let inputs = graph.input.filter { !weights.contains($0.name) }
    guard inputs.count == 1, let picture = inputs.first, graph.output.count == 1, let result = graph.output.first else {
      throw .unsupportedGraph(
        file: file, reason: "it has \(inputs.count) inputs and \(graph.output.count) outputs, expected one picture each")
    }
    let dimensions = picture.type.tensorType.shape.dim
    let extents = dimensions.map { Int(clamping: $0.dimValue) }
    guard extents.count == 4, extents[0] <= 1 else {
      throw .unsupportedGraph(file: file, reason: "its input has the shape \(extents), expected one picture of four axes")
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
    let start = options.colours == .bgr ? reader.assembly.appendPermutation([2, 1, 0], scaled) : scaled
    let result = try reader.read(
      graph, input: interface.input, isChannelsLast: interface.isChannelsLast, from: start, output: interface.output,
      file: file)
    guard result.channels == 3 else {
      throw .unsupportedGraph(file: file, reason: "its output has \(result.channels) channels, expected 3")
    }
    assembly = reader.assembly
    outputRange = options.outputRange ?? Self.range(of: assembly.nodes[result.node].operation)
    inputRange = options.inputRange ?? outputRange
    output = result.node
    // What is beyond black and white is cut off in any case.
    if case .clamp(let minimum, let maximum) = assembly.nodes[output].operation, minimum <= outputRange.lowest,
      maximum >= outputRange.highest
    {
      output = assembly.nodes[output].inputs[0]
    }
    if options.colours == .bgr { output = assembly.appendPermutation([2, 1, 0], output) }
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

  /// Returns the range that the last operator of a network tells.
  private static func range(of operation: Networks.Operation) -> ONNXImport.PictureRange {
    switch operation {
    case .scaledTanh(1, 0), .clamp(-1, 1): .signed
    case .scaledTanh(0.5, 0.5), .clamp(0, 1): .unit
    default: .bytes
    }
  }
}
