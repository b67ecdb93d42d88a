/// An activation as its producer left it, with what its consumer still has to do as it reads.
///
/// A pixel is read as `r(x · scale + shift) + residual`, where `r` is ReLU or nothing: instance norm, activation and
/// residual sum take no pass of their own over the memory. Where `materialized` is given, the consumer also writes what
/// it has read, each pixel once: for a later reader of the same sum. All memory is the caller's.
public struct ActivationInput: @unchecked Sendable {
  /// `[N, C/8, H, W, 8]`, or as ``layout`` says; so are the others.
  public var values: UnsafePointer<Float>
  /// How values, residual, mask and the materialized activation lie in memory.
  public var layout: ActivationLayout
  /// `[C]`, with ``shift``: the norm; nil means that values are taken as they are.
  public var scale: UnsafePointer<Float>?
  /// `[C]`.
  public var shift: UnsafePointer<Float>?
  /// Whether negative values become 0.
  public var rectifies: Bool
  /// `[N, C/8, H, W, 8]`, added last; nil means nothing.
  public var residual: UnsafePointer<Float>?
  /// `[N, C/8, H, W, 8]`, where the result is kept; nil means nowhere. It overlaps neither `values` nor `residual`.
  public var materialized: UnsafeMutablePointer<Float>?
  /// `[N, C/8, H, W, 8]`: values count only where this is positive, as ReLU's gradient does; nil means everywhere. Not together
  /// with a norm or a residual.
  public var mask: UnsafePointer<Float>?

  /// An input; plain `values` unless more is given.
  public init(
    _ values: UnsafePointer<Float>, layout: ActivationLayout = .blocks, scale: UnsafePointer<Float>? = nil,
    shift: UnsafePointer<Float>? = nil, rectifies: Bool = false, residual: UnsafePointer<Float>? = nil,
    materialized: UnsafeMutablePointer<Float>? = nil, mask: UnsafePointer<Float>? = nil
  ) {
    self.values = values
    self.layout = layout
    self.scale = scale
    self.shift = shift
    self.rectifies = rectifies
    self.residual = residual
    self.materialized = materialized
    self.mask = mask
  }
}
