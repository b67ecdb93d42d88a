import Kernels
import Networks
import Tensors

extension StyleModel {
  /// This model with fewer nodes that compute the same: batch norms by stored statistics are folded into the
  /// convolutions before them, affine maps into the convolutions after them, also through a pixel unshuffle.
  ///
  /// A batch norm that is after no convolution becomes a depthwise 1×1 convolution. An affine map before padding with
  /// zeros stays.
  func folded() -> StyleModel {
    var folding = Folding(model: self)
    folding.run()
    return folding.result
  }
}

/// The work of ``StyleModel/folded()``.
private struct Folding {
  let model: StyleModel
  var nodes: [Node]
  var parameters: [String: Tensor]
  let readers: [[Int]]
  /// Nodes that are gone, and the nodes whose values replace theirs.
  var replaced: [Int: Int] = [:]

  init(model: StyleModel) {
    self.model = model
    nodes = model.definition.nodes
    parameters = model.parameters
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for source in node.inputs { readers[source].append(index) }
    }
    self.readers = readers
  }

  mutating func run() {
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case .batchNorm(let channels): fold(norm: node, channels: channels, at: index)
      case .affine(let scale, let offset): fold(scale: scale, offset: offset, at: index)
      default: break
      }
    }
  }

  var result: StyleModel {
    var places: [Int: Int] = [:]
    var kept: [Node] = []
    for (index, node) in nodes.enumerated() {
      if let source = replaced[index] {
        places[index] = places[source]
      } else {
        places[index] = kept.count
        kept.append(Node(name: node.name, operation: node.operation, inputs: node.inputs.compactMap { places[$0] }))
      }
    }
    let definition = NetworkDefinition(
      name: model.definition.name, width: model.definition.width, nodes: kept)
    let names = Set(definition.parameters.map(\.name))
    return StyleModel(
      definition: definition, parameters: parameters.filter { names.contains($0.key) }, style: model.style,
      metadata: model.metadata)
  }

  private mutating func fold(norm node: Node, channels: Int, at index: Int) {
    let values = ["weight", "bias", "running_mean", "running_var"].compactMap { parameters["\(node.name).\($0)"] }
    guard values.count == 4 else { return }
    let scales = (0..<channels).map {
      Double(values[0].pointer[$0]) / (Double(values[3].pointer[$0]) + Double(InstanceNorm.epsilon)).squareRoot()
    }
    let offsets = (0..<channels).map { Double(values[1].pointer[$0]) - Double(values[2].pointer[$0]) * scales[$0] }
    let source = node.inputs[0]
    if nodes[source].operation.isConvolution, readers[source] == [index],
      let weight = parameters[nodes[source].name + ".weight"], let bias = parameters[nodes[source].name + ".bias"]
    {
      let (newWeight, newBias) = (weight.copy(), bias.copy())
      let taps = weight.count / max(1, channels)
      for output in 0..<channels {
        for place in output * taps..<(output + 1) * taps {
          newWeight.pointer[place] = Float(Double(weight.pointer[place]) * scales[output])
        }
        newBias.pointer[output] = Float(Double(bias.pointer[output]) * scales[output] + offsets[output])
      }
      parameters[nodes[source].name + ".weight"] = newWeight
      parameters[nodes[source].name + ".bias"] = newBias
      replaced[index] = source
    } else {
      nodes[index] = Node(
        name: node.name,
        operation: .depthwiseConvolution(channels: channels, kernel: 1, stride: 1, padding: .zeros),
        inputs: node.inputs)
      parameters[node.name + ".weight"] = Tensor(Shape([channels, 1, 1, 1]), elements: scales.map { Float($0) })
      parameters[node.name + ".bias"] = Tensor(Shape([channels]), elements: offsets.map { Float($0) })
    }
  }

  private mutating func fold(scale: Float, offset: Float, at index: Int) {
    var chain = readers[index]
    if chain.count == 1, case .pixelUnshuffle = nodes[chain[0]].operation { chain = readers[chain[0]] }
    guard chain.count == 1, let padding = nodes[chain[0]].operation.padding, padding != .zeros,
      let weight = parameters[nodes[chain[0]].name + ".weight"], let bias = parameters[nodes[chain[0]].name + ".bias"]
    else { return }
    let (newWeight, newBias) = (weight.copy(), bias.copy())
    let taps = weight.count / max(1, bias.count)
    for output in 0..<bias.count {
      var sum = 0.0
      for place in output * taps..<(output + 1) * taps {
        sum += Double(weight.pointer[place])
        newWeight.pointer[place] = Float(Double(weight.pointer[place]) * Double(scale))
      }
      newBias.pointer[output] = Float(Double(bias.pointer[output]) + Double(offset) * sum)
    }
    parameters[nodes[chain[0]].name + ".weight"] = newWeight
    parameters[nodes[chain[0]].name + ".bias"] = newBias
    replaced[index] = nodes[index].inputs[0]
  }
}

extension Networks.Operation {
  /// Whether this is a convolution with a kernel for all channels or for each of them.
  var isConvolution: Bool { padding != nil }

  /// The padding of a convolution; nil for other operations.
  var padding: Padding? {
    switch self {
    case .convolution(_, _, _, _, let padding), .depthwiseConvolution(_, _, _, let padding): padding
    default: nil
    }
  }
}
