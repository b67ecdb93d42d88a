/// What one node of a network computes. Shapes are `[N, H, W, C]`; parameters are named by the node.
public enum Operation: Hashable, Sendable {
  /// The picture: RGB, 0…255.
  case input
  /// Convolution without upsampling, padding `kernel / 2`; parameters `NAME.weight` `[O, I, k, k]` and `NAME.bias` `[O]`.
  case convolution(inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int, padding: Padding)
  /// Depthwise convolution, each channel with a kernel of its own: `y[h, w, c] = b[c] + Σ W[c, i, j]·x[h·s + i − p, w·s + j − p, c]`
  /// with padding `p = kernel / 2`; parameters `NAME.weight` `[C, 1, k, k]` and `NAME.bias` `[C]`, as PyTorch's `groups = C`.
  case depthwiseConvolution(channels: Int, kernel: Int, stride: Int, padding: Padding)
  /// Instance normalisation; parameters `NAME.weight` (γ) and `NAME.bias` (β), each `[C]`.
  case instanceNorm(channels: Int)
  /// Batch normalisation by stored statistics, `γ·(x − μ)/√(σ² + 1e-5) + β`: the same map for every picture, so it folds into
  /// the convolution in front of it. Parameters `NAME.weight` (γ), `NAME.bias` (β), `NAME.running_mean` (μ) and
  /// `NAME.running_var` (σ²), each `[C]`; the last two are not trained but gathered, see `NormSchedule` in Training.
  case batchNorm(channels: Int)
  /// `max(x, 0)`.
  case relu
  /// Nearest-neighbour upsampling by 2.
  case upsampleNearest
  /// The picture on its canvas: reduced by area averaging so that its short side has this many pixels, one of ``Canvas/lines``. It has
  /// no parameters and reads the input; what reads the picture behind it, reads the canvas. See ``Canvas`` for the extents.
  case canvas(lines: Int)
  /// The draft, which was painted on the canvas, at the film's size with the film's edges put back: the last node of a network that
  /// has a ``canvas(lines:)``; it reads the input and the draft.
  ///
  /// With `E` bilinear enlargement (half-pixel centres, clamped), `S` the sharpening that makes up for its blur, see `DraftSharpening` in
  /// Kernels, `Y` the film's luma and `P` the enlarged luma of the canvas, the film's
  /// Laplacian is `Y − P`. Each block of 2×2 pixels has eight values: four of `(Y − P)/64` in the order of ``pixelUnshuffle(factor:)``, then
  /// red, green and blue of `E(S(draft))` and `P` at the block's centre, both as `(x − 127.5)/127.5`; the last row and column of odd extents are
  /// repeated. The output is `E(S(draft)) + 64 · shuffle(conv2(relu(conv1(values))))`, of 3×3 convolutions that pad by reflection and a pixel
  /// shuffle of 2. Parameters `NAME.conv1.weight` `[C, 8, 3, 3]`, `NAME.conv1.bias` `[C]`, `NAME.conv2.weight` `[12, C, 3, 3]` and
  /// `NAME.conv2.bias` `[12]`; the last two begin as zeros, so that the output begins as `E(S(draft))`. With no channels it is that for good,
  /// and has no parameters.
  ///
  /// T. Lin et al.: Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer, CVPR 2021.
  case revision(channels: Int)
  /// The sum of two nodes of one shape.
  case add
  /// Blocks of `factor` × `factor` pixels become channels, as in PyTorch: `[N, H, W, C]` → `[N, H/r, W/r, C·r²]`,
  /// `y[h, w, c·r² + i·r + j] = x[h·r + i, w·r + j, c]`.
  case pixelUnshuffle(factor: Int)
  /// The inverse of ``pixelUnshuffle(factor:)``: `[N, H, W, C·r²]` → `[N, H·r, W·r, C]`.
  case pixelShuffle(factor: Int)
  /// `offset + scale · x`.
  case affine(scale: Float, offset: Float)
  /// `offset + scale · tanh(x)`.
  case scaledTanh(scale: Float, offset: Float)

  /// How a convolution continues its input beyond the border.
  public enum Padding: String, Hashable, Sendable {
    /// With zeros.
    case zeros
    /// Mirrored at the border pixel.
    case reflect
  }
}

/// One node: an operation on earlier nodes.
public struct Node: Hashable, Sendable {
  /// The prefix of its parameters' names; empty where it has none.
  public let name: String
  /// What it computes.
  public let operation: Operation
  /// The positions in ``NetworkDefinition/nodes`` of what it reads.
  public let inputs: [Int]

  /// A node; `name` matters only where the operation has parameters.
  public init(name: String = "", operation: Operation, inputs: [Int]) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
  }
}

/// A parameter that a network expects.
public struct ParameterSpecification: Hashable, Sendable {
  /// Its name in the model file.
  public let name: String
  /// Its extents.
  public let shape: [Int]
  /// How it is initialised before training.
  public let initialization: Initialization
  /// Whether the optimizer changes it; false for statistics.
  public let isTrained: Bool

  init(name: String, shape: [Int], initialization: Initialization, isTrained: Bool = true) {
    self.name = name
    self.shape = shape
    self.initialization = initialization
    self.isTrained = isTrained
  }

