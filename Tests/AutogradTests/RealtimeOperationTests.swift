import Autograd
import Kernels
import TestSupport
import Tensors
import Testing

/// Operations of the smaller networks, beyond the golden values.
@Suite struct RealtimeOperationTests {
  private struct NormExample {
    let input: Tensor
    let gamma: Tensor
    let beta: Tensor
    let mean: Tensor
    let variance: Tensor

    init() {
      var random = Random(seed: 1)
      input = random.tensor(Shape(batch: 2, height: 9, width: 7, channels: 11), in: -3...5)
      gamma = random.tensor(Shape([11]), in: 0.5...1.5)
      beta = random.tensor(Shape([11]))
      mean = random.tensor(Shape([11]))
      variance = random.tensor(Shape([11]), in: 0.5...4)
    }

    func norm(
      _ tape: Tape, _ inputs: [Variable], share: Float, momentum: Float = 0, appliesReLU: Bool = false
    ) -> Variable {
      tape.batchNorm(
        inputs[0], gamma: inputs[1], beta: inputs[2], runningMean: mean, runningVariance: variance, imageShare: share,
        momentum: momentum, appliesReLU: appliesReLU)
    }
  }

  @Test func batchNormWithImageShareOneIsInstanceNorm() throws {
    let example = NormExample()
    var random = Random(seed: 2)
    let outer = random.tensor(example.input.shape)
    let inputs = [example.input, example.gamma, example.beta]
    let blended = try differentiate(inputs, outputGradient: outer) { example.norm($0, $1, share: 1, appliesReLU: true) }
    let instance = try differentiate(inputs, outputGradient: outer) {
      $0.instanceNorm($1[0], gamma: $1[1], beta: $1[2], appliesReLU: true)
    }
    // The variance is converted to its inverse square root and back in single precision.
    expectAgreement(blended.output, ReferenceTensor(instance.output), within: 1e-6, "output")
    for (index, gradient) in blended.gradients.enumerated() {
      expectAgreement(gradient, ReferenceTensor(instance.gradients[index]), within: 1e-6, "gradient \(index)")
    }
  }

  @Test func runningStatisticsMoveTowardsThoseOfTheImages() {
    let example = NormExample()
    let before = (example.mean.elements, example.variance.elements)
    let variables = [example.input, example.gamma, example.beta].map { Variable($0) }
    _ = example.norm(makeTape(), variables, share: 0.5)
    #expect(
      example.mean.elements == before.0 && example.variance.elements == before.1, "a momentum of 0 must not change them"
    )
    _ = example.norm(makeTape(), variables, share: 0.5, momentum: 0.1)
    let input = ReferenceTensor(example.input)
    for channel in 0..<11 {
      var means: [Double] = []
      var variances: [Double] = []
      for image in 0..<2 {
        let values = (0..<63).map { input.elements[(image * 63 + $0) * 11 + channel] }
        let mean = values.reduce(0, +) / 63
        means.append(mean)
        variances.append(values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 63)
      }
      let expected = 0.9 * Double(before.0[channel]) + 0.1 * (means[0] + means[1]) / 2
      let spread = 0.9 * Double(before.1[channel]) + 0.1 * (variances[0] + variances[1]) / 2
      #expect(abs(Double(example.mean.elements[channel]) - expected) < 1e-6)
      #expect(abs(Double(example.variance.elements[channel]) - spread) < 1e-5)
    }
  }

  @Test func fusedDepthwiseConvolutionAndReLUMatchSeparateOnes() throws {
    let golden = try Golden("candidates")
    let name = "depthwise_convolution.reflection_strided"
    let inputs = try ["input", "weight", "bias"].map { try golden.tensor("\(name).\($0)") }
    let outer = try golden.tensor("\(name).output_gradient")
    let fused = try differentiate(inputs, outputGradient: outer) {
      $0.depthwiseConvolution(
        $1[0], weight: $1[1], bias: $1[2], stride: 2, padding: 1, paddingMode: .reflect, appliesReLU: true)
    }
    let plain = try differentiate(inputs, outputGradient: outer) {
      $0.pointwise(
        .relu, $0.depthwiseConvolution($1[0], weight: $1[1], bias: $1[2], stride: 2, padding: 1, paddingMode: .reflect))
    }
    #expect(fused.output.elements == plain.output.elements)
    #expect(fused.gradients.map(\.elements) == plain.gradients.map(\.elements))
    #expect(fused.output.elements.contains(0), "ReLU clamped nothing")
  }

  @Test func warpingErrorAgreesWithPyTorchAndSeedsBothFrames() throws {
    let golden = try Golden("candidates")
    let frame = Variable(try golden.tensor("warping_error.frame"), requiresGradient: true)
    let warped = Variable(try golden.tensor("warping_error.warped"), requiresGradient: true)
    let loss = makeTape().warpingError(
      frame, warped: warped, change: try golden.tensor("warping_error.change"),
      mask: try golden.tensor("warping_error.mask"), weight: 3)
    let expected = try golden.scalar("warping_error.output")
    #expect(abs(loss - expected) <= Tolerance.operation * expected, "the returned loss must not include the weight")
    for (variable, name) in [(frame, "frame"), (warped, "warped")] {
      let gradient = try golden.reference("warping_error.\(name)_gradient")
      expectAgreement(
        try #require(variable.gradient),
        ReferenceTensor(gradient.shape, elements: gradient.elements.map { 3 * $0 }), within: Tolerance.operation, name)
    }
  }

  @Test func warpingErrorIsDifferentiatedThroughTheWarp() throws {
    // As in training, both terms of Σ m·(f(b) − W(f(a)) − δ)² depend on the parameter of f.
    var random = Random(seed: 3)
    let shape = Shape(batch: 2, height: 6, width: 7, channels: 3)
    let (first, second) = (random.tensor(shape), random.tensor(shape))
    let positions = random.tensor(Shape(batch: 2, height: 6, width: 7, channels: 2), in: -1...7)
    let flat = Shape(batch: 2, height: 6, width: 7, channels: 1)
    let change = random.tensor(flat)
    let mask = random.wholeNumbers(flat, in: 0...1)
    let start = random.tensor(Shape([3, 3, 3, 3]))
    func loss(_ weight: Variable, _ tape: Tape) -> Double {
      func network(_ input: Tensor) -> Variable {
        tape.convolution(Variable(input), weight: weight, bias: nil, padding: 1, paddingMode: .reflect)
      }
      let warped = tape.warp(network(first), positions: positions)
      return tape.warpingError(network(second), warped: warped, change: change, mask: mask, weight: 1)
    }
    let weight = Variable(start, requiresGradient: true)
    let tape = makeTape()
    _ = loss(weight, tape)
    tape.backward()
    let mismatches = gradientMismatches(
      at: start.elements, analytic: try #require(weight.gradient).elements,
      indices: random.indices(count: 30, below: start.count), step: 1e-2, tolerance: Tolerance.centralDifference
    ) { loss(Variable(Tensor(start.shape, elements: $0)), makeTape()) }
    #expect(mismatches.isEmpty, "\(mismatches)")
  }
}
