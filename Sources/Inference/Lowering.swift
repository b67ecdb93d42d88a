import Kernels
import Networks

/// Builds a ``LoweredNetwork`` in one walk over the nodes.
struct Lowering {
  let definition: NetworkDefinition
  let nodes: [Node]
  /// The size of each node's value.
  let shapes: [ActivationExtent]
  /// The nodes that read each node.
  let readers: [[Int]]
  let picture: ActivationExtent
  /// The node whose value is the resulting picture, or the draft before a revision.
  let final: Int
  /// The node that all others read as the picture: the canvas, or the input if there is none.
  let root: Int
  /// The revision after the draft.
  let revision: LoweredRevision?
  /// The nodes that another node's step computes.
  var taken: Set<Int> = []
  /// The upsampling nodes that are fused into the convolutions after them, and their sources.
  var upsampled: [Int: Int] = [:]
  /// The depthwise nodes that are fused into the 1×1 convolutions after them.
  var separated: Set<Int> = []
  /// The picture and its affine maps and unshuffled forms.
  var pictures: [Int: PictureValue] = [:]
  /// Whether the last convolution has written the picture.
  var isFinished = false

  var steps: [any PlanStep] = []
  private(set) var extents: [ActivationExtent] = []
  var normChannels: [Int: Int] = [:]
  private(set) var scaling = PictureScaling(tanh: nil)
  var values: [LazyActivation?]

  /// The picture after an affine map, with blocks of pixels as channels.
  struct PictureValue {
    let affine: PictureAffine
    let factor: Int
  }

