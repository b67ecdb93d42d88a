import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct InstanceNormTests {
  /// One position (variance 0), channel counts around a vector register, and several chunks with a remainder.
  static let shapes = [
    Shape(batch: 2, height: 1, width: 1, channels: 3), Shape(batch: 1, height: 1, width: 2, channels: 1),
    Shape(batch: 2, height: 7, width: 3, channels: 5), Shape(batch: 3, height: 5, width: 5, channels: 8),
    Shape(batch: 1, height: 9, width: 11, channels: 13), Shape(batch: 2, height: 37, width: 41, channels: 32),
  ]

  private struct Example {
    let input: ReferenceTensor
    let scale: ReferenceTensor
    let shift: ReferenceTensor
    let gradient: ReferenceTensor

    init(
      input: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor, gradient: ReferenceTensor
    ) {
      self.input = input
      self.scale = scale
      self.shift = shift
      self.gradient = gradient
    }

    init(_ shape: Shape, range: ClosedRange<Float> = -3...5, seed: UInt64 = 1) {
      var random = Random(seed: seed)
      input = ReferenceTensor(random.tensor(shape, in: range))
      scale = ReferenceTensor(random.tensor(Shape([shape.channels]), in: 0.5...1.5))
      shift = ReferenceTensor(random.tensor(Shape([shape.channels])))
      gradient = ReferenceTensor(random.tensor(shape))
    }
  }

  @Test(arguments: shapes)
  func forwardAgreesWithReference(_ shape: Shape) {
    let example = Example(shape)
    let expected = Reference.instanceNorm(example.input, scale: example.scale, shift: example.shift)
    // The kernel computes `input · scale + (shift − mean · scale)`, as PyTorch does. With one position the scale is
    // γ/√ε, hundreds of times the usual value, and so is the rounding of the two products of about 5.
    let tolerance = Tolerance.singlePrecision * (shape.height * shape.width == 1 ? 300 : 1)
    expectAgreement(forward(example), expected, within: tolerance, "output")
    expectAgreement(forward(example, appliesReLU: true), Reference.relu(expected), within: tolerance, "rectified")
    let withResidual = Reference.add(Reference.relu(expected), example.gradient)
    expectAgreement(
      forward(example, appliesReLU: true, residual: example.gradient.floats), withResidual, within: tolerance,
      "residual")
  }

  @Test(arguments: shapes)
  func backwardAgreesWithReference(_ shape: Shape) {
    let example = Example(shape, seed: 2)
    let expected = Reference.instanceNormBackward(example.gradient, input: example.input, scale: example.scale)
    expect(backward(example), expected, example)
  }

  @Test(arguments: shapes)
  func backwardThroughReLUAgreesWithReference(_ shape: Shape) {
    let example = Example(shape, seed: 3)
    let output = Reference.instanceNorm(example.input, scale: example.scale, shift: example.shift)
    let masked = Reference.reluBackward(example.gradient, input: output)
    let expected = Reference.instanceNormBackward(masked, input: example.input, scale: example.scale)
    expect(backward(example, rectifiedOutput: Reference.relu(output).floats), expected, example)
  }

  @Test func largeMeanIsAccurate() {
    // A plain sum of squares would lose the variance: 1e6 against 1/3.
    let example = Example(Shape(batch: 1, height: 33, width: 35, channels: 5), range: 999...1001)
    let expected = Reference.instanceNorm(example.input, scale: example.scale, shift: example.shift)
    // The input is rounded to 6e-5, but known exactly here. The error is that of `input · scale + shift` at 1000.
    expectAgreement(forward(example), expected, within: 1e-4, "output")
  }

  @Test func parameterGradientsAreAddedAndBuffersMayCoincide() {
    let example = Example(Shape(batch: 2, height: 5, width: 3, channels: 13))
    let plain = backward(example)
    let added = backward(example, parameterStart: 2, inPlace: true)
    #expect(added.input == plain.input)
    expectAgreement(
      added.scale, ReferenceTensor(example.scale.shape, elements: plain.scale.map { Double($0) + 2 }),
      within: Tolerance.singlePrecision, "scale")
    expectAgreement(
      added.shift, ReferenceTensor(example.scale.shape, elements: plain.shift.map { Double($0) + 2 }),
      within: Tolerance.singlePrecision, "shift")
  }

  @Test func resultsDoNotDependOnThreads() {
    let example = Example(Shape(batch: 2, height: 37, width: 41, channels: 32))
    let single = ComputePool(threads: 1)
    #expect(forward(example, pool: single) == forward(example))
    let (one, three) = (backward(example, pool: single), backward(example))
    #expect(one.input == three.input && one.scale == three.scale && one.shift == three.shift)
  }

  @Test func agreesWithCentralDifferences() {
    let example = Example(Shape(batch: 2, height: 5, width: 7, channels: 3), seed: 4)
    let gradients = backward(example)
    let outer = example.gradient.floats
    var random = Random(seed: 5)
    // Truncation grows with the square of the step, rounding with its inverse: 1e-2 keeps both near 1e-4.
    let mismatches = gradientMismatches(
      at: example.input.floats, analytic: gradients.input,
      indices: random.indices(count: 24, below: example.input.shape.count), step: 1e-2,
      tolerance: Tolerance.centralDifference
    ) { weightedSum(forward(example, input: $0), outer) }
    #expect(mismatches.isEmpty, "input: \(mismatches)")
    let scaleMismatches = gradientMismatches(
      at: example.scale.floats, analytic: gradients.scale, indices: [0, 1, 2], step: 0.5,
      tolerance: Tolerance.centralDifference
    ) { weightedSum(forward(example, scale: $0), outer) }
    #expect(scaleMismatches.isEmpty, "scale: \(scaleMismatches)")
    let shiftMismatches = gradientMismatches(
      at: example.shift.floats, analytic: gradients.shift, indices: [0, 1, 2], step: 0.5,
      tolerance: Tolerance.centralDifference
    ) { weightedSum(forward(example, shift: $0), outer) }
    #expect(shiftMismatches.isEmpty, "shift: \(shiftMismatches)")
  }

  @Test func agreesWithPyTorch() throws {
    let golden = try Golden("operations")
    let input = try golden.reference("instance_norm.input")
    let example = Example(
      input: input, scale: try golden.reference("instance_norm.scale"),
      shift: try golden.reference("instance_norm.shift"),
      gradient: try golden.reference("instance_norm.output_gradient"))
    expectAgreement(
      forward(example), try golden.reference("instance_norm.output"), within: Tolerance.singlePrecision, "output")
    let expected = (
      input: try golden.reference("instance_norm.input_gradient"),
      scale: try golden.reference("instance_norm.scale_gradient"),
      shift: try golden.reference("instance_norm.shift_gradient")
    )
    expect(backward(example), expected, example)
  }

  // MARK: The kernels on arrays

  private func forward(
    _ example: Example, input: [Float]? = nil, scale: [Float]? = nil, shift: [Float]? = nil, appliesReLU: Bool = false,
    residual: [Float]? = nil, pool: ComputePool = pool
  ) -> [Float] {
    let shape = example.input.shape
    let pixels = shape.height * shape.width
    let gamma = GuardedBuffer(scale ?? example.scale.floats)
    let beta = GuardedBuffer(shift ?? example.shift.floats)
    let addend = residual.map(GuardedBuffer.init)
    let statistics = Statistics(input ?? example.input.floats, shape, pool)
    defer { expectIntact(gamma, beta, addend, statistics.mean, statistics.inverseDeviation) }
    return guarded(input ?? example.input.floats, count: shape.count) { source, target in
      InstanceNorm.apply(
        source, batch: shape.batch, pixels: pixels, channels: shape.channels, gamma: gamma.pointer,
        beta: beta.pointer, mean: statistics.mean.pointer, inverseDeviation: statistics.inverseDeviation.pointer,
        appliesReLU: appliesReLU, residual: addend.map { UnsafePointer($0.pointer) }, output: target, pool: pool)
    }
  }

  private func backward(
    _ example: Example, rectifiedOutput: [Float]? = nil, parameterStart: Float = 0, inPlace: Bool = false,
    pool: ComputePool = pool
  ) -> (input: [Float], scale: [Float], shift: [Float]) {
    let shape = example.input.shape
    let pixels = shape.height * shape.width
    let input = GuardedBuffer(example.input.floats)
    let outer = GuardedBuffer(example.gradient.floats)
    let output = rectifiedOutput.map(GuardedBuffer.init)
    let gamma = GuardedBuffer(example.scale.floats)
    let statistics = Statistics(example.input.floats, shape, pool)
    let inputGradient = inPlace ? outer : GuardedBuffer(count: shape.count)
    let scaleGradient = GuardedBuffer(count: shape.channels, filledWith: parameterStart)
    let shiftGradient = GuardedBuffer(count: shape.channels, filledWith: parameterStart)
    Statistics.withScratch(shape) { scratch in
      InstanceNorm.backward(
        input.pointer, dOutput: outer.pointer, rectifiedOutput: output.map { UnsafePointer($0.pointer) },
        batch: shape.batch, pixels: pixels, channels: shape.channels, gamma: gamma.pointer,
        mean: statistics.mean.pointer, inverseDeviation: statistics.inverseDeviation.pointer,
        dInput: inputGradient.pointer, dGamma: scaleGradient.pointer, dBeta: shiftGradient.pointer, scratch: scratch,
        pool: pool)
    }
    expectIntact(input, outer, output, gamma, statistics.mean, statistics.inverseDeviation)
    expectIntact(inputGradient, scaleGradient, shiftGradient)
    return (inputGradient.elements, scaleGradient.elements, shiftGradient.elements)
  }

  /// The results of the statistics kernel.
  private struct Statistics {
    let mean: GuardedBuffer
    let inverseDeviation: GuardedBuffer

    init(_ elements: [Float], _ shape: Shape, _ pool: ComputePool) {
      let input = GuardedBuffer(elements)
      let mean = GuardedBuffer(count: shape.batch * shape.channels)
      let inverseDeviation = GuardedBuffer(count: shape.batch * shape.channels)
      Self.withScratch(shape) { scratch in
        InstanceNorm.statistics(
          input.pointer, batch: shape.batch, pixels: shape.height * shape.width, channels: shape.channels,
          mean: mean.pointer, inverseDeviation: inverseDeviation.pointer, scratch: scratch, pool: pool)
      }
      expectIntact(input, mean, inverseDeviation)
      self.mean = mean
      self.inverseDeviation = inverseDeviation
    }

    /// Doubles between guards, initialized to NaN.
    static func withScratch(_ shape: Shape, _ body: (UnsafeMutablePointer<Double>) -> Void) {
      let count = InstanceNorm.scratchCount(
        batch: shape.batch, pixels: shape.height * shape.width, channels: shape.channels)
      let floats = GuardedBuffer(count: 2 * count)
      floats.pointer.withMemoryRebound(to: Double.self, capacity: count, body)
      expectIntact(floats)
    }
  }

  private func expect(
    _ computed: (input: [Float], scale: [Float], shift: [Float]),
    _ expected: (input: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor), _ example: Example
  ) {
    // Sums of random signs cancel: the rounding is that of the terms, of size `γ/σ` for the input and up to √positions
    // for the parameters.
    let shape = example.input.shape
    let terms = Double(shape.batch * shape.height * shape.width)
    let deviation = shape.height * shape.width == 1 ? 1e-5.squareRoot() : 1.0
    let input = Discrepancy(computed.input, expected: expected.input.elements)
    #expect(input.maximum <= Tolerance.singlePrecision / deviation, "input: \(input)")
    let scale = Discrepancy(computed.scale, expected: expected.scale.elements)
    #expect(scale.maximum <= Tolerance.singlePrecision * terms.squareRoot(), "scale: \(scale)")
    let shift = Discrepancy(computed.shift, expected: expected.shift.elements)
    #expect(shift.maximum <= Tolerance.singlePrecision * terms.squareRoot(), "shift: \(shift)")
  }
}
