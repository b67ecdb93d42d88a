import Kernels
import Networks

/// A node's value as it can be read without having been computed: what its producer left, and what is still to be done.
///
/// `r(x · scale + shift) + residual`, see ``ActivationInput``.
struct LazyActivation: Hashable {
  /// The activation that holds `x`.
  let raw: Int
  /// The node whose scale and shift apply: an instance norm, a batch norm that no convolution took over, or an affine map.
  var norm: Int?
  /// Whether negative values become 0, behind the norm.
  var rectifies = false
  /// The activation that is added last.
  var residual: Int?

  init(raw: Int) { self.raw = raw }

  /// Whether `x` is the value.
  var isPlain: Bool { norm == nil && !rectifies && residual == nil }
  /// The activations that are read.
  var activations: [Int] { [raw] + (residual.map { [$0] } ?? []) }
}

/// The weight and bias of a convolution with the maps around it folded in.
struct LoweredFilter: Hashable {
  /// The convolution's name.
  let layer: String
  /// The map of the picture in front of it.
  var affine = PictureAffine.identity
  /// The name of the batch norm behind it.
  var batchNorm: String?

  init(layer: String) { self.layer = layer }
}

/// What a convolution reads.
struct LoweredInput {
  let value: LazyActivation
  /// Where the value is kept for later readers.
  var materialized: Int?

  var activations: [Int] { value.activations + (materialized.map { [$0] } ?? []) }
}

/// What a convolution writes.
struct LoweredOutput {
  let activation: Int
  let usesBias: Bool
  let rectifies: Bool
  /// The activation that is added last.
  var residual: Int?
  /// Whether the sums of instance norms are gathered.
  let gathers: Bool

  var activations: [Int] { [activation] + (residual.map { [$0] } ?? []) }
}

/// One pass over memory, on activations that are numbered but not yet placed.
enum LoweredStep {
  /// The picture as an activation, its blocks of `factor` × `factor` pixels as channels.
  case unpack(PictureAffine, factor: Int, output: Int)
  /// A convolution on the picture.
  case pictureConvolution(LoweredFilter, FusedPictureConvolution, output: LoweredOutput)
  /// A convolution, the upsampling in front of it included.
  case convolution(LoweredFilter, FusedConvolution, input: LoweredInput, output: LoweredOutput)
  /// A depthwise convolution, the upsampling in front of it included.
  case depthwise(LoweredFilter, FusedDepthwiseConvolution, input: LoweredInput, output: LoweredOutput)
  /// A depthwise convolution and the 1×1 convolution behind it.
  case separable(
    depthwise: LoweredFilter, LoweredFilter, FusedSeparableConvolution, input: LoweredInput, output: LoweredOutput)
  /// The last convolution, to the picture.
  case convolutionToPicture(LoweredFilter, ToPictureAlgorithm, ConvolutionGeometry, input: LazyActivation)
  /// Scale and shift of norm `node` from the sums that the step before gathered over `activation`.
  case norm(node: Int, layer: String, activation: Int, tasks: Int)
  /// Scale and shift of `node` that are the same for every picture.
  case constant(node: Int, ConstantMap, channels: Int)
  /// What no convolution takes along: the value itself, then ReLU, then the scaled tanh.
  case pass(input: LazyActivation, rectifies: Bool, scaling: PictureScaling, gathers: Bool, output: Int)
  /// Nearest upsampling that no convolution takes over.
  case upsample(input: Int, output: Int)
  /// Pixel shuffling, or unshuffling, within the network.
  case shuffle(input: Int, factor: Int, isInverse: Bool, output: Int)
  /// The end of a network that does not end in a convolution to three channels: a pixel shuffle, perhaps of factor 1.
  case pack(input: LazyActivation, factor: Int)

  /// The activations that the step reads or writes.
  var activations: [Int] {
    switch self {
    case .unpack(_, _, let output): [output]
    case .pictureConvolution(_, _, let output): [output.activation]
    case .convolution(_, _, let input, let output), .depthwise(_, _, let input, let output),
      .separable(_, _, _, let input, let output):
      input.activations + output.activations
    case .convolutionToPicture(_, _, _, let input), .pack(let input, _): input.activations
    case .norm, .constant: []
    case .pass(let input, _, _, _, let output): input.activations + [output]
    case .upsample(let input, let output), .shuffle(let input, _, _, let output): [input, output]
    }
  }
}

/// A map of each channel that no picture changes.
enum ConstantMap {
  /// The batch norm of this name.
  case batchNorm(String)
  /// The same for all channels.
  case affine(PictureAffine)
}

/// The extents of an activation, `[H, W, C]`; in memory `[C/8, H, W, 8]`, its channels rounded up to whole vectors.
struct ActivationExtent: Hashable, CustomStringConvertible {
  let height: Int
  let width: Int
  let channels: Int

  /// Channels in memory: those beyond ``channels`` are zeros.
  var storedChannels: Int { (channels + 7) / 8 * 8 }
  var pixels: Int { height * width }
  var count: Int { pixels * storedChannels }
  var description: String { "[\(height), \(width), \(channels)]" }
}

extension ActivationExtent {
  /// The extents of a value of `shape`.
  init(_ shape: FeatureShape) { self.init(height: shape.height, width: shape.width, channels: shape.channels) }
}
