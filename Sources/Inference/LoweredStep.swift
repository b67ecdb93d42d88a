import Kernels
import Networks

/// A node's value as it can be read without having been computed: what its producer left, and what is still to be done.
///
/// `r(x · scale + shift) + residual`, see ``ActivationInput``.
struct LazyActivation: Hashable {
  /// The activation that holds `x`.
  let raw: Int
  /// The norm node whose scale and shift apply.
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

/// One pass over memory, on activations that are numbered but not yet placed.
enum LoweredStep {
  /// The picture as an activation.
  case unpack(output: Int)
  /// A convolution on the picture.
  case pictureConvolution(
    layer: String, ConvolutionGeometry, usesBias: Bool, rectifies: Bool, gathers: Bool, output: Int)
  /// A convolution, the upsampling in front of it included; `materialized` is where the input is kept for later readers.
  case convolution(
    layer: String, FusedConvolution, input: LazyActivation, materialized: Int?, usesBias: Bool, rectifies: Bool,
    gathers: Bool, output: Int)
  /// The last convolution, to the picture.
  case convolutionToPicture(layer: String, ConvolutionGeometry, input: LazyActivation)
  /// Scale and shift of norm `node` from the sums that the step before gathered over `activation`.
  case norm(node: Int, layer: String, activation: Int, tasks: Int)
  /// What no convolution takes along: the value itself, then ReLU, then the scaled tanh.
  case pass(input: LazyActivation, rectifies: Bool, scaling: PictureScaling, gathers: Bool, output: Int)
  /// Nearest upsampling that no convolution takes over.
  case upsample(input: Int, output: Int)
  /// The end of a network that does not end in a convolution.
  case pack(input: LazyActivation)

  /// The activations that the step reads or writes.
  var activations: [Int] {
    switch self {
    case .unpack(let output), .pictureConvolution(_, _, _, _, _, let output): [output]
    case .convolution(_, _, let input, let materialized, _, _, _, let output):
      input.activations + (materialized.map { [$0] } ?? []) + [output]
    case .convolutionToPicture(_, _, let input), .pack(let input): input.activations
    case .norm: []
    case .pass(let input, _, _, _, let output): input.activations + [output]
    case .upsample(let input, let output): [input, output]
    }
  }
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
