import Kernels
import Tensors
import TestSupport
import Testing
import Threading

/// A last layer and its algorithm.
struct ToPictureCase: Sendable, Hashable, CustomTestStringConvertible {
  let algorithm: ToPictureAlgorithm
  let shapes: ConvolutionCase

  init(_ algorithm: ToPictureAlgorithm, _ shapes: ConvolutionCase) {
    self.algorithm = algorithm
    self.shapes = shapes
  }

  /// Creates a convolution of stride 1 that keeps the size, or doubles it if the algorithm upsamples.
  init(
    _ algorithm: ToPictureAlgorithm, height: Int, width: Int, inputs: Int, kernel: Int, mode: PaddingMode
  ) {
    self.init(
      algorithm,
      ConvolutionCase(
        height: height, width: width, inputs: inputs, outputs: 3, kernel: kernel, padding: kernel / 2, mode: mode,
        upsampling: algorithm == .upsample ? 2 : 1))
  }

  var testDescription: String { "\(algorithm) \(shapes.testDescription)" }
  /// The width of the picture.
  var width: Int { shapes.geometry.outputWidth }
  var height: Int { shapes.geometry.outputHeight }

  /// The tolerance as a fraction of the range of the picture.
  var tolerance: Double {
    switch algorithm {
    case .winograd: Tolerance.picture
    case .direct: Tolerance.singlePrecision
    case .upsample: Tolerance.of(FusedAlgorithm.upsampleWinograd)
    }
  }

  // MARK: Cases

  /// Odd and even sizes, one pixel, sizes smaller than the padding. Winograd: a strip is 8 to 48 tiles of 3 pixels
  /// wide, a band 10 tiles high. Direct: a strip is 64 pixels wide and 4 high. Before upsampling: 12 tiles of 6×6
  /// stored pixels. The last two sizes need several and a remainder.
  static let all: [ToPictureCase] = {
    var cases: [ToPictureCase] = []
    let sizes = [(1, 1), (1, 5), (6, 1), (2, 3), (5, 7), (13, 19), (4, 161), (67, 8)]
    for (index, size) in sizes.enumerated() {
      for mode in PaddingMode.allCases {
        func add(_ algorithm: ToPictureAlgorithm, inputs: Int, kernel: Int) {
          cases.append(
            ToPictureCase(
              algorithm, height: size.0, width: size.1, inputs: inputs, kernel: kernel, mode: mode))
        }
        for (place, kernel) in [1, 3, 5, 7, 9].enumerated() {
          add(.winograd, inputs: [8, 16, 24, 40, 136][(index + place) % 5], kernel: kernel)
          add(.direct, inputs: [8, 16, 24, 40, 32][(index + place) % 5], kernel: kernel)
        }
        for inputs in [[8, 40], [16, 128], [24, 8], [32, 16]][index % 4] { add(.upsample, inputs: inputs, kernel: 3) }
      }
    }
    return cases
  }()

  /// A few of each, for tests with many variants.
  static let few: [ToPictureCase] = PaddingMode.allCases.flatMap { mode in
    let choices: [(ToPictureAlgorithm, inputs: Int, kernel: Int)] = [
      (.winograd, 8, 9), (.winograd, 16, 9), (.winograd, 40, 3), (.direct, 8, 9), (.direct, 16, 1), (.direct, 40, 3),
      (.direct, 8, 3), (.upsample, 8, 3), (.upsample, 16, 3), (.upsample, 40, 3),
    ]
    return choices.map { ToPictureCase($0, height: 11, width: 17, inputs: $1, kernel: $2, mode: mode) }
  }

  // MARK: Running

  /// Runs the kernel on `weight`, which may have fewer input channels than the case.
  func picture(
    _ input: LazyInput, weight: Tensor, bias: Tensor? = nil, scaling: (scale: Float, offset: Float)? = nil,
    width: Int? = nil, height: Int? = nil, pool: ComputePool = pool
  ) -> WrittenPicture {
    algorithm.kernel(for: shapes.geometry).picture(
      input, weight: weight, bias: bias, scaling: PictureScaling(tanh: scaling), width: width ?? self.width,
      height: height ?? self.height, pool: pool)
  }
}
