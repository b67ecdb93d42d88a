import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct ConvolutionTests {
  @Test(arguments: ConvolutionCase.all)
  func forwardAgreesWithReference(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes)
    let expected = example.output(withBias: true)
    for algorithm in shapes.algorithms {
      let output = Convolution2D(shapes.geometry, algorithm: algorithm).forward(
        example.input.elements, weight: example.weight.elements, bias: example.bias.elements)
      let discrepancy = Discrepancy(output, expected: expected.elements)
      #expect(discrepancy.relative <= Tolerance.of(algorithm), "\(algorithm): \(discrepancy)")
    }
  }

  @Test(arguments: ConvolutionCase.all)
  func weightGradientAgreesWithReference(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes, seed: 2)
    let expected = example.gradients().weight
    let start = [Float](repeating: 0, count: shapes.weightShape.count)
    for algorithm in shapes.algorithms {
      let gradient = Convolution2D(shapes.geometry, algorithm: algorithm).weightGradient(
        example.input.elements, outputGradient: example.outputGradient.elements, addedTo: start)
      let discrepancy = Discrepancy(gradient, expected: expected.elements)
      #expect(discrepancy.relative <= Tolerance.of(algorithm), "\(algorithm): \(discrepancy)")
    }
  }

  @Test(arguments: ConvolutionCase.all)
  func inputGradientAgreesWithReference(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes, seed: 3)
    let gradient = ConvolutionInputGradient(shapes.geometry).run(
      example.outputGradient.elements, weight: example.weight.elements)
    let discrepancy = Discrepancy(gradient, expected: example.gradients().input.elements)
    // The gradient chooses its algorithm: Winograd's tolerance covers all.
    #expect(discrepancy.relative <= Tolerance.of(.fused), "\(discrepancy)")
  }

  @Test("A mask in the backward pass is equivalent to a ReLU after the convolution", arguments: ConvolutionCase.all)
  func inputGradientReadsMask(_ shapes: ConvolutionCase) {
    let gradient = ConvolutionInputGradient(shapes.geometry)
    guard gradient.readsMask else { return }
    let example = ConvolutionExample(shapes, seed: 7)
    var random = Random(seed: 8)
    let mask = random.uniform(count: example.outputGradient.count)
    let masked = zip(example.outputGradient.elements, mask).map { $1 > 0 ? $0 : 0 }
    let weight = example.weight.elements
    #expect(
      gradient.run(example.outputGradient.elements, mask: mask, weight: weight) == gradient.run(masked, weight: weight))
  }

  @Test(arguments: ConvolutionCase.large + ConvolutionCase.upsampled)
  func biasGradientAgreesWithReference(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes, seed: 4)
    let gradient = Convolution2D(shapes.geometry).biasGradient(
      example.outputGradient.elements, addedTo: [Float](repeating: 0, count: shapes.outputs))
    let discrepancy = Discrepancy(gradient, expected: example.gradients().bias.elements)
    // Sums that cancel: their range is smaller than that of their terms.
    #expect(discrepancy.relative <= 10 * Tolerance.singlePrecision, "\(discrepancy)")
  }

  @Test(arguments: [3, 9])
  func epilogueAddsBiasThenAppliesReLU(kernel: Int) {
    let shapes = ConvolutionCase(
      height: 7, width: 5, inputs: 8, outputs: 13, kernel: kernel, padding: kernel / 2, mode: .zeros)
    let example = ConvolutionExample(shapes)
    for algorithm in shapes.algorithms {
      for (withBias, appliesReLU) in [(false, false), (false, true), (true, true)] {
        var expected = example.output(withBias: withBias)
        if appliesReLU { expected = Reference.relu(expected) }
        let output = Convolution2D(shapes.geometry, algorithm: algorithm).forward(
          example.input.elements, weight: example.weight.elements, bias: withBias ? example.bias.elements : nil,
          appliesReLU: appliesReLU)
        let discrepancy = Discrepancy(output, expected: expected.elements)
        #expect(
          discrepancy.relative <= Tolerance.of(algorithm), "\(algorithm) \(withBias) \(appliesReLU): \(discrepancy)")
      }
    }
  }

  @Test func parameterGradientsAreAdded() {
    let shapes = ConvolutionCase(height: 6, width: 7, inputs: 8, outputs: 5, kernel: 3, padding: 1, mode: .zeros)
    let example = ConvolutionExample(shapes)
    let gradients = example.gradients()
    var random = Random(seed: 9)
    let weightStart = random.uniform(count: shapes.weightShape.count)
    let biasStart = random.uniform(count: shapes.outputs)
    for algorithm in shapes.algorithms {
      let convolution = Convolution2D(shapes.geometry, algorithm: algorithm)
      let weight = convolution.weightGradient(
        example.input.elements, outputGradient: example.outputGradient.elements, addedTo: weightStart)
      let expectedWeight = zip(gradients.weight.elements, weightStart).map { $0 + Double($1) }
      #expect(Discrepancy(weight, expected: expectedWeight).relative <= Tolerance.of(algorithm), "\(algorithm)")
      let bias = convolution.biasGradient(example.outputGradient.elements, addedTo: biasStart)
      let expectedBias = zip(gradients.bias.elements, biasStart).map { $0 + Double($1) }
      #expect(Discrepancy(bias, expected: expectedBias).relative <= Tolerance.singlePrecision, "\(algorithm)")
    }
  }

  /// The trainer relies on this for bit-identical results.
  @Test(arguments: ConvolutionCase.large)
  func resultsDoNotDependOnThreads(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes)
    let (input, weight) = (example.input.elements, example.weight.elements)
    let outer = example.outputGradient.elements
    let start = [Float](repeating: 0, count: weight.count)
    let single = ComputePool(threads: 1)
    for algorithm in shapes.algorithms {
      let convolution = Convolution2D(shapes.geometry, algorithm: algorithm)
      let outputs = [single, pool].map { convolution.forward(input, weight: weight, bias: nil, pool: $0) }
      #expect(outputs[0] == outputs[1], "\(algorithm) forward")
      let gradients = [single, pool].map {
        convolution.weightGradient(input, outputGradient: outer, addedTo: start, pool: $0)
      }
      #expect(gradients[0] == gradients[1], "\(algorithm) weight gradient")
    }
    let gradients = [single, pool].map {
      ConvolutionInputGradient(shapes.geometry).run(outer, weight: weight, pool: $0)
    }
    #expect(gradients[0] == gradients[1], "input gradient")
  }

  @Test(arguments: ConvolutionCase.unusualPadding + ConvolutionCase.upsampled)
  func gradientsAgreeWithCentralDifferences(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes, seed: 5)
    let (input, weight) = (example.input.elements, example.weight.elements)
    let outer = example.outputGradient.elements
    // Linear in either argument: a large step is exact and keeps rounding small.
    let step: Float = 0.5
    var random = Random(seed: 6)
    for algorithm in shapes.algorithms {
      let convolution = Convolution2D(shapes.geometry, algorithm: algorithm)
      let weightGradient = convolution.weightGradient(
        input, outputGradient: outer, addedTo: [Float](repeating: 0, count: weight.count))
      let mismatches = gradientMismatches(
        at: weight, analytic: weightGradient, indices: random.indices(count: 10, below: weight.count), step: step,
        tolerance: Tolerance.centralDifference
      ) { weightedSum(convolution.forward(input, weight: $0, bias: nil), outer) }
      #expect(mismatches.isEmpty, "\(algorithm) weight: \(mismatches)")
    }
    let convolution = Convolution2D(shapes.geometry)
    let mismatches = gradientMismatches(
      at: input, analytic: ConvolutionInputGradient(shapes.geometry).run(outer, weight: weight),
      indices: random.indices(count: 10, below: input.count), step: step, tolerance: Tolerance.centralDifference
    ) { weightedSum(convolution.forward($0, weight: weight, bias: nil), outer) }
    #expect(mismatches.isEmpty, "input: \(mismatches)")
  }

  @Test(arguments: GoldenConvolution.all)
  func agreesWithPyTorch(_ example: GoldenConvolution) throws {
    let golden = try Golden("operations")
    let prefix = "convolution.\(example.name)"
    let input = try golden.tensor("\(prefix).input")
    let weight = try golden.tensor("\(prefix).weight")
    let outer = try golden.tensor("\(prefix).output_gradient")
    let geometry = ConvolutionGeometry(
      batch: input.shape.batch, height: input.shape.height, width: input.shape.width,
      inputChannels: input.shape.channels, outputChannels: weight.shape.dimensions[0],
      kernel: weight.shape.dimensions[2], stride: example.stride, padding: example.padding,
      paddingMode: example.paddingMode)
    for algorithm in ConvolutionAlgorithm.allCases where algorithm.supports(geometry) {
      let convolution = Convolution2D(geometry, algorithm: algorithm)
      let results = [
        "output": convolution.forward(
          input.elements, weight: weight.elements, bias: try golden.tensor("\(prefix).bias").elements),
        "weight_gradient": convolution.weightGradient(
          input.elements, outputGradient: outer.elements, addedTo: [Float](repeating: 0, count: weight.count)),
        "bias_gradient": convolution.biasGradient(
          outer.elements, addedTo: [Float](repeating: 0, count: outer.shape.channels)),
      ]
      for (name, computed) in results {
        let discrepancy = Discrepancy(computed, expected: try golden.reference("\(prefix).\(name)").elements)
        #expect(discrepancy.relative <= Tolerance.of(algorithm), "\(algorithm) \(name): \(discrepancy)")
      }
    }
    let inputGradient = ConvolutionInputGradient(geometry).run(outer.elements, weight: weight.elements)
    let discrepancy = Discrepancy(inputGradient, expected: try golden.reference("\(prefix).input_gradient").elements)
    #expect(discrepancy.relative <= Tolerance.of(.fused), "input_gradient: \(discrepancy)")
  }
}
