import Threading

/// The ways to compute a convolution between two activations with its neighbours fused in.
public enum FusedAlgorithm: String, Sendable, CaseIterable {
  /// ``FusedWinograd`` with F(6×6, 3×3): 3×3, stride 1.
  case winograd6
  /// ``FusedWinograd`` with F(4×4, 3×3): 3×3, stride 1; a bit more exact, and less waste on small maps.
  case winograd4
  /// ``FusedUpsampleConvolution``: nearest ×2 and 3×3, stride 1.
  case upsample
  /// ``FusedUpsampleWinograd``: the same with F(6×6, 3×3) in front of the upsampling.
  case upsampleWinograd
  /// ``FusedDirectConvolution``: everything.
  case direct

  /// Whether the work is done at the resolution in front of the upsampling.
  var isBeforeUpsampling: Bool { self == .upsample || self == .upsampleWinograd }

  /// Whether the algorithm computes `geometry`; all need channels in multiples of 8.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    guard geometry.inputChannels % laneCount == 0, geometry.outputChannels % laneCount == 0 else { return false }
    switch self {
    case .winograd6, .winograd4: return geometry.kernel == 3 && geometry.stride == 1 && geometry.upsampling == 1
    case .upsample: return FusedUpsampleConvolution.supports(geometry)
    case .upsampleWinograd: return FusedUpsampleWinograd.supports(geometry)
    case .direct: return true
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

/// A convolution with norm, activation, residual sum and padding of its input read along, and bias, activation and the sums of
/// the next norm written along.
///
/// `output[n, y, x, o] = r(bias[o] + Σ in[n, y·s + i − p, x·s + j − p, c] · weight[o, c, i, j])` where `in` is what
/// ``ActivationInput`` describes. Scratch memory belongs to the caller; nothing is allocated in ``forward(_:weight:output:scratch:pool:)``,
/// and results do not depend on the number of threads.
public struct FusedConvolution: Sendable {
  /// The extents.
  public let geometry: ConvolutionGeometry
  /// How it is computed.
  public let algorithm: FusedAlgorithm

  /// A convolution of `geometry` by `algorithm`, or by the preferred one; `algorithm` must support `geometry`.
  public init(_ geometry: ConvolutionGeometry, algorithm: FusedAlgorithm? = nil) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .preferred(for: geometry)
    precondition(self.algorithm.supports(geometry), "\(self.algorithm) does not compute this convolution")
  }

  /// Whether the input can be materialized as it is read, see ``ActivationInput/materialized``.
  ///
  /// Each strip keeps the pixels that its outputs are the first to lie on: it must read them, and no pixel may be left over.
  /// Strides beyond `k − p` skip some, and without padding the last ones belong to no output.
  public var materializesInput: Bool {
    algorithm.isBeforeUpsampling || geometry.readsAllPixels
  }

  /// Whether the output can have a residual, see ``ActivationOutput/residual``.
  public var addsResidual: Bool {
    switch algorithm {
    case .winograd6, .winograd4: FusedWinograd.addsResidual(geometry)
    case .upsampleWinograd: true
    case .upsample: false
    case .direct: true
    }
  }

  /// Floats of a packed weight.
  public var packedWeightCount: Int {
    switch algorithm {
    case .winograd6: FusedWinograd.packedWeightCount(geometry, WinogradTile6.self)
    case .winograd4: FusedWinograd.packedWeightCount(geometry, WinogradTile4.self)
    case .upsample: FusedUpsampleConvolution.packedWeightCount(geometry)
    case .upsampleWinograd: FusedUpsampleWinograd.packedWeightCount(geometry)
    case .direct: FusedDirectConvolution.packedWeightCount(geometry)
    }
  }

  /// Writes `weight`, which may have fewer channels than the geometry, in the form and order in which the kernel reads it; on the
  /// calling thread alone, or on `pool` where that pays.
  public func packWeight(
    _ weight: FilterWeight, into packed: UnsafeMutablePointer<Float>, pool: ComputePool? = nil
  ) {
    switch algorithm {
    case .winograd6: FusedWinograd.packWeight(weight, geometry, WinogradTile6.self, into: packed, pool: pool)
    case .winograd4: FusedWinograd.packWeight(weight, geometry, WinogradTile4.self, into: packed, pool: pool)
    case .upsample: FusedUpsampleConvolution.packWeight(weight, geometry, into: packed)
    case .upsampleWinograd: FusedUpsampleWinograd.packWeight(weight, geometry, into: packed, pool: pool)
    case .direct: FusedDirectConvolution.packWeight(weight, geometry, into: packed)
    }
  }

  /// Floats of scratch on a pool of `threads`. Its first contents must be finite: zeros, or what a kernel left there.
  public func scratchCount(threads: Int) -> Int {
    switch algorithm {
    case .winograd6: FusedWinograd.scratchCount(geometry, WinogradTile6.self, threads: threads)
    case .winograd4: FusedWinograd.scratchCount(geometry, WinogradTile4.self, threads: threads)
    case .upsample: threads * FusedUpsampleConvolution.scratchCount(geometry)
    case .upsampleWinograd: FusedUpsampleWinograd.scratchCount(geometry, threads: threads)
    case .direct: threads * FusedDirectConvolution.scratchCount(geometry)
    }
  }

  /// The tasks whose sums ``Moments`` adds.
  public var taskCount: Int {
    switch algorithm {
    case .winograd6: FusedWinograd.taskCount(geometry, WinogradTile6.self)
    case .winograd4: FusedWinograd.taskCount(geometry, WinogradTile4.self)
    case .upsample: FusedUpsampleConvolution.taskCount(geometry)
    case .upsampleWinograd: FusedUpsampleWinograd.taskCount(geometry)
    case .direct: FusedDirectConvolution.taskCount(geometry)
    }
  }

  /// Computes the output, which overlaps nothing that is read.
  public func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    switch algorithm {
    case .winograd6:
      FusedWinograd.forward(
        input, geometry, WinogradTile6.self, weight: weight, output: output, scratch: scratch, pool: pool)
    case .winograd4:
      FusedWinograd.forward(
        input, geometry, WinogradTile4.self, weight: weight, output: output, scratch: scratch, pool: pool)
    case .upsample:
      FusedUpsampleConvolution.forward(
        input, geometry, weight: weight, output: output, scratch: scratch, pool: pool)
    case .upsampleWinograd:
      FusedUpsampleWinograd.forward(input, geometry, weight: weight, output: output, scratch: scratch, pool: pool)
    case .direct:
      FusedDirectConvolution.forward(input, geometry, weight: weight, output: output, scratch: scratch, pool: pool)
    }
  }
}

extension ConvolutionGeometry {
  /// Whether the strip that begins on a pixel reads it, for all pixels; see ``FusedConvolution/materializesInput``.
  var readsAllPixels: Bool {
    upsampling == 1 && stride <= kernel - padding && outputHeight * stride >= height && outputWidth * stride >= width
  }
}
