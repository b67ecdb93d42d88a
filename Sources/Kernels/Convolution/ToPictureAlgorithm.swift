import Threading

/// The ways to compute the last layer, a convolution of stride 1 whose three channels are written as a picture; nearest ×2 upsampling
/// may stand in front of it.
///
/// `picture[y, x, c] = f(bias[c] + Σ in[y + i − p, x + j − p, k] · weight[c, k, i, j])`, with `f` the scaled tanh if given; bytes are clamped and
/// rounded.
public enum ToPictureAlgorithm: String, Sendable, CaseIterable {
  /// ``FusedConvolutionToPicture``: blocks of 3×3 taps in Winograd's domain.
  case winograd
  /// ``FusedDirectToPicture``: for each output, the products one after another.
  case direct
  /// ``FusedUpsampleToPicture``: nearest ×2 and 3×3, in front of the upsampling.
  case upsample

  /// Whether the algorithm computes `geometry`.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    self == .upsample
      ? FusedUpsampleToPicture.supports(geometry) : FusedConvolutionToPicture.supports(geometry)
  }

  /// The algorithm for `geometry` where nothing else is asked for: 3×3 from a vector or two of channels has too few products for
  /// the transforms to pay off.
  public static func preferred(for geometry: ConvolutionGeometry) -> ToPictureAlgorithm {
    if ToPictureAlgorithm.upsample.supports(geometry) { return .upsample }
    return geometry.kernel <= 3 && geometry.inputChannels <= 2 * laneCount ? .direct : .winograd
  }

  /// Floats of scratch on a pool of `threads`; its first contents must be finite.
  public func scratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    switch self {
    case .winograd: FusedConvolutionToPicture.scratchCount(geometry, threads: threads)
    case .direct: FusedDirectToPicture.scratchCount(geometry, threads: threads)
    case .upsample: FusedUpsampleToPicture.scratchCount(geometry, threads: threads)
    }
  }

  /// Floats of a packed weight.
  public func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    switch self {
    case .winograd: FusedConvolutionToPicture.packedWeightCount(geometry)
    case .direct: FusedDirectToPicture.packedWeightCount(geometry)
    case .upsample: FusedUpsampleToPicture.packedWeightCount(geometry)
    }
  }

  /// Writes `[3, I, k, k]`, perhaps of fewer channels than the geometry's, in the form that the kernel reads.
  public func packWeight(
    _ weight: FilterWeight, _ geometry: ConvolutionGeometry, into packed: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .winograd: FusedConvolutionToPicture.packWeight(weight, geometry, into: packed)
    case .direct: FusedDirectToPicture.packWeight(weight, geometry, into: packed)
    case .upsample: FusedUpsampleToPicture.packWeight(weight, geometry, into: packed)
    }
  }

  /// Computes the picture; `bias` is `[3]` or nil.
  public func forward(
    _ input: ActivationInput, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, scaling: PictureScaling, picture: PictureOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    switch self {
    case .winograd:
      FusedConvolutionToPicture.forward(
        input, geometry, weight: weight, bias: bias, scaling: scaling, picture: picture, scratch: scratch, pool: pool)
    case .direct:
      FusedDirectToPicture.forward(
        input, geometry, weight: weight, bias: bias, scaling: scaling, picture: picture, scratch: scratch, pool: pool)
    case .upsample:
      FusedUpsampleToPicture.forward(
        input, geometry, weight: weight, bias: bias, scaling: scaling, picture: picture, scratch: scratch, pool: pool)
    }
  }
}
