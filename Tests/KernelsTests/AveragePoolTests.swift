import Kernels
import TestSupport
import Tensors
import Testing
import Threading

/// Averages of four numbers: results are expected within single precision.
@Suite struct AveragePoolTests {
  private let pool = ComputePool(threads: 2)

  @Test(arguments: ResamplingTests.shapes)
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
    let shape = Shape(batch: 2, height: 5, width: 7, channels: 3)
    var random = Random(seed: 2)
    let input = random.uniform(count: shape.count)
    let weights = random.uniform(count: 2 * 2 * 3 * 3)
    let mismatches = gradientMismatches(
      at: input, analytic: backward(weights, shape), indices: random.indices(count: 40, below: shape.count),
      step: 0.25, tolerance: Tolerance.centralDifference
    ) { weightedSum(forward($0, shape), weights) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }

  private func forward(_ input: [Float], _ shape: Shape) -> [Float] {
    let count = shape.batch * (shape.height / 2) * (shape.width / 2) * shape.channels
    return guarded(input, count: count) {
      AveragePool.forward(
        $0, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels, output: $1,
        pool: pool)
    }
  }

  private func backward(_ gradient: [Float], _ shape: Shape) -> [Float] {
    guarded(gradient, count: shape.count) {
      AveragePool.backward(
        $0, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels, dInput: $1,
        pool: pool)
    }
  }
}
