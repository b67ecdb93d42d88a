import Threading

/// The ways to compute a convolution that reads a picture.
public enum PictureAlgorithm: String, Sendable, CaseIterable {
  /// Blocks of 3×3 taps in the domain of Winograd's F(6×6, 3×3): stride 1.
  case winograd
  /// For each output, the products one after another: every kernel and stride.
  case direct

  /// Whether the algorithm computes `geometry`: three channels in, multiples of 8 out, one image, no upsampling.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    guard geometry.inputChannels == 3, geometry.outputChannels % laneCount == 0, geometry.batch == 1,
      geometry.upsampling == 1
    else { return false }
    return self == .direct || geometry.stride == 1
  }

  /// The algorithm for `geometry` where nothing else is asked for.
  ///
  /// A 3×3 kernel has 27 products, too few for the transforms to pay off.
  public static func preferred(for geometry: ConvolutionGeometry) -> PictureAlgorithm {
    geometry.kernel > 3 && PictureAlgorithm.winograd.supports(geometry) ? .winograd : .direct
  }
}

/// The first layer: a convolution that reads the picture itself, its padding and extension included.
///
/// Bias, activation and the sums of the next norm are written along, as in ``FusedConvolution``.
public struct FusedPictureConvolution: Sendable {
  /// The extents.
  public let geometry: ConvolutionGeometry
  /// How it is computed.
  public let algorithm: PictureAlgorithm

  /// A convolution of `geometry` by `algorithm`, or by the preferred one; `algorithm` must support `geometry`.
  public init(_ geometry: ConvolutionGeometry, algorithm: PictureAlgorithm? = nil) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .preferred(for: geometry)
    precondition(self.algorithm.supports(geometry), "\(self.algorithm) does not compute this convolution")
  }

  /// Floats of scratch on a pool of `threads`; its first contents must be finite.
  public func scratchCount(threads: Int) -> Int {
    switch algorithm {
    case .winograd: FusedPictureWinograd.scratchCount(geometry, threads: threads)
    case .direct: threads * FusedDirectConvolution.scratchCount(geometry)
    }
  }

  /// The tasks whose sums ``Moments`` adds.
  public var taskCount: Int {
    switch algorithm {
    case .winograd: FusedPictureWinograd.taskCount(geometry)
    case .direct: FusedDirectConvolution.taskCount(geometry)
    }
  }

  /// Floats of a packed weight.
  public var packedWeightCount: Int {
    switch algorithm {
    case .winograd: FusedPictureWinograd.packedWeightCount(geometry)
    case .direct: FusedDirectConvolution.packedWeightCount(geometry)
    }
  }

  /// Writes `weight`, which may have fewer output channels than the geometry, in the form in which the kernel reads it.
  public func packWeight(_ weight: FilterWeight, into packed: UnsafeMutablePointer<Float>) {
    switch algorithm {
    case .winograd: FusedPictureWinograd.packWeight(weight, geometry, into: packed)
    case .direct: FusedDirectConvolution.packWeight(weight, geometry, into: packed)
    }
  }

  /// Computes the output from a picture, whose padding and extension `map` describes.
  public func forward(
    _ picture: PictureInput, map: PictureMap, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    switch algorithm {
    case .winograd:
      FusedPictureWinograd.forward(
        picture, map: map, geometry, weight: weight, output: output, scratch: scratch, pool: pool)
    case .direct:
      FusedDirectConvolution.forward(
        picture, map: map, geometry, weight: weight, output: output, scratch: scratch, pool: pool)
    }
  }
}
