import Kernels
import Networks

/// The work of building a ``LoweredNetwork``: one walk over the nodes.
struct Lowering {
  private let definition: NetworkDefinition
  private let nodes: [Node]
  /// The nodes that read each node.
  private let readers: [[Int]]
  /// A norm whose ReLU or addition comes later is held back until that node is reached.
  private var heldBack: [Int: (norm: Int, rectifies: Bool, residual: Int?)] = [:]
  /// Nodes that another node's step computes.
  private var taken: Set<Int> = []
  /// Upsampling nodes that the convolutions behind them take over: their activation is still the small one.
  private var virtual: Set<Int> = []

  private(set) var steps: [LoweredStep] = []
  private(set) var extents: [ActivationExtent]
  private(set) var activationOfNode: [Int]
  private(set) var outputTanh: (scale: Float, offset: Float)?

  init(_ definition: NetworkDefinition, height: Int, width: Int) throws {
    self.definition = definition
    nodes = definition.nodes
    extents = [ActivationExtent(height: height, width: width, channels: 3)]
    activationOfNode = [Int](repeating: 0, count: nodes.count)
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for source in node.inputs where (0..<index).contains(source) { readers[source].append(index) }
    }
    self.readers = readers
    guard nodes.first?.operation == .input else {
      throw InferenceError.malformedNetwork(
        network: definition.name, node: "0", reason: "the first node is not the input")
    }
    for (index, node) in nodes.enumerated() {
      let operands = node.operation == .input ? 0 : node.operation == .add ? 2 : 1
      guard node.inputs.count == operands, node.inputs.allSatisfy({ (0..<index).contains($0) }),
        index == 0 || node.operation != .input
      else { throw malformed(index, "it must read \(operands) earlier node(s), but reads \(node.inputs)") }
    }
  }

  func malformed(_ index: Int, _ reason: String) -> InferenceError {
    let name = nodes[index].name
    return .malformedNetwork(
      network: definition.name, node: name.isEmpty ? "\(index)" : "\(index) ('\(name)')", reason: reason)
  }

  mutating func run() throws {
    for index in nodes.indices.dropFirst() {
      if let held = heldBack[index] {
        emitNorm(held.norm, rectifies: held.rectifies, residual: held.residual, at: index)
      } else if !taken.contains(index) {
        try lower(index)
      }
    }
  }

  /// The only reader of a node, or nil where there are several or none.
  private func onlyReader(_ index: Int) -> Int? { readers[index].count == 1 ? readers[index][0] : nil }

  private mutating func lower(_ index: Int) throws {
    let node = nodes[index]
    let source = node.inputs[0]
    let input = activationOfNode[source]
    switch node.operation {
    case .input: break
    case .convolution: try lowerConvolution(index)
    case .instanceNorm(let channels): try lowerNorm(index, channels: channels)
    case .relu:
      let output = inPlaceOrNew(source)
      steps.append(.relu(input: input, output: output))
      activationOfNode[index] = output
    case .upsampleNearest:
      if !readers[index].isEmpty, readers[index].allSatisfy({ isConvolution(nodes[$0].operation) }) {
        virtual.insert(index)
        activationOfNode[index] = input
      } else {
        let extent = extents[input]
        let output = newActivation(
          ActivationExtent(height: 2 * extent.height, width: 2 * extent.width, channels: extent.channels))
        steps.append(.upsample(input: input, output: output))
        activationOfNode[index] = output
      }
    case .add:
      let second = activationOfNode[node.inputs[1]]
      guard extents[input] == extents[second] else {
        throw malformed(index, "it adds \(extents[input]) and \(extents[second])")
      }
      let output = inPlaceOrNew(readers[source].count == 1 ? source : node.inputs[1])
      steps.append(.add(first: input, second: second, output: output))
      activationOfNode[index] = output
    case .scaledTanh(let scale, let offset):
      if index == nodes.count - 1 {
        outputTanh = (scale, offset)
        activationOfNode[index] = input
      } else {
        let output = inPlaceOrNew(source)
        steps.append(.scaledTanh(scale: scale, offset: offset, input: input, output: output))
        activationOfNode[index] = output
      }
    }
  }

  private mutating func lowerConvolution(_ index: Int) throws {
    let operation = nodes[index].operation
    guard case .convolution(let inputChannels, let outputChannels, let kernel, let stride, let padding) = operation
    else { return }
    let source = nodes[index].inputs[0]
    let input = activationOfNode[source]
    let extent = extents[input]
    guard extent.channels == inputChannels, outputChannels > 0, kernel > 0, stride > 0 else {
      throw malformed(index, "it expects \(inputChannels) channels, but reads \(extent.channels)")
    }
    let upsampling = virtual.contains(source) ? 2 : 1
    guard upsampling * min(extent.height, extent.width) + kernel / 2 * 2 >= kernel else {
      throw malformed(index, "its kernel exceeds an input of \(extent.width)×\(extent.height)")
    }
    let geometry = ConvolutionGeometry(
      batch: 1, height: extent.height, width: extent.width, inputChannels: inputChannels,
      outputChannels: outputChannels, kernel: kernel, stride: stride, padding: kernel / 2,
      paddingMode: padding == .reflect ? .reflect : .zeros, upsampling: upsampling)
    let output = newActivation(
      ActivationExtent(height: geometry.outputHeight, width: geometry.outputWidth, channels: outputChannels))
    var rectifies = false
    var last = index
    if let next = onlyReader(index), nodes[next].operation == .relu {
      rectifies = true
      taken.insert(next)
      last = next
    }
    let isNormalized =
      !rectifies && !readers[index].isEmpty && readers[index].allSatisfy { isInstanceNorm(nodes[$0].operation) }
    steps.append(
      .convolution(
        layer: nodes[index].name, geometry: geometry, usesBias: !isNormalized, rectifies: rectifies, input: input,
        output: output))
    activationOfNode[index] = output
    activationOfNode[last] = output
  }

  private mutating func lowerNorm(_ index: Int, channels: Int) throws {
    let source = nodes[index].inputs[0]
    guard extents[activationOfNode[source]].channels == channels else {
      throw malformed(index, "it expects \(channels) channels, but reads \(extents[activationOfNode[source]].channels)")
    }
    var rectifies = false
    var residual: Int?
    var last = index
    if let next = onlyReader(last), nodes[next].operation == .relu {
      rectifies = true
      taken.insert(next)
      last = next
    }
    if let next = onlyReader(last), nodes[next].operation == .add, heldBack[next] == nil, !taken.contains(next) {
      residual = nodes[next].inputs.first { $0 != last }
      last = next
    }
    if last == index {
      emitNorm(index, rectifies: rectifies, residual: residual, at: index)
    } else {
      taken.insert(last)
      heldBack[last] = (index, rectifies, residual)
    }
  }

  /// Emits the step of norm `index`, which ends in node `last`.
  private mutating func emitNorm(_ index: Int, rectifies: Bool, residual: Int?, at last: Int) {
    let source = nodes[index].inputs[0]
    let input = activationOfNode[source]
    let output = inPlaceOrNew(source)
    steps.append(
      .instanceNorm(
        layer: nodes[index].name, rectifies: rectifies, residual: residual.map { activationOfNode[$0] }, input: input,
        output: output))
    activationOfNode[last] = output
  }

  /// The activation of `source` itself if only one node reads it, otherwise a new one of the same extents.
  private mutating func inPlaceOrNew(_ source: Int) -> Int {
    let activation = activationOfNode[source]
    return readers[source].count == 1 ? activation : newActivation(extents[activation])
  }

  private mutating func newActivation(_ extent: ActivationExtent) -> Int {
    extents.append(extent)
    return extents.count - 1
  }

  private func isConvolution(_ operation: Operation) -> Bool {
    if case .convolution = operation { true } else { false }
  }

  private func isInstanceNorm(_ operation: Operation) -> Bool {
    if case .instanceNorm = operation { true } else { false }
  }
}