  /// Creates the lowering of a network.
  ///
  /// - Throws: `ModelError` if the nodes do not fit together.
  init(_ definition: NetworkDefinition, height: Int, width: Int) throws {
    self.definition = definition
    nodes = definition.nodes
    shapes = try definition.shapes(height: height, width: width).map(ActivationExtent.init)
    values = [LazyActivation?](repeating: nil, count: nodes.count)
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for source in node.inputs { readers[source].append(index) }
    }
    self.readers = readers
    root = nodes.firstIndex { $0.operation.isCanvas } ?? 0
    picture = shapes[root]
    revision = nodes.last.flatMap(LoweredRevision.init)
    let end = revision == nil ? nodes.count - 1 : nodes.last?.inputs.last ?? 0
    if nodes.indices.contains(end), case .scaledTanh(let scale, let offset) = nodes[end].operation,
      let source = nodes[end].inputs.first, (0..<end).contains(source)
    {
      final = source
      scaling = PictureScaling(tanh: (scale, offset))
    } else {
      final = end
    }
    pictures[root] = PictureValue(affine: .identity, factor: 1)
  }

  mutating func run() throws {
    // A tanh at the end is part of the picture's scaling.
    for index in 1..<max(nodes.count, 1) where index <= final && !taken.contains(index) && index != root {
      try lower(index)
    }
    guard !isFinished else { return }
    steps.append(PackStep(input: try value(of: final), factor: 1))
  }

  private mutating func lower(_ index: Int) throws {
    let source = nodes[index].inputs[0]
    switch nodes[index].operation {
    case .input: break
    case .convolution: try lowerConvolution(index)
    case .depthwiseConvolution: try lowerDepthwise(index)
    case .instanceNorm: try lowerNorm(index)
    case .batchNorm: try lowerConstant(index, .batchNorm(nodes[index].name))
    case .affine(let scale, let offset):
      let affine = PictureAffine(scale: scale, offset: offset)
      if let picture = pictures[source] {
        pictures[index] = PictureValue(affine: picture.affine.followed(by: affine), factor: picture.factor)
      } else {
        try lowerConstant(index, .affine(affine))
      }
    case .relu:
      var value = try value(of: source)
      if value.residual == nil {
        value.appliesReLU = true
        values[index] = value
      } else {
        values[index] = LazyActivation(raw: pass(value, .relu))
      }
    case .leakyReLU(let slope):
      values[index] = LazyActivation(raw: pass(try value(of: source), .leakyReLU(slope: slope)))
    case .clamp(let minimum, let maximum):
      values[index] = LazyActivation(raw: pass(try value(of: source), .clamp(minimum: minimum, maximum: maximum)))
    case .parametricReLU:
      let input = try value(of: source)
      let output = newActivation(shapes[index])
      steps.append(ParametricReLUStep(layer: nodes[index].name, input: input, output: output))
      values[index] = LazyActivation(raw: output)
    case .upsampleNearest: try lowerUpsampling(index)
    case .upsampleLinear(let alignsCorners): try lowerLinearUpsampling(index, alignsCorners: alignsCorners)
    case .concatenation: try lowerConcatenation(index)
    case .pixelUnshuffle(let factor): try lowerUnshuffle(index, factor: factor)
    case .pixelShuffle(let factor): try lowerShuffle(index, factor: factor)
    case .add: try lowerSum(index)
    case .canvas, .revision: break
    case .scaledTanh(let scale, let offset):
      let value = try value(of: source)
      values[index] = LazyActivation(raw: pass(value, .scaledTanh(scale: scale, offset: offset)))
    }
  }

  /// Lowers a sum. The reader of the sum adds one operand as it reads; the other must be in memory.
  private mutating func lowerSum(_ index: Int) throws {
    let (first, second) = (nodes[index].inputs[0], nodes[index].inputs[1])
    let (a, b) = (try value(of: first), try value(of: second))
    let firstIsBase = a.residual == nil && (b.isPlain || !a.isPlain)
    let (base, other) = firstIsBase ? (first, second) : (second, first)
    let residual = try plain(other)
    var value = try value(of: base)
    if value.residual != nil { value = LazyActivation(raw: try plain(base)) }
    value.residual = residual
    values[index] = value
  }

  private mutating func lowerNorm(_ index: Int) throws {
    let input = try value(of: nodes[index].inputs[0])
    // After a convolution the sums exist already, see `lowerOutput`; otherwise they need a pass.
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

  mutating func appendNorms(_ norms: [Int], activation: Int, tasks: Int) {
    for norm in norms {
      // The sums are those of the activation, or the norm is behind the shuffle that reads it.
      let (summed, extent) = (extents[activation], shapes[norm])
      normChannels[norm] = extent.channels
      steps.append(
        NormStep(
          node: norm, layer: nodes[norm].name, extent: extent, summed: summed.storedChannels,
          places: summed.channels / extent.channels, tasks: tasks))
    }
  }

  /// Lowers a map of each channel that is not fused into a convolution. The reader of the value applies it.
  private mutating func lowerConstant(_ index: Int, _ map: ConstantMap) throws {
    let source = nodes[index].inputs[0]
    var value = try value(of: source)
    let channels = shapes[index].channels
    if !value.isPlain { value = LazyActivation(raw: try plain(source)) }
    normChannels[index] = channels
    steps.append(ConstantStep(node: index, map: map, channels: channels))
    value.norm = index
    values[index] = value
  }

  // MARK: Values

  /// Returns the value of a node, or the picture as an activation.
  mutating func value(of node: Int) throws -> LazyActivation {
    if let value = values[node] { return value }
    guard let source = pictures[node] else {
      throw ModelError.malformedNetwork(
        network: definition.name, node: "\(node)", reason: "a node that is fused into another one has a second reader")
    }
    let output = newActivation(shapes[node])
    steps.append(UnpackStep(affine: source.affine, factor: source.factor, output: output))
    let value = LazyActivation(raw: output)
    values[node] = value
    return value
  }

  /// Returns the activation that holds the value of a node.
  mutating func plain(_ node: Int) throws -> Int {
    let value = try value(of: node)
    if value.isPlain { return value.raw }
    let output = pass(value)
    values[node] = LazyActivation(raw: output)
    return output
  }

  /// Returns the value of a node for a convolution, which materializes it if others also read it.
  mutating func read(_ node: Int, materializing: Bool) throws -> LoweredInput {
    let value = try value(of: node)
    guard !value.isPlain, readers[node].count > 1 else { return LoweredInput(value: value) }
    guard materializing else { return LoweredInput(value: LazyActivation(raw: try plain(node))) }
    let output = newActivation(extents[value.raw])
    values[node] = LazyActivation(raw: output)
    return LoweredInput(value: value, materialized: output)
  }

  private mutating func pass(
    _ input: LazyActivation, _ function: PointwiseFunction = .identity, gathers: Bool = false
  ) -> Int {
    let output = newActivation(extents[input.raw])
    steps.append(PassStep(input: input, function: function, gathers: gathers, output: output))
    return output
  }

  mutating func newActivation(_ extent: ActivationExtent) -> Int {
    extents.append(extent)
    return extents.count - 1
  }

  /// Returns the only reader of a node, or nil if there are several or none.
  func onlyReader(_ index: Int) -> Int? { readers[index].count == 1 ? readers[index][0] : nil }
}

extension PictureAffine {
  /// Returns this map followed by `other`.
  fileprivate func followed(by other: PictureAffine) -> PictureAffine {
    PictureAffine(scale: scale * other.scale, offset: offset * other.scale + other.offset)
  }
}