  /// The initial values of a parameter.
  public enum Initialization: Hashable, Sendable {
    /// Uniform in ±1/√fanIn: PyTorch's default for convolutions.
    case uniform(fanIn: Int)
    /// For a 3×3 convolution in front of a pixel shuffle of `factor`: a random 1×1 convolution to the shuffled picture, its result
    /// enlarged by linear interpolation. `W[c·r² + i·r + j, k, y, x] = a[c, k]·l(i, y)·l(j, x)` with `a` uniform in ±1/√fanIn and
    /// `l` the weights with which the sample `(i + 1/2)/r − 1/2` lies between its neighbours.
    ///
    /// Random values for each place of the block would begin as a grid, and training takes long to wear it off. After A. Aitken et al.:
    /// Checkerboard artifact free sub-pixel convolution, 2017, which begins with nearest-neighbour enlargement.
    case interpolation(factor: Int, fanIn: Int)
    /// All the same.
    case constant(Float)
  }
}

/// An architecture as data: nodes in the order in which they can be computed; the last one is the output.
///
/// This is the only place where a network is written down. The trainer records the same nodes on its tape that the
/// inference engine compiles into its plan.
public struct NetworkDefinition: Hashable, Sendable {
  /// The architecture's name, as in `--network`.
  public let name: String
  /// The multiplier of every layer's channels.
  public let width: Double
  /// The nodes; inputs precede what reads them.
  public let nodes: [Node]
  /// Height and width of the input must be multiples of this for the output to have the same size. Where there is a canvas, its extents are
  /// such multiples, and the input may have any.
  public let sizeMultiple: Int

  /// An architecture of one's own; whoever executes it checks that the nodes fit together.
  public init(name: String, width: Double = 1, nodes: [Node], sizeMultiple: Int) {
    self.name = name
    self.width = width
    self.nodes = nodes
    self.sizeMultiple = sizeMultiple
  }

  /// The parameters, in the order of the nodes.
  public var parameters: [ParameterSpecification] {
    nodes.enumerated().flatMap { index, node -> [ParameterSpecification] in
      switch node.operation {
      case .convolution(let inputChannels, let outputChannels, let kernel, _, _):
        let fanIn = inputChannels * kernel * kernel
        let factor = kernel == 3 ? shuffleFactor(behind: index) : nil
        return [
          ParameterSpecification(
            name: node.name + ".weight", shape: [outputChannels, inputChannels, kernel, kernel],
            initialization: factor.map { .interpolation(factor: $0, fanIn: inputChannels) } ?? .uniform(fanIn: fanIn)),
          ParameterSpecification(
            name: node.name + ".bias", shape: [outputChannels],
            initialization: factor == nil ? .uniform(fanIn: fanIn) : .constant(0)),
        ]
      case .instanceNorm(let channels):
        return [
          ParameterSpecification(name: node.name + ".weight", shape: [channels], initialization: .constant(1)),
          ParameterSpecification(name: node.name + ".bias", shape: [channels], initialization: .constant(0)),
        ]
      case .depthwiseConvolution(let channels, let kernel, _, _):
        let fanIn = kernel * kernel
        return [
          ParameterSpecification(
            name: node.name + ".weight", shape: [channels, 1, kernel, kernel], initialization: .uniform(fanIn: fanIn)),
          ParameterSpecification(name: node.name + ".bias", shape: [channels], initialization: .uniform(fanIn: fanIn)),
        ]
      case .batchNorm(let channels):
        let values: [(suffix: String, initial: Float, isTrained: Bool)] = [
          (".weight", 1, true), (".bias", 0, true), (".running_mean", 0, false), (".running_var", 1, false),
        ]
        return values.map { value in
          ParameterSpecification(
            name: node.name + value.suffix, shape: [channels], initialization: .constant(value.initial),
            isTrained: value.isTrained)
        }
      case .revision(let channels): return revisionParameters(node.name, channels: channels)
      case .input, .relu, .upsampleNearest, .pixelUnshuffle, .pixelShuffle, .add, .affine, .scaledTanh, .canvas:
        return []
      }
    }
  }

  /// The factor of the pixel shuffle right behind node `index`; nil where there is none.
  private func shuffleFactor(behind index: Int) -> Int? {
    guard index + 1 < nodes.count, nodes[index + 1].inputs == [index],
      case .pixelShuffle(let factor) = nodes[index + 1].operation
    else { return nil }
    return factor
  }

  /// The number of trained values.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + ($1.isTrained ? $1.shape.reduce(1, *) : 0) }
  }

  /// Multiply-adds for one picture of `height` × `width`, both multiples of ``sizeMultiple`` where there is no canvas.
  public func multiplyAdds(height: Int, width: Int) -> Int {
    var extents: [(height: Int, width: Int)] = []
    var total = 0
    for node in nodes {
      var extent = node.inputs.first.map { extents[$0] } ?? (height: height, width: width)
      switch node.operation {
      case .convolution(let inputChannels, let outputChannels, let kernel, let stride, _):
        extent = ((extent.height + stride - 1) / stride, (extent.width + stride - 1) / stride)
        total += extent.height * extent.width * inputChannels * outputChannels * kernel * kernel
      case .depthwiseConvolution(let channels, let kernel, let stride, _):
        extent = ((extent.height + stride - 1) / stride, (extent.width + stride - 1) / stride)
        total += extent.height * extent.width * channels * kernel * kernel
      case .upsampleNearest:
        extent = (extent.height * 2, extent.width * 2)
      case .pixelShuffle(let factor):
        extent = (extent.height * factor, extent.width * factor)
      case .pixelUnshuffle(let factor):
        extent = (extent.height / factor, extent.width / factor)
      case .canvas:
        extent = canvasExtents(height: height, width: width)
      case .revision(let channels):
        extent = (height, width)
        total += (height + 1) / 2 * ((width + 1) / 2) * channels * 9 * (Self.revisionInputs + Self.revisionOutputs)
      default:
        break
      }
      extents.append(extent)
    }
    return total
  }
}
