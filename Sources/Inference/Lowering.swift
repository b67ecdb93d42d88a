import Kernels
import Networks

/// The work of building a ``LoweredNetwork``: one walk over the nodes.
struct Lowering {
  let definition: NetworkDefinition
  let nodes: [Node]
  /// The nodes that read each node.
  let readers: [[Int]]
  let picture: ActivationExtent
  /// The node whose value is the picture that comes out.
  private let final: Int
  /// Nodes that another node's step computes.
  private var taken: Set<Int> = []
  /// Upsampling nodes that the convolutions behind them take over, and what they upsample.
  private var upsampled: [Int: Int] = [:]
  /// Kernel and padding of the convolutions on the picture.
  private var pictureKernel: [Int]?
  /// Whether the last convolution has written the picture.
  private var isFinished = false

  private(set) var steps: [LoweredStep] = []
  private(set) var extents: [ActivationExtent] = []
  private(set) var normChannels: [Int: Int] = [:]
  private(set) var scaling = PictureScaling(tanh: nil)
  private var values: [LazyActivation?]

  init(_ definition: NetworkDefinition, height: Int, width: Int) throws {
    self.definition = definition
    nodes = definition.nodes
    picture = ActivationExtent(height: height, width: width, channels: 3)
    values = [LazyActivation?](repeating: nil, count: nodes.count)
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for source in node.inputs where (0..<index).contains(source) { readers[source].append(index) }
    }
    self.readers = readers
    guard nodes.first?.operation == .input else {
      throw InferenceError.malformedNetwork(
        network: definition.name, node: "0", reason: "the first node is not the input")
    }
    if case .scaledTanh(let scale, let offset)? = nodes.last?.operation, let source = nodes.last?.inputs.first,
      (0..<nodes.count - 1).contains(source)
    {
      final = source
      scaling = PictureScaling(tanh: (scale, offset))
    } else {
      final = nodes.count - 1
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
    // A tanh at the end belongs to the picture's own scaling.
    for index in 1..<max(nodes.count, 1) where index <= final && !taken.contains(index) { try lower(index) }
    guard !isFinished else { return }
    let value = try value(of: final)
    let extent = extents[value.raw]
    guard extent == picture else {
      throw malformed(nodes.count - 1, "the output is \(extent), expected the input's \(picture)")
    }
    steps.append(.pack(input: value))
  }

  private mutating func lower(_ index: Int) throws {
    let source = nodes[index].inputs[0]
    switch nodes[index].operation {
    case .input: break
    case .convolution: try lowerConvolution(index)
    case .instanceNorm(let channels): try lowerNorm(index, channels: channels)
    case .relu:
      var value = try value(of: source)
      if value.residual == nil {
        value.rectifies = true
        values[index] = value
      } else {
        values[index] = LazyActivation(raw: pass(value, rectifies: true))
      }
    case .upsampleNearest:
      if !readers[index].isEmpty, readers[index].allSatisfy({ isConvolution(nodes[$0].operation) }) {
        upsampled[index] = source
      } else {
        let input = try plain(source)
        let extent = extents[input]
        let output = newActivation(
          ActivationExtent(height: 2 * extent.height, width: 2 * extent.width, channels: extent.channels))
        steps.append(.upsample(input: input, output: output))
        values[index] = LazyActivation(raw: output)
      }
    case .add: try lowerSum(index)
    case .depthwiseConvolution, .batchNorm, .pixelUnshuffle, .pixelShuffle, .affine:
      throw malformed(index, "its operation is not supported yet by the engine")
    case .scaledTanh(let scale, let offset):
      let value = try value(of: source)
      values[index] = LazyActivation(raw: pass(value, scaling: PictureScaling(tanh: (scale, offset))))
    }
  }

  /// One operand is read along by whoever reads the sum; the other must be in memory.
  private mutating func lowerSum(_ index: Int) throws {
    let (first, second) = (nodes[index].inputs[0], nodes[index].inputs[1])
    let (a, b) = (try value(of: first), try value(of: second))
    guard extents[a.raw] == extents[b.raw] else {
      throw malformed(index, "it adds \(extents[a.raw]) and \(extents[b.raw])")
    }
    let firstIsBase = a.residual == nil && (b.isPlain || !a.isPlain)
    let (base, other) = firstIsBase ? (first, second) : (second, first)
    let residual = try plain(other)
    var value = try value(of: base)
    if value.residual != nil { value = LazyActivation(raw: try plain(base)) }
    value.residual = residual
    values[index] = value
  }

  private mutating func lowerNorm(_ index: Int, channels: Int) throws {
    let source = nodes[index].inputs[0]
    let input = try value(of: source)
    guard extents[input.raw].channels == channels else {
      throw malformed(index, "it expects \(channels) channels, but reads \(extents[input.raw].channels)")
    }
    // Behind a convolution the sums are there already, see `lowerConvolution`; elsewhere they take a pass.
    if normChannels[index] == nil {
      let raw = pass(input, gathers: true)
      let extent = extents[raw]
      appendNorms(
        [index], activation: raw,
        tasks: ActivationPass.taskCount(pixels: extent.pixels, channels: extent.storedChannels))
      values[index] = LazyActivation(raw: raw)
    } else {
      values[index] = input
    }
    values[index]?.norm = index
  }

  private mutating func appendNorms(_ norms: [Int], activation: Int, tasks: Int) {
    for norm in norms {
      normChannels[norm] = extents[activation].channels
      steps.append(.norm(node: norm, layer: nodes[norm].name, activation: activation, tasks: tasks))
    }
  }

  // MARK: Convolutions

