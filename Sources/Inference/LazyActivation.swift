import Kernels
import Networks

/// The value of a node that is not computed yet: the stored output of its producer and the operations still to be
/// applied.
///
/// `r(x · scale + shift) + residual`, see ``ActivationInput``.
struct LazyActivation: Hashable {
  /// The activation that holds `x`.
  let raw: Int
  /// The node whose scale and shift apply: an instance norm, or a batch norm or affine map that is not folded into a
  /// convolution.
  var norm: Int?
  /// Whether negative values become 0, after the norm.
  var appliesReLU = false
  /// The activation that is added last.
  var residual: Int?

  init(raw: Int) { self.raw = raw }

  /// Whether `x` itself is the value.
  var isPlain: Bool { norm == nil && !appliesReLU && residual == nil }
  /// The activations that are read.
  var activations: [Int] { [raw] + (residual.map { [$0] } ?? []) }
}

/// The weight and bias of a convolution and the maps to fold into them.
struct LoweredFilter: Hashable {
  /// The name of the convolution.
  let layer: String
  /// The map of the picture before it.
  var affine = PictureAffine.identity
  /// The name of the batch norm after it.
  var batchNorm: String?

  init(layer: String) { self.layer = layer }
}

/// The input of a convolution.
struct LoweredInput {
  let value: LazyActivation
  /// Where the value is stored for later readers.
  var materialized: Int?

  var activations: [Int] { value.activations + (materialized.map { [$0] } ?? []) }
}

/// The output of a convolution.
struct LoweredOutput {
  let activation: Int
  let usesBias: Bool
  let appliesReLU: Bool
  /// The activation that is added last.
  var residual: Int?
  /// Whether the sums of instance norms are computed.
  let gathers: Bool

  var activations: [Int] { [activation] + (residual.map { [$0] } ?? []) }
}

/// The size of an activation, `[H, W, C]`. In memory it is `[C/8, H, W, 8]`, with the channels rounded up to whole
/// vectors.
struct ActivationExtent: Hashable, CustomStringConvertible {
  let height: Int
  let width: Int
  let channels: Int

  /// The number of channels in memory. Those beyond ``channels`` are zeros.
  var storedChannels: Int { ActivationLayout.storedChannels(channels) }
  var pixels: Int { height * width }
  var count: Int { pixels * storedChannels }
  var description: String { "[\(height), \(width), \(channels)]" }
}

extension ActivationExtent {
  /// Creates the size of a value of `shape`.
  init(_ shape: FeatureShape) { self.init(height: shape.height, width: shape.width, channels: shape.channels) }
}
