/// The precision of the factors of a convolution's products. Sums always have single precision.
public enum ProductPrecision: String, Sendable, CaseIterable {
  /// 32 bits, 24 of them significant.
  case single
  /// 16 bits, 8 of them significant, with the range of single precision. Products are twice as fast on processors with
  /// AVX512_BF16, and have an error of 0.2 % of their size.
  case bfloat16

  /// Whether the processor has instructions for the products and this build uses them.
  public var isAvailable: Bool { self == .single || BFloat16Products.areAvailable }
}

extension FusedAlgorithm {
  /// The precision of the algorithm's products.
  public var precision: ProductPrecision { self == .winograd4BFloat16 ? .bfloat16 : .single }

  /// Returns the default algorithm for `geometry` with products of at least the precision `precision`.
  ///
  /// With bfloat16, F(4×4) is preferred to F(6×6), whose transforms amplify rounding errors five times as much. Measured
  /// on one core (Zen 4), it is 1.1 times as fast as F(6×6) in single precision with 24 channels, 1.25 times with 32 and
  /// 1.5 times with 128. With 16, the transforms take what the products gain.
  public static func preferred(for geometry: ConvolutionGeometry, precision: ProductPrecision) -> FusedAlgorithm {
    if precision == .bfloat16, min(geometry.inputChannels, geometry.outputChannels) >= 24,
      FusedAlgorithm.winograd4BFloat16.supports(geometry)
    {
      return .winograd4BFloat16
    }
    return preferred(for: geometry)
  }
}
