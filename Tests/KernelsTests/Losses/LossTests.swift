import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct LossTests {
  /// The last shape has more positions than one Gram product sums over, more elements than one reduction chunk, and
  /// more rows than one task of a Gram matrix, with a shorter last task.
  static let shapes = [
    Shape(batch: 1, height: 1, width: 1, channels: 3), Shape(batch: 2, height: 1, width: 5, channels: 1),
    Shape(batch: 2, height: 7, width: 3, channels: 5), Shape(batch: 1, height: 9, width: 10, channels: 8),
    Shape(batch: 3, height: 4, width: 5, channels: 13), Shape(batch: 2, height: 47, width: 45, channels: 9),
    Shape(batch: 2, height: 3, width: 4, channels: 17), Shape(batch: 1, height: 30, width: 20, channels: 37),
  ]

  // MARK: Gram

  @Test(arguments: shapes)
  func gramAgreesWithReference(_ shape: Shape) {
    var random = Random(seed: 1)
    let features = ReferenceTensor(random.tensor(shape, in: 0...1))
    let expected = Reference.gram(features)
    expectAgreement(gram(features.tensor), expected, within: Tolerance.singlePrecision, "output")
    // Not symmetric: the gradient must add the transpose.
    let gradient = ReferenceTensor(random.tensor(expected.shape))
    let start = random.uniform(count: shape.count)
    let added = Reference.gramBackward(gradient, features: features)
    let sum = Reference.add(added, ReferenceTensor(shape, elements: start.map(Double.init)))
    expectAgreement(
      gramBackward(gradient.floats, features: features.tensor, addedTo: start), sum,
      within: Tolerance.singlePrecision, "gradient")
  }

  @Test func gramAgreesWithCentralDifferences() {
    let shape = Shape(batch: 2, height: 3, width: 5, channels: 5)
    var random = Random(seed: 2)
    let features = random.tensor(shape)
    let outer = random.uniform(count: 2 * 5 * 5)
    // Quadratic: the central difference is exact for any step.
    let mismatches = gradientMismatches(
      at: features.elements,
      analytic: gramBackward(outer, features: features, addedTo: [Float](repeating: 0, count: shape.count)),
      indices: random.indices(count: 30, below: shape.count), step: 0.25, tolerance: Tolerance.centralDifference
    ) { weightedSum(gram(Tensor(shape, elements: $0)), outer) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }

  // MARK: Mean squared error

  @Test(arguments: shapes)
  func meanSquaredErrorAgreesWithReference(_ shape: Shape) {
    var random = Random(seed: 3)
    let input = ReferenceTensor(random.tensor(shape))
    let target = random.uniform(count: shape.count / shape.batch)
    let repeated = ReferenceTensor(
      shape, elements: (0..<shape.count).map { Double(target[$0 % target.count]) })
    let expected = Reference.meanSquaredError(input, repeated)
    #expect(abs(meanSquaredError(input.floats, target) - expected) <= Tolerance.loss * expected)
    let gradient = Reference.meanSquaredErrorBackward(input, repeated)
    expectAgreement(
      meanSquaredErrorBackward(input.floats, target, scale: 3, addedTo: 0),
      ReferenceTensor(shape, elements: gradient.elements.map { 3 * $0 }), within: Tolerance.singlePrecision, "gradient")
    expectAgreement(
      meanSquaredErrorBackward(input.floats, target, scale: 3, addedTo: 1),
      ReferenceTensor(shape, elements: gradient.elements.map { 1 + 3 * $0 }), within: Tolerance.singlePrecision, "sum")
  }

  @Test func meanSquaredErrorAgreesWithCentralDifferences() {
    var random = Random(seed: 4)
    let (input, target) = (random.uniform(count: 60), random.uniform(count: 30))
    let mismatches = gradientMismatches(
      at: input, analytic: meanSquaredErrorBackward(input, target, scale: 1, addedTo: 0), indices: Array(0..<60),
      step: 0.25, tolerance: Tolerance.centralDifference
    ) { meanSquaredError($0, target) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }

  // MARK: Total variation

  @Test(arguments: shapes)
  func totalVariationAgreesWithReference(_ shape: Shape) {
    var random = Random(seed: 5)
    let image = ReferenceTensor(random.tensor(shape, in: 0...255))
    let expected = Reference.totalVariation(image)
    #expect(abs(totalVariation(image.tensor) - expected) <= Tolerance.loss * expected)
    let gradient = Reference.totalVariationBackward(image)
    expectAgreement(
      totalVariationBackward(image.tensor, scale: 0.5, addedTo: 7),
      ReferenceTensor(shape, elements: gradient.elements.map { 7 + 0.5 * $0 }), within: Tolerance.singlePrecision,
      "gradient")
  }

  @Test func totalVariationAgreesWithCentralDifferences() {
    let shape = Shape(batch: 2, height: 5, width: 4, channels: 3)
    var random = Random(seed: 6)
    let image = random.tensor(shape)
    let mismatches = gradientMismatches(
      at: image.elements, analytic: totalVariationBackward(image, scale: 1, addedTo: 0),
      indices: Array(0..<shape.count), step: 0.25, tolerance: Tolerance.centralDifference
    ) { totalVariation(Tensor(shape, elements: $0)) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }

  // MARK: All

  @Test func resultsDoNotDependOnThreads() {
    let shape = Shape(batch: 2, height: 47, width: 45, channels: 9)
    var random = Random(seed: 7)
    let features = random.tensor(shape)
    let target = random.uniform(count: shape.count)
    let single = ComputePool(threads: 1)
    #expect(gram(features, pool: single) == gram(features))
    #expect(meanSquaredError(features.elements, target, pool: single) == meanSquaredError(features.elements, target))
    #expect(totalVariation(features, pool: single) == totalVariation(features))
  }

  @Test func agreesWithPyTorch() throws {
    let golden = try Golden("operations")
    let features = try golden.tensor("gram.input")
    expectAgreement(gram(features), try golden.reference("gram.output"), within: Tolerance.singlePrecision, "gram")
    expectAgreement(
      gramBackward(
        try golden.tensor("gram.output_gradient").elements, features: features,
        addedTo: [Float](repeating: 0, count: features.count)),
      try golden.reference("gram.input_gradient"), within: Tolerance.singlePrecision, "gram gradient")

    let input = try golden.tensor("mean_squared_error.input").elements
    let target = try golden.tensor("mean_squared_error.target").elements
    let error = try golden.scalar("mean_squared_error.output")
    #expect(abs(meanSquaredError(input, target) - error) <= Tolerance.loss * error)
    expectAgreement(
      meanSquaredErrorBackward(input, target, scale: 1, addedTo: 0),
      try golden.reference("mean_squared_error.input_gradient"), within: Tolerance.singlePrecision, "error gradient")

    let image = try golden.tensor("total_variation.input")
    let variation = try golden.scalar("total_variation.output")
    #expect(abs(totalVariation(image) - variation) <= Tolerance.loss * variation)
    expectAgreement(
      totalVariationBackward(image, scale: 1, addedTo: 0), try golden.reference("total_variation.input_gradient"),
      within: Tolerance.singlePrecision, "variation gradient")
  }

  // MARK: The kernels on arrays

  private func gram(_ features: Tensor, pool: ComputePool = pool) -> [Float] {
    let shape = features.shape
    let pixels = shape.height * shape.width
    let scratch = GuardedBuffer(
      count: Gram.scratchCount(batch: shape.batch, pixels: pixels, channels: shape.channels))
    defer { expectIntact(scratch) }
    return guarded(features.elements, count: shape.batch * shape.channels * shape.channels) {
      Gram.forward(
        $0, batch: shape.batch, pixels: pixels, channels: shape.channels, output: $1, scratch: scratch.pointer,
        pool: pool)
    }
  }

  private func gramBackward(_ gradient: [Float], features: Tensor, addedTo start: [Float]) -> [Float] {
    let shape = features.shape
    let source = GuardedBuffer(features.elements)
    let outer = GuardedBuffer(gradient)
    let result = GuardedBuffer(start)
    let scratch = GuardedBuffer(count: Gram.backwardScratchCount(batch: shape.batch, channels: shape.channels))
    Gram.backward(
      source.pointer, dGram: outer.pointer, batch: shape.batch, pixels: shape.height * shape.width,
      channels: shape.channels, dFeatures: result.pointer, scratch: scratch.pointer, pool: pool)
    expectIntact(source, outer, scratch, result)
    return result.elements
  }

  private func meanSquaredError(_ input: [Float], _ target: [Float], pool: ComputePool = pool) -> Double {
    let (first, second) = (GuardedBuffer(input), GuardedBuffer(target))
    defer { expectIntact(first, second) }
    return MeanSquaredError.forward(
      first.pointer, second.pointer, count: input.count, period: target.count, pool: pool)
  }

  private func meanSquaredErrorBackward(
    _ input: [Float], _ target: [Float], scale: Float, addedTo start: Float
  ) -> [Float] {
    let (first, second) = (GuardedBuffer(input), GuardedBuffer(target))
    let gradient = GuardedBuffer(count: input.count, filledWith: start)
    MeanSquaredError.backward(
      first.pointer, second.pointer, count: input.count, period: target.count, scale: scale, dA: gradient.pointer,
      pool: pool)
    expectIntact(first, second, gradient)
    return gradient.elements
  }

  private func totalVariation(_ image: Tensor, pool: ComputePool = pool) -> Double {
    let shape = image.shape
    let source = GuardedBuffer(image.elements)
    defer { expectIntact(source) }
    return TotalVariation.forward(
      source.pointer, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels,
      pool: pool)
  }

  private func totalVariationBackward(_ image: Tensor, scale: Float, addedTo start: Float) -> [Float] {
    let shape = image.shape
    let source = GuardedBuffer(image.elements)
    let gradient = GuardedBuffer(count: shape.count, filledWith: start)
    TotalVariation.backward(
      source.pointer, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels,
      scale: scale, dImage: gradient.pointer, pool: pool)
    expectIntact(source, gradient)
    return gradient.elements
  }
}
