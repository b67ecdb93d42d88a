/// The algorithms for one kind of convolution: a table of kernels with a preferred one for each geometry.
///
/// To add an algorithm, add a type that conforms to ``ConvolutionKernel`` and a case here, with its kernel and the
/// geometries for which it is preferred.
public protocol ConvolutionTable: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
  /// The type that the kernels read.
  associatedtype Input
  /// The type that the kernels write.
  associatedtype Output

  /// The table's part of ``name``. It ends with a hyphen, or is empty for ``FusedAlgorithm``.
  static var prefix: String { get }

  /// The kernel's type.
  var kernel: any ConvolutionKernel<Input, Output>.Type { get }

  /// Returns the default algorithm for `geometry`.
  static func preferred(for geometry: ConvolutionGeometry) -> Self
}

extension ConvolutionTable {
  /// The name in an engine's plan and in the benchmarks, unique among all tables: `winograd6`, `toPicture-winograd`.
  public var name: String { Self.prefix + rawValue }

  /// Whether the algorithm supports `geometry`.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool { kernel.supports(geometry) }

  /// Returns the kernel for `geometry`, which the algorithm must support.
  public func kernel(for geometry: ConvolutionGeometry) -> any ConvolutionKernel<Input, Output> {
    precondition(supports(geometry), "\(self) does not compute this convolution")
    return kernel.init(geometry)
  }
}

// MARK: - Between activations

/// The algorithms for convolutions that include norm, ReLU, residual sum and padding of their input, and bias, ReLU and
/// the sums of the next norm of their output.
///
/// `output[n, y, x, o] = r(bias[o] + Σ in[n, y·s + i − p, x·s + j − p, c] · weight[o, c, i, j])`, where `in` is what
/// ``ActivationInput`` describes. Channels are multiples of 8.
public enum FusedAlgorithm: String, ConvolutionTable {
  /// Winograd's F(6×6, 3×3): 3×3, stride 1.
  case winograd6
  /// Winograd's F(4×4, 3×3): 3×3, stride 1. Slightly more accurate than F(6×6), with less waste on small maps.
  case winograd4
  /// Winograd's F(4×4, 3×3) with products of bfloat16: 3×3, stride 1, up to 128 input channels, on processors with
  /// AVX512_BF16.
  case winograd4BFloat16
  /// Nearest ×2 upsampling and 3×3, stride 1, with nine products for four outputs.
  case upsample
  /// Nearest ×2 upsampling and 3×3, stride 1, with F(6×6, 3×3) before the upsampling.
  case upsampleWinograd
  /// The same with F(4×4, 3×3) and products of bfloat16, on processors with AVX512_BF16.
  case upsampleWinogradBFloat16
  /// Direct convolution. Supports every geometry.
  case direct

  /// The table's part of ``ConvolutionTable/name``.
  public static var prefix: String { "" }

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>.Type {
    switch self {
    case .winograd6: FusedWinograd6.self
    case .winograd4: FusedWinograd4.self
    case .winograd4BFloat16: FusedWinograd4BFloat16.self
    case .upsample: FusedUpsampleConvolution.self
    case .upsampleWinograd: FusedUpsampleWinograd.self
    case .upsampleWinogradBFloat16: FusedUpsampleWinogradBFloat16.self
    case .direct: FusedDirectConvolution.self
    }
  }

  /// Returns the default algorithm for `geometry`.
  ///
  /// Measured per output on one core (AVX2): F(6×6) is 1.1 to 1.3 times as fast as F(4×4) from 8 channels on, if the
  /// map fills its tiles. The nine-product form is 1.5 times as fast as F(6×6) on the upsampled map. F(6×6) before the
  /// upsampling is another 1.3 to 2 times as fast to 16 or 8 channels, equally fast to 32, and slower to 64, whose
  /// phases do not stay in the cache.
  public static func preferred(for geometry: ConvolutionGeometry) -> FusedAlgorithm {
    if FusedAlgorithm.upsampleWinograd.supports(geometry), geometry.outputChannels <= 16 { return .upsampleWinograd }
    if FusedAlgorithm.upsample.supports(geometry) { return .upsample }
    guard FusedAlgorithm.winograd6.supports(geometry) else { return .direct }
    func products(_ outputs: Int) -> Int {
      let tiles = ((geometry.outputHeight + outputs - 1) / outputs) * ((geometry.outputWidth + outputs - 1) / outputs)
      return tiles * (outputs + 2) * (outputs + 2)
    }
    return products(6) <= products(4) ? .winograd6 : .winograd4
  }
}

