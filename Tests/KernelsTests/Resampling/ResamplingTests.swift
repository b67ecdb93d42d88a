import Kernels
import TestSupport
import Tensors
import Testing

/// Pooling and upsampling only move values or add four of them, so results must be bit-identical.
@Suite struct ResamplingTests {
  static let shapes = [
    Shape(batch: 1, height: 1, width: 1, channels: 3), Shape(batch: 2, height: 1, width: 5, channels: 8),
    Shape(batch: 1, height: 2, width: 2, channels: 1), Shape(batch: 2, height: 7, width: 9, channels: 5),
    Shape(batch: 3, height: 6, width: 3, channels: 13), Shape(batch: 1, height: 8, width: 10, channels: 32),
  ]

  @Test(arguments: shapes)
  func maxPoolAgreesWithReference(_ shape: Shape) {
    var random = Random(seed: 1)
    // Only three values: most blocks have equal maxima.
    let input = ReferenceTensor(random.wholeNumbers(shape, in: -1...1))
    let expected = Reference.maxPool(input)
    #expect(maxPool(input.tensor) == expected.floats)
    let gradient = ReferenceTensor(random.tensor(expected.shape))
    #expect(
      maxPoolBackward(gradient.floats, input: input.tensor) == Reference.maxPoolBackward(gradient, input: input).floats)
  }

  @Test(arguments: shapes)
  func upsamplingAgreesWithReference(_ shape: Shape) {
    var random = Random(seed: 2)
    let input = ReferenceTensor(random.tensor(shape))
    let expected = Reference.upsampleNearest(input)
    #expect(upsample(input.tensor) == expected.floats)
    let gradient = ReferenceTensor(random.tensor(expected.shape))
    expectAgreement(
      upsampleBackward(gradient.floats, shape), Reference.upsampleNearestBackward(gradient),
      within: Tolerance.singlePrecision, "gradient")
  }

  @Test func agreesWithCentralDifferences() {
    let shape = Shape(batch: 1, height: 5, width: 7, channels: 3)
    var random = Random(seed: 3)
    // Distinct values: a step of a quarter never changes which one is the maximum.
    let input = (0..<shape.count).map(Float.init).shuffled(using: &random)
    let indices = random.indices(count: 40, below: shape.count)
    let pooled = random.uniform(count: 2 * 3 * 3)
    let poolMismatches = gradientMismatches(
      at: input, analytic: maxPoolBackward(pooled, input: Tensor(shape, elements: input)), indices: indices,
      step: 0.25, tolerance: Tolerance.centralDifference
    ) { weightedSum(maxPool(Tensor(shape, elements: $0)), pooled) }
    #expect(poolMismatches.isEmpty, "\(poolMismatches)")
    let upsampled = random.uniform(count: 4 * shape.count)
    let upsampleMismatches = gradientMismatches(
      at: input, analytic: upsampleBackward(upsampled, shape), indices: indices, step: 0.25,
      tolerance: Tolerance.centralDifference
    ) { weightedSum(upsample(Tensor(shape, elements: $0)), upsampled) }
    #expect(upsampleMismatches.isEmpty, "\(upsampleMismatches)")
  }

  @Test func agreesWithPyTorch() throws {
    let golden = try Golden("operations")
    let pooled = try golden.tensor("max_pool.input")
    #expect(maxPool(pooled) == (try golden.tensor("max_pool.output").elements))
    let poolGradient = maxPoolBackward(try golden.tensor("max_pool.output_gradient").elements, input: pooled)
    #expect(poolGradient == (try golden.tensor("max_pool.input_gradient").elements))
    let upsampled = try golden.tensor("upsample.input")
    #expect(upsample(upsampled) == (try golden.tensor("upsample.output").elements))
    expectAgreement(
      upsampleBackward(try golden.tensor("upsample.output_gradient").elements, upsampled.shape),
      try golden.reference("upsample.input_gradient"), within: Tolerance.singlePrecision, "gradient")
  }

  private func maxPool(_ input: Tensor) -> [Float] {
    let shape = input.shape
    let count = shape.batch * (shape.height / 2) * (shape.width / 2) * shape.channels
    return guarded(input.elements, count: count) {
      MaxPool.forward(
        $0, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels, output: $1,
        pool: pool)
    }
  }

  private func maxPoolBackward(_ gradient: [Float], input: Tensor) -> [Float] {
    let shape = input.shape
    let outer = GuardedBuffer(gradient)
    defer { expectIntact(outer) }
    return guarded(input.elements, count: shape.count) {
      MaxPool.backward(
        $0, dOutput: outer.pointer, batch: shape.batch, height: shape.height, width: shape.width,
        channels: shape.channels, dInput: $1, pool: pool)
    }
  }

  private func upsample(_ input: Tensor) -> [Float] {
    let shape = input.shape
    return guarded(input.elements, count: 4 * shape.count) {
      UpsampleNearest.forward(
        $0, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels, output: $1,
        pool: pool)
    }
  }

  private func upsampleBackward(_ gradient: [Float], _ shape: Shape) -> [Float] {
    guarded(gradient, count: shape.count) {
      UpsampleNearest.backward(
        $0, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels, dInput: $1,
        pool: pool)
    }
  }
}