  private mutating func lowerConvolution(_ index: Int) throws {
    let operation = nodes[index].operation
    guard case .convolution(let inputChannels, let outputChannels, let kernel, let stride, let padding) = operation
    else { return }
    let source = upsampled[nodes[index].inputs[0]] ?? nodes[index].inputs[0]
    let upsampling = source == nodes[index].inputs[0] ? 1 : 2
    let extent = source == 0 ? picture : extents[try value(of: source).raw]
    guard extent.channels == inputChannels, outputChannels > 0, kernel > 0, stride > 0 else {
      throw malformed(index, "it expects \(inputChannels) channels, but reads \(extent.channels)")
    }
    guard upsampling * min(extent.height, extent.width) + kernel / 2 * 2 >= kernel else {
      throw malformed(index, "its kernel exceeds an input of \(extent.width)×\(extent.height)")
    }
    func geometry(_ inputChannels: Int, _ outputChannels: Int) -> ConvolutionGeometry {
      ConvolutionGeometry(
        batch: 1, height: extent.height, width: extent.width, inputChannels: inputChannels,
        outputChannels: outputChannels, kernel: kernel, stride: stride, padding: kernel / 2,
        paddingMode: padding == .reflect ? .reflect : .zeros, upsampling: upsampling)
    }
    let stored = geometry(extent.storedChannels, (outputChannels + 7) / 8 * 8)
    let outputExtent = ActivationExtent(
      height: stored.outputHeight, width: stored.outputWidth, channels: outputChannels)

    if index == final, outputExtent == picture, source != 0 {
      let toPicture = geometry(extent.storedChannels, outputChannels)
      if FusedConvolutionToPicture.supports(toPicture) {
        let input = try value(of: source)
        steps.append(.convolutionToPicture(layer: nodes[index].name, toPicture, input: input))
        isFinished = true
        return
      }
    }

    var last = index
    var rectifies = false
    if let next = onlyReader(index), nodes[next].operation == .relu {
      rectifies = true
      taken.insert(next)
      last = next
    }
    let norms = readers[last].filter { isInstanceNorm(nodes[$0].operation, channels: outputChannels) }
    let usesBias = rectifies || norms.count < readers[last].count || norms.isEmpty
    let onPicture = geometry(3, stored.outputChannels)
    // All convolutions on the picture share one map of its padding.
    let isUsual = pictureKernel == nil || pictureKernel == [kernel, padding == .reflect ? 1 : 0]
    if source == 0 && isUsual && FusedPictureConvolution.supports(onPicture) {
      pictureKernel = [kernel, padding == .reflect ? 1 : 0]
      let output = newActivation(outputExtent)
      steps.append(
        .pictureConvolution(
          layer: nodes[index].name, onPicture, usesBias: usesBias, rectifies: rectifies, gathers: !norms.isEmpty,
          output: output))
      values[index] = LazyActivation(raw: output)
      appendNorms(norms, activation: output, tasks: FusedPictureConvolution.taskCount(onPicture))
    } else {
      let convolution = FusedConvolution(stored)
      let (input, materialized) = try read(source, materializing: convolution.materializesInput)
      let output = newActivation(outputExtent)
      steps.append(
        .convolution(
          layer: nodes[index].name, convolution, input: input, materialized: materialized, usesBias: usesBias,
          rectifies: rectifies, gathers: !norms.isEmpty, output: output))
      values[index] = LazyActivation(raw: output)
      appendNorms(norms, activation: output, tasks: convolution.taskCount)
    }
    values[last] = values[index]
  }

  // MARK: Values

  /// The value of a node; the picture's as an activation.
  private mutating func value(of node: Int) throws -> LazyActivation {
    if let value = values[node] { return value }
    if let source = upsampled[node] {
      throw malformed(node, "upsampling of node \(source) is read by something other than a convolution")
    }
    let output = newActivation(picture)
    steps.append(.unpack(output: output))
    let value = LazyActivation(raw: output)
    values[node] = value
    return value
  }

  /// The activation that holds the value of a node.
  private mutating func plain(_ node: Int) throws -> Int {
    let value = try value(of: node)
    if value.isPlain { return value.raw }
    let output = pass(value)
    values[node] = LazyActivation(raw: output)
    return output
  }

  /// The value of a node for a convolution, which materializes it where others will read it too.
  private mutating func read(_ node: Int, materializing: Bool) throws -> (LazyActivation, materialized: Int?) {
    let value = try value(of: node)
    guard !value.isPlain, readers[node].count > 1 else { return (value, nil) }
    guard materializing else { return (LazyActivation(raw: try plain(node)), nil) }
    let output = newActivation(extents[value.raw])
    values[node] = LazyActivation(raw: output)
    return (value, output)
  }

  private mutating func pass(
    _ input: LazyActivation, rectifies: Bool = false, scaling: PictureScaling = PictureScaling(tanh: nil),
    gathers: Bool = false
  ) -> Int {
    let output = newActivation(extents[input.raw])
    steps.append(.pass(input: input, rectifies: rectifies, scaling: scaling, gathers: gathers, output: output))
    return output
  }

  private mutating func newActivation(_ extent: ActivationExtent) -> Int {
    extents.append(extent)
    return extents.count - 1
  }

  /// The only reader of a node, or nil where there are several or none.
  private func onlyReader(_ index: Int) -> Int? { readers[index].count == 1 ? readers[index][0] : nil }

  private func isConvolution(_ operation: Operation) -> Bool {
    if case .convolution = operation { true } else { false }
  }

  private func isInstanceNorm(_ operation: Operation, channels: Int) -> Bool {
    operation == .instanceNorm(channels: channels)
  }
}
