import Kernels
import TestSupport
import Tensors
import Testing
import Threading

/// Area reduction by two is 2×2 average pooling: means of four values, expected within single precision.
@Suite struct AreaHalvingTests {
  static let shapes = [
    Shape(batch: 1, height: 2, width: 2, channels: 3), Shape(batch: 2, height: 2, width: 10, channels: 8),
    Shape(batch: 1, height: 4, width: 2, channels: 1), Shape(batch: 2, height: 14, width: 18, channels: 5),
    Shape(batch: 3, height: 6, width: 6, channels: 13), Shape(batch: 1, height: 8, width: 10, channels: 32),
  ]

  private let pool = ComputePool(threads: 2)

  @Test(arguments: shapes)
  func agreesWithReference(_ shape: Shape) {
    var random = Random(seed: 1)
    let input = ReferenceTensor(random.tensor(shape))
    let expected = Reference.averagePool(input)
    expectAgreement(forward(input.floats, shape), expected, within: Tolerance.singlePrecision, "output")
    let gradient = ReferenceTensor(random.tensor(expected.shape))
    expectAgreement(
      backward(gradient.floats, shape), Reference.averagePoolBackward(gradient, shape: shape),
      within: Tolerance.singlePrecision, "gradient")
  }

  @Test func agreesWithCentralDifferences() {
    let shape = Shape(batch: 2, height: 4, width: 6, channels: 3)
    var random = Random(seed: 2)
    let input = random.uniform(count: shape.count)
    let weights = random.uniform(count: 2 * 2 * 3 * 3)
    let mismatches = gradientMismatches(
      at: input, analytic: backward(weights, shape), indices: random.indices(count: 40, below: shape.count),
      step: 0.25, tolerance: Tolerance.centralDifference
    ) { weightedSum(forward($0, shape), weights) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }

  private func reduction(_ shape: Shape) -> AreaReduction {
    AreaReduction(
      height: shape.height, width: shape.width, outputHeight: shape.height / 2, outputWidth: shape.width / 2)
  }

  private func scratch(_ shape: Shape) -> [Float] {
    [Float](repeating: 0, count: reduction(shape).scratchCount(channels: shape.channels, threads: pool.threadCount))
  }

  private func forward(_ input: [Float], _ shape: Shape) -> [Float] {
    var scratch = scratch(shape)
    return guarded(input, count: shape.count / 4) {
      reduction(shape).forward(
        $0, batch: shape.batch, channels: shape.channels, output: $1, scratch: &scratch, pool: pool)
    }
  }

  private func backward(_ gradient: [Float], _ shape: Shape) -> [Float] {
    var scratch = scratch(shape)
    return guarded(gradient, count: shape.count) {
      reduction(shape).backward(
        $0, batch: shape.batch, channels: shape.channels, dInput: $1, scratch: &scratch, pool: pool)
    }
  }
}
