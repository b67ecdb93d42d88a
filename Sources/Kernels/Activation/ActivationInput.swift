/// An activation as its producer wrote it, with the operations that its consumer applies as it reads.
///
/// A pixel is read as `r(x · scale + shift) + residual`, where `r` is ReLU or the identity. Instance norm, ReLU and
/// residual sum therefore need no pass of their own over memory. If `materialized` is set, the consumer also writes
/// each pixel that it reads, once, for later readers of the same sum. The caller owns all memory.
public struct ActivationInput: @unchecked Sendable {
  /// The values, in ``layout``: `[N, C/8, H, W, 8]` or `[N, H, W, C]`.
  package var values: UnsafePointer<Float>
  /// The memory layout of the values, residual, mask and materialized activation.
  package var layout: ActivationLayout
  /// The scale of the norm, `[C]`; nil if there is no norm.
  package var scale: UnsafePointer<Float>?
  /// The shift of the norm, `[C]`.
  package var shift: UnsafePointer<Float>?
  /// Whether negative values become 0.
  package var appliesReLU: Bool
  /// The residual that is added last, in ``layout``; nil for none.
  package var residual: UnsafePointer<Float>?
  /// Where to store the result, in ``layout``; nil for nowhere. It overlaps neither `values` nor `residual`.
  package var materialized: UnsafeMutablePointer<Float>?
  /// The mask, in ``layout``: values count only where it is positive, as in the gradient of ReLU. Nil for none. A mask
  /// cannot be combined with a norm or a residual.
  package var mask: UnsafePointer<Float>?

  /// Creates an input that reads `values` with the given operations, by default none.
  public init(
    _ values: UnsafePointer<Float>, layout: ActivationLayout = .blocks, scale: UnsafePointer<Float>? = nil,
    shift: UnsafePointer<Float>? = nil, appliesReLU: Bool = false, residual: UnsafePointer<Float>? = nil,
    materialized: UnsafeMutablePointer<Float>? = nil, mask: UnsafePointer<Float>? = nil
  ) {
    self.values = values
    self.layout = layout
    self.scale = scale
    self.shift = shift
    self.appliesReLU = appliesReLU
    self.residual = residual
    self.materialized = materialized
    self.mask = mask
  }
}
