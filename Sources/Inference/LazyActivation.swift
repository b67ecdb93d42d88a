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
