import Autograd
import Imaging
import Networks
import Tensors
import Threading
import Training

/// Shows what the network of a style paints where.
///
/// What a channel paints is measured by leaving it out: the painted picture minus the picture that the network paints
/// when the channel is 0 everywhere.
package struct NetworkInspection {
  /// A stage of the network: the values behind a ReLU, or what a residual block adds.
  package struct Stage: Sendable {
    /// The name of the convolution or the block.
    package let name: String
    /// The number of channels.
    package let channelCount: Int
    /// Whether the values are what a residual block adds, whose sign matters.
    package let isResidual: Bool
    /// The rows of each map.
    package let height: Int
    /// The columns of each map.
    package let width: Int
    /// The channels that paint most among those with the largest mean magnitudes, the strongest first.
    package var channels: [Channel]
  }

  /// A channel and what it paints.
  package struct Channel: Sendable {
    /// The place among the stage's channels, from 0.
    package let index: Int
    /// The values.
    package let map: FeatureMap
    /// The mean magnitude of the values.
    package let mean: Float
    /// What the channel adds to the painted picture: grey is nothing.
    package let painted: Picture
    /// The mean magnitude of what the channel adds, in levels of 255.
    package let strength: Float
  }

  /// The picture as the network sees it: reduced to the canvas, if there is one.
  package let canvas: Picture
  /// What the network paints there.
  package let draft: Picture
  /// The draft enlarged to the size of the film, what the revision adds, and their sum; nil without a canvas.
  package let revision: (enlarged: Picture, added: Picture, result: Picture)?
  /// The stages, in the order of the network.
  package let stages: [Stage]

  /// The magnitude in levels of 255 that is black or white in the pictures of what a channel or the revision adds.
  package static let limit: Float = 16

  /// For each channel that is shown, so many are left out for comparison.
  private static let candidates = 3

  /// Looks into the network of `model` while it paints `picture`.
  ///
  /// - Parameters:
  ///   - count: The number of channels of each stage.
  ///   - progress: Called before each pass of the network with the number of passes so far and of all. What it throws
  ///     ends the inspection.
  package init(
    _ model: StyleModel, painting picture: Picture, count: Int, pool: ComputePool,
    progress: (_ pass: Int, _ passes: Int) throws -> Void
  ) rethrows {
    let allocator = TensorAllocator()
    func tape() -> Tape { Tape(pool: pool, allocator: allocator) }
    let definition = model.definition
    let multiple = definition.canvasLines == nil ? definition.sizeMultiple : 1
    let film = Variable(picture.resized(toMultipleOf: multiple).tensor())
    let shape = film.value.shape
    let extents = definition.canvasExtents(height: shape.height, width: shape.width)
    let canvas =
      definition.canvasLines == nil ? film : tape().areaReduced(film, height: extents.height, width: extents.width)
    let network = NetworkExecutor(definition: definition.draft, parameters: model.parameters, trainable: false)
    let sites = StageSite.all(of: definition.draft)
    let passes = 1 + sites.reduce(0) { $0 + min(Self.candidates * count, $1.channelCount) }
    try progress(0, passes)

    var values: [Int: Tensor] = [:]
    let draft = network(canvas, on: tape()) { index, value in
      if sites.contains(where: { $0.node == index }) { values[index] = value.value }
      return value
    }.value
    var stages: [Stage] = []
    var pass = 1
    for site in sites {
      guard let value = values[site.node] else { continue }
      let means = value.channelMeans(abs)
      var stage = Stage(
        name: site.name, channelCount: value.shape.channels, isResidual: site.isResidual, height: value.shape.height,
        width: value.shape.width, channels: [])
      for index in means.strongest(Self.candidates * count) {
        try progress(pass, passes)
        pass += 1
        let without = network(canvas, on: tape()) { node, value in
          node == site.node ? Variable(value.value.withoutChannel(index)) : value
        }.value
        let added = Tensor(draft.shape, elements: zip(draft.buffer, without.buffer).map { $0 - $1 })
        let strength = Float(added.channelMeans(abs).reduce(0, +) / 3)
        stage.channels.append(
          Channel(
            index: index, map: FeatureMap(value, channel: index), mean: Float(means[index]),
            painted: Picture(signed: added, limit: Self.limit), strength: strength))
      }
      stage.channels.sort { $0.strength != $1.strength ? $0.strength > $1.strength : $0.index < $1.index }
      stage.channels = Array(stage.channels.prefix(count))
      stages.append(stage)
    }
    self.canvas = Picture(tensor: canvas.value)
    self.draft = Picture(tensor: draft)
    self.stages = stages
    if definition.canvasLines == nil {
      revision = nil
    } else {
      let whole = NetworkExecutor(definition: definition, parameters: model.parameters, trainable: false)
      let result = whole(film, on: tape()).value
      let last = tape()
      let enlarged = last.enlarged(
        last.sharpened(Variable(draft), height: shape.height, width: shape.width), height: shape.height,
        width: shape.width
      ).value
      let added = Tensor(result.shape, elements: zip(result.buffer, enlarged.buffer).map { $0 - $1 })
      revision = (
        Picture(tensor: enlarged), Picture(signed: added, limit: Self.limit), Picture(tensor: result)
      )
    }
  }
}

