import Kernels
import Tensors
import TestSupport
import Testing
import Threading

/// A last layer and an algorithm that computes it.
struct ToPictureCase: Sendable, Hashable, CustomTestStringConvertible {
  let algorithm: ToPictureAlgorithm
  let shapes: ConvolutionCase

  var testDescription: String { "\(algorithm) \(shapes.testDescription)" }
  /// The width of the picture.
  var width: Int { shapes.geometry.outputWidth }
  var height: Int { shapes.geometry.outputHeight }
  /// The tolerance as a fraction of the range of the picture.
  var tolerance: Double { Tolerance.of(algorithm) }

  // MARK: Cases

  /// Returns a convolution of stride 1 that keeps the size, or doubles it by `upsampling`, with each algorithm that
  /// supports it.
  static func cases(
    height: Int, width: Int, inputs: Int, kernel: Int, mode: PaddingMode, upsampling: Int = 1
  ) -> [ToPictureCase] {
    let shapes = ConvolutionCase(
      height: height, width: width, inputs: inputs, outputs: 3, kernel: kernel, padding: kernel / 2, mode: mode,
      upsampling: upsampling)
    return ToPictureAlgorithm.allCases.filter { $0.supports(shapes.geometry) }.map {
      ToPictureCase(algorithm: $0, shapes: shapes)
    }
  }

  /// Odd and even sizes, one pixel, sizes smaller than the padding. Winograd: a strip is 8 to 48 tiles of 3 pixels
  /// wide, a band 10 tiles high. Direct: a strip is 64 pixels wide and 4 high. Before upsampling: 12 tiles of 6×6
  /// stored pixels. The last two sizes need several and a remainder.
  static let all: [ToPictureCase] = {
    var cases: [ToPictureCase] = []
    let sizes = [(1, 1), (1, 5), (6, 1), (2, 3), (5, 7), (13, 19), (4, 161), (67, 8)]
    for (index, size) in sizes.enumerated() {
      for mode in PaddingMode.allCases {
        func layers(inputs: Int, kernel: Int, upsampling: Int = 1) -> [ToPictureCase] {
          Self.cases(
            height: size.0, width: size.1, inputs: inputs, kernel: kernel, mode: mode, upsampling: upsampling)
        }
        for (place, kernel) in [1, 3, 5, 7, 9].enumerated() {
          let inputs = [8, 16, 24, 40, 136][(index + place) % 5]
          // The plain sums of the direct algorithm have at most a few thousand products, see the tolerance.
          cases += layers(inputs: inputs, kernel: kernel).filter { $0.algorithm != .direct || inputs < 136 }
          if inputs == 136 { cases += layers(inputs: 32, kernel: kernel).filter { $0.algorithm == .direct } }
        }
        for inputs in [[8, 40], [16, 128], [24, 8], [32, 16]][index % 4] {
          cases += layers(inputs: inputs, kernel: 3, upsampling: 2)
        }
      }
    }
    return cases
  }()

  /// A few of each, for tests with many variants.
  static let few: [ToPictureCase] = PaddingMode.allCases.flatMap { mode in
    let layers: [(inputs: Int, kernel: Int, upsampling: Int)] = [
      (8, 9, 1), (16, 9, 1), (16, 1, 1), (40, 3, 1), (8, 3, 1), (8, 3, 2), (16, 3, 2),
      (40, 3, 2),
    ]
    return layers.flatMap {
      cases(height: 11, width: 17, inputs: $0.inputs, kernel: $0.kernel, mode: mode, upsampling: $0.upsampling)
    }
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
