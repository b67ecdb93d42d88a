/// The ways to compute one kind of convolution: a table of kernels, of which one is preferred for each geometry.
///
/// A new way is a type that conforms to ``ConvolutionKernel``, and a case here with its kernel and its place among the preferred.
public protocol ConvolutionTable: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
  /// What the kernels read.
  associatedtype Input
  /// What they write.
  associatedtype Output

  /// The kernel.
  var kernel: any ConvolutionKernel<Input, Output>.Type { get }

  /// The algorithm for `geometry` where nothing else is asked for.
  static func preferred(for geometry: ConvolutionGeometry) -> Self
}

extension ConvolutionTable {
  /// Whether the algorithm computes `geometry`.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool { kernel.supports(geometry) }

  /// The kernel for `geometry`, which the algorithm must support.
  public func kernel(for geometry: ConvolutionGeometry) -> any ConvolutionKernel<Input, Output> {
    precondition(supports(geometry), "\(self) does not compute this convolution")
    return kernel.init(geometry)
  }
}

// MARK: - Between activations

/// The ways to compute a convolution with norm, activation, residual sum and padding of its input read along, and bias, activation and the
/// sums of the next norm written along.
///
/// `output[n, y, x, o] = r(bias[o] + Σ in[n, y·s + i − p, x·s + j − p, c] · weight[o, c, i, j])` where `in` is what
/// ``ActivationInput`` describes; channels are multiples of 8.
public enum FusedAlgorithm: String, ConvolutionTable {
  /// Winograd's F(6×6, 3×3): 3×3, stride 1.
  case winograd6
  /// Winograd's F(4×4, 3×3): 3×3, stride 1; a bit more exact, and less waste on small maps.
  case winograd4
  /// Nearest ×2 and 3×3, stride 1, with nine products for four outputs.
  case upsample
  /// The same with F(6×6, 3×3) in front of the upsampling.
  case upsampleWinograd
  /// For each output, the products one after another: everything.
  case direct

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>.Type {
    switch self {
    case .winograd6: FusedWinograd6.self
    case .winograd4: FusedWinograd4.self
    case .upsample: FusedUpsampleConvolution.self
    case .upsampleWinograd: FusedUpsampleWinograd.self
    case .direct: FusedDirectConvolution.self
    }
  }

  /// The algorithm for `geometry` where nothing else is asked for.
  ///
  /// Measured per output on one core (AVX2): F(6×6) is 1.1 to 1.3 times as fast as F(4×4) from 8 channels on, as long as the map
  /// fills its tiles; the nine-product form is 1.5 times as fast as F(6×6) on the upsampled map. F(6×6) in front of the upsampling
  /// is 1.3 to 2 times as fast again to 16 or 8 channels, as fast to 32, and slower to 64, whose phases do not stay in the cache.
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

/// The ways to compute a convolution of each channel with a kernel of its own, fused with its neighbours as ``FusedAlgorithm``.
///
/// `output[y, x, c] = r(bias[c] + Σ in[y·s + i − p, x·s + j − p, c] · weight[c, 0, i, j])`: as many channels in as out, multiples of 8, and
/// one image.
public enum DepthwiseAlgorithm: String, ConvolutionTable {
  /// 3×3 of any stride, without upsampling.
  case threeByThree
  /// Nearest ×2 and 3×3 of stride 1 by the four products that each output has in front of the upsampling.
  case upsample
  /// Everything.
  case general

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>.Type {
    switch self {
    case .threeByThree: FusedDepthwise3x3.self
    case .upsample: FusedDepthwiseUpsample.self
    case .general: FusedDepthwiseGeneral.self
    }
  }

  /// The algorithm for `geometry` where nothing else is asked for: the most special one.
  public static func preferred(for geometry: ConvolutionGeometry) -> DepthwiseAlgorithm {
    if DepthwiseAlgorithm.upsample.supports(geometry) { return .upsample }
    return DepthwiseAlgorithm.threeByThree.supports(geometry) ? .threeByThree : .general
  }
}

/// The ways to compute a 3×3 depthwise convolution and the 1×1 convolution behind it: one.
public enum SeparableAlgorithm: String, ConvolutionTable {
  /// ``FusedSeparableConvolution``.
  case separable

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>.Type { FusedSeparableConvolution.self }

  /// The one.
  public static func preferred(for geometry: ConvolutionGeometry) -> SeparableAlgorithm { .separable }
}

// MARK: - From a picture

/// The ways to compute the first layer: a convolution that reads the picture itself, its padding and extension included.
///
/// Three channels in, multiples of 8 out, one image, no upsampling. Bias, activation and the sums of the next norm are written along.
public enum PictureAlgorithm: String, ConvolutionTable {
  /// Blocks of 3×3 taps in the domain of Winograd's F(6×6, 3×3): stride 1.
  case winograd
  /// For each output, the products one after another: every kernel and stride.
  case direct

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<PictureReader, ActivationOutput>.Type {
    switch self {
    case .winograd: FusedPictureWinograd.self
    case .direct: FusedPictureDirect.self
    }
  }

  /// The algorithm for `geometry` where nothing else is asked for.
  ///
  /// A 3×3 kernel has 27 products, too few for the transforms to pay off.
  public static func preferred(for geometry: ConvolutionGeometry) -> PictureAlgorithm {
    geometry.kernel > 3 && PictureAlgorithm.winograd.supports(geometry) ? .winograd : .direct
  }
}

// MARK: - To a picture

/// The ways to compute the last layer, a convolution of stride 1 whose three channels are written as a picture; nearest ×2 upsampling
/// may stand in front of it.
///
/// `picture[y, x, c] = f(bias[c] + Σ in[y + i − p, x + j − p, k] · weight[c, k, i, j])` with bias and `f` of the ``PictureOutput``.
public enum ToPictureAlgorithm: String, ConvolutionTable {
  /// Blocks of 3×3 taps in the domain of Winograd's F(3×3, 3×3).
  case winograd
  /// For each output, the products one after another.
  case direct
  /// Nearest ×2 and 3×3, in front of the upsampling.
  case upsample

  /// The kernel's type.
  public var kernel: any ConvolutionKernel<ActivationInput, PictureOutput>.Type {
    switch self {
    case .winograd: FusedWinogradToPicture.self
    case .direct: FusedDirectToPicture.self
    case .upsample: FusedUpsampleToPicture.self
    }
  }

  /// The algorithm for `geometry` where nothing else is asked for: 3×3 from a vector or two of channels has too few products for
  /// the transforms to pay off.
  public static func preferred(for geometry: ConvolutionGeometry) -> ToPictureAlgorithm {
    if ToPictureAlgorithm.upsample.supports(geometry) { return .upsample }
    return geometry.kernel <= 3 && geometry.inputChannels <= 2 * laneCount ? .direct : .winograd
  }
}
