/// The precision of the factors of a convolution's products. Sums always have single precision.
public enum ProductPrecision: String, Codable, Sendable, CaseIterable {
  /// 32 bits, 24 of them significant.
  case float32
  /// 16 bits, 8 of them significant, with the range of single precision. Products are twice as fast on processors with
  /// AVX512_BF16, and have an error of 0.2 % of their size.
  case bfloat16

  /// Whether the processor has instructions for the products and this build uses them.
  public var isAvailable: Bool { self == .float32 || BFloat16Products.areAvailable }

  /// The lowest precision for which the processor has instructions, which is the fastest.
  public static var fastest: ProductPrecision { BFloat16Products.areAvailable ? .bfloat16 : .float32 }
}

extension FusedAlgorithm {
  /// The precision of the algorithm's products.
  public var precision: ProductPrecision {
    switch self {
    case .winograd4BFloat16, .upsampleWinogradBFloat16: .bfloat16
    case .winograd6, .winograd4, .upsample, .upsampleWinograd, .direct: .float32
    }
  }

  /// Returns the default algorithm for `geometry` with products of at least the precision `precision`.
  ///
  /// With bfloat16, F(4×4) is preferred to F(6×6), whose transforms amplify rounding errors more than four times as
  /// much. Measured on one core (Zen 4), it is 1.1 times as fast as F(6×6) in single precision with 8 to 24 channels,
  /// 1.2 times with 32, 1.3 times with 64 and 1.4 times with 128. With upsampling, it is 1.1 to 1.3 times as fast as
  /// F(6×6) to 8 or 16 channels, and 1.5 times as fast as the nine-product form to 24 or more.
  public static func preferred(for geometry: ConvolutionGeometry, precision: ProductPrecision) -> FusedAlgorithm {
    let ofBFloat16: [FusedAlgorithm] = precision == .bfloat16 ? [.winograd4BFloat16, .upsampleWinogradBFloat16] : []
    return ofBFloat16.first { $0.supports(geometry) } ?? preferred(for: geometry)
  }
}