/// The algorithms for depthwise convolutions, fused with their neighbours as in ``FusedAlgorithm``.
///
/// `output[y, x, c] = r(bias[c] + Σ in[y·s + i − p, x·s + j − p, c] · weight[c, 0, i, j])`. Input and output have the
/// same number of channels, a multiple of 8, and one image.
public enum DepthwiseAlgorithm: String, ConvolutionTable {
  /// 3×3 of any stride, without upsampling.
  case threeByThree
  /// Nearest ×2 upsampling and 3×3, stride 1, with four products for each output before the upsampling.
  case upsample
  /// Every geometry.
  case general

  /// The table's part of ``ConvolutionTable/name``.
  public static var prefix: String { "depthwise-" }

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>.Type {
    switch self {
    case .threeByThree: FusedDepthwise3x3.self
    case .upsample: FusedDepthwiseUpsample.self
    case .general: FusedDepthwiseGeneral.self
    }
  }

  /// Returns the default algorithm for `geometry`: the most specialised one.
  public static func preferred(for geometry: ConvolutionGeometry) -> DepthwiseAlgorithm {
    if DepthwiseAlgorithm.upsample.supports(geometry) { return .upsample }
    return DepthwiseAlgorithm.threeByThree.supports(geometry) ? .threeByThree : .general
  }
}

/// The algorithms for a 3×3 depthwise convolution followed by a 1×1 convolution. There is one.
public enum SeparableAlgorithm: String, ConvolutionTable {
  /// Strips of depthwise results, which the 1×1 convolution multiplies while they are in the cache. Supports every
  /// stride and padding, without upsampling.
  case strips

  /// The table's part of ``ConvolutionTable/name``.
  public static var prefix: String { "separable-" }

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>.Type {
    switch self {
    case .strips: FusedSeparableConvolution.self
    }
  }

  /// Returns the only algorithm.
  public static func preferred(for geometry: ConvolutionGeometry) -> SeparableAlgorithm { .strips }
}

// MARK: - From a picture

/// The algorithms for the first layer, a convolution that reads the picture directly, including its padding and
/// extension.
///
/// It has three input channels, multiples of 8 output channels, one image and no upsampling. It includes bias,
/// activation and the sums of the next norm.
public enum PictureAlgorithm: String, ConvolutionTable {
  /// Blocks of 3×3 taps by Winograd's F(6×6, 3×3): stride 1.
  case winograd
  /// Direct convolution. Supports every kernel and stride.
  case direct

  /// The table's part of ``ConvolutionTable/name``.
  public static var prefix: String { "fromPicture-" }

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<PictureReader, ActivationOutput>.Type {
    switch self {
    case .winograd: FusedPictureWinograd.self
    case .direct: FusedPictureDirect.self
    }
  }

  /// Returns the default algorithm for `geometry`.
  ///
  /// A 3×3 kernel has 27 products per output, too few for the transforms to pay off.
  public static func preferred(for geometry: ConvolutionGeometry) -> PictureAlgorithm {
    geometry.kernel > 3 && PictureAlgorithm.winograd.supports(geometry) ? .winograd : .direct
  }
}

// MARK: - To a picture

/// The algorithms for the last layer, a convolution of stride 1 that writes its three channels as a picture, optionally
/// after nearest ×2 upsampling.
///
/// `picture[y, x, c] = f(bias[c] + Σ in[y + i − p, x + j − p, k] · weight[c, k, i, j])`, with bias and `f` of the
/// ``PictureOutput``.
public enum ToPictureAlgorithm: String, ConvolutionTable {
  /// Blocks of 3×3 taps by Winograd's F(3×3, 3×3).
  case winograd
  /// Direct convolution.
  case direct
  /// Nearest ×2 upsampling and 3×3, computed before the upsampling.
  case upsample

  /// The table's part of ``ConvolutionTable/name``.
  public static var prefix: String { "toPicture-" }

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, PictureOutput>.Type {
    switch self {
    case .winograd: FusedWinogradToPicture.self
    case .direct: FusedDirectToPicture.self
    case .upsample: FusedUpsampleToPicture.self
    }
  }

  /// Returns the default algorithm for `geometry`. A 3×3 kernel with 8 or 16 channels has too few products for the
  /// transforms to pay off.
  public static func preferred(for geometry: ConvolutionGeometry) -> ToPictureAlgorithm {
    if ToPictureAlgorithm.upsample.supports(geometry) { return .upsample }
    return geometry.kernel <= 3 && geometry.inputChannels <= 2 * laneCount ? .direct : .winograd
  }
}