/// A node of a network whose channels are shown.
struct StageSite: Equatable {
  /// The index of the node.
  let node: Int
  /// The name of its convolution or residual block.
  let name: String
  /// The number of channels.
  let channelCount: Int
  /// Whether a residual block adds the values to its input.
  let isResidual: Bool

  /// Returns the stages of `definition`, which has no canvas: each ReLU outside of residual blocks, and what each block
  /// adds.
  static func all(of definition: NetworkDefinition) -> [StageSite] {
    let nodes = definition.nodes
    // What a block adds is computed behind its shortcut.
    let blocks = nodes.indices.compactMap { index -> (interior: Range<Int>, branch: Int)? in
      guard nodes[index].operation == .add, let shortcut = nodes[index].inputs.min(),
        let branch = nodes[index].inputs.max(), shortcut < branch
      else { return nil }
      return (shortcut + 1..<index, branch)
    }
    var sites: [StageSite] = []
    var (name, channels) = ("", 3)
    var namesInBlock: [String] = []
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case .convolution(_, let outputs, _, _, _): (name, channels) = (node.name, outputs)
      case .depthwiseConvolution(let count, _, _, _): (name, channels) = (node.name, count)
      default: break
      }
      if let block = blocks.first(where: { $0.interior.contains(index) }) {
        if node.name == name { namesInBlock.append(name) }
        guard index == block.branch else { continue }
        sites.append(
          StageSite(node: index, name: blockName(namesInBlock), channelCount: channels, isResidual: true))
        namesInBlock = []
      } else if node.operation.isRectifier {
        sites.append(StageSite(node: index, name: name, channelCount: channels, isResidual: false))
      }
    }
    return sites
  }

  /// The name of a block: the leading parts that the names of its convolutions have in common, `res1` of `res1.conv1`
  /// and `res1.conv2`; if there are none, the last name.
  private static func blockName(_ names: [String]) -> String {
    let parts = names.map { $0.split(separator: ".") }
    guard let last = parts.last else { return "" }
    let common = last.indices.prefix { place in parts.allSatisfy { place < $0.count && $0[place] == last[place] } }
    let shared = parts.count > 1 ? last.prefix(common.count) : last.dropLast()
    return shared.isEmpty ? names.last ?? "" : shared.joined(separator: ".")
  }
}

extension Operation {
  fileprivate var isRectifier: Bool {
    switch self {
    case .relu, .leakyReLU, .parametricReLU: true
    // ReLU6 of other programs.
    case .clamp(let minimum, _): minimum == 0
    default: false
    }
  }
}

extension Tensor {
  /// Returns a copy of features `[1, H, W, C]` with 0 in channel `index`.
  fileprivate func withoutChannel(_ index: Int) -> Tensor {
    let result = copy()
    for element in stride(from: index, to: count, by: shape.channels) { result.buffer[element] = 0 }
    return result
  }
}

extension Picture {
  /// Returns the picture resized so that both sides are multiples of `multiple`, at least one each.
  fileprivate func resized(toMultipleOf multiple: Int) -> Picture {
    func rounded(_ extent: Int) -> Int { max(1, (extent + multiple / 2) / multiple) * multiple }
    return resized(width: rounded(width), height: rounded(height))
  }
}
