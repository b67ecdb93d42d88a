import Kernels
import TestSupport
import Testing
import Threading

/// More threads than the machine may have, and a number that does not divide the work evenly.
let pool = ComputePool(threads: 3)

/// The error allowed for a kernel against double precision, as a fraction of the range of the result.
enum Tolerance {
  /// Single-precision sums of at most a few thousand products: half a unit in the last place (6e-8) grows with about
  /// the square root of the number of terms.
  static let singlePrecision = 4e-6
  /// Losses are summed in double precision from blocks of 64 floats, all of one sign.
  static let loss = 1e-6
  /// Central differences: the kernel's own rounding divided by the step.
  static let centralDifference = 2e-3

  /// F(4×4, 3×3) of the fused kernels on layers as in the networks: measured 4e-6 to 6e-6.
  static let winogradFour = 1.2e-5
  /// F(6×6, 3×3), with larger entries in the transforms: measured 7e-6 to 1e-5.
  static let winogradSix = 2e-5
  /// F(4×4, 3×3) with factors of 8 bits: their rounding errors of up to 2⁻⁹ are independent, and the transforms amplify
  /// them four times in the mean and six times in the corner of a tile. Measured 6e-3 to 1.2e-2.
  static let winogradBFloat16 = 2e-2
  /// The factor for maps of a few pixels, whose range may be a fraction of that of their sums.
  static let smallMaps = 3.0
  /// A multiply-add and a sum: two roundings of half a unit in the last place.
  static let prologue = 1.5e-7

  /// The kernels of the first and last layers: the same transforms, summed over all blocks of the kernel.
  static let picture = 3e-5
  /// Scale and shift of a norm: sums of at most some thousand differences in single precision.
  static let moments = 1e-5

  // MARK: By algorithm

  static func of(_ algorithm: FusedAlgorithm) -> Double {
    switch algorithm {
    case .winograd6, .upsampleWinograd: smallMaps * winogradSix
    case .winograd4: smallMaps * winogradFour
    case .winograd4BFloat16, .upsampleWinogradBFloat16: smallMaps * winogradBFloat16
    case .upsample: 2 * singlePrecision
    case .direct: singlePrecision
    }
  }

  static func of(_ algorithm: PictureAlgorithm) -> Double {
    switch algorithm {
    case .winograd: picture
    case .direct: singlePrecision
    }
  }

  static func of(_ algorithm: ToPictureAlgorithm) -> Double {
    switch algorithm {
    case .winograd: picture
    case .direct: singlePrecision
    case .upsample: smallMaps * winogradSix
    }
  }

  static func of(_ algorithm: DepthwiseAlgorithm) -> Double {
    switch algorithm {
    case .threeByThree, .upsample, .general: singlePrecision
    }
  }

  static func of(_ algorithm: SeparableAlgorithm) -> Double {
    switch algorithm {
    case .strips: singlePrecision
    }
  }

  static func of(_ algorithm: ConvolutionAlgorithm) -> Double {
    algorithm == .fused ? smallMaps * winogradSix : singlePrecision
  }
}

/// Expects every computed element within `tolerance` of the range of `expected`.
func expectAgreement(
  _ computed: [Float], _ expected: ReferenceTensor, within tolerance: Double, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let discrepancy = Discrepancy(computed, expected: expected.elements)
  #expect(discrepancy.relative <= tolerance, "\(name): \(discrepancy)", sourceLocation: sourceLocation)
}

/// Expects that nothing was written outside the arrays, and keeps them alive until here, since pointers do not.
func expectIntact(_ buffers: GuardedBuffer?..., sourceLocation: SourceLocation = #_sourceLocation) {
  for (index, buffer) in buffers.enumerated() {
    #expect(buffer?.isIntact ?? true, "written outside array \(index)", sourceLocation: sourceLocation)
  }
}

/// Runs `kernel` on a copy of `input` and an unset output of `count` elements, both between guards, and returns the
/// output.
func guarded(
  _ input: [Float], count: Int, sourceLocation: SourceLocation = #_sourceLocation,
  _ kernel: (_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) -> Void
) -> [Float] {
  let source = GuardedBuffer(input)
  let target = GuardedBuffer(count: count)
  kernel(source.pointer, target.pointer)
  expectIntact(source, target, sourceLocation: sourceLocation)
  return target.elements
}
