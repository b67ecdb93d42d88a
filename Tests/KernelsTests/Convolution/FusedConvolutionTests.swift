import Kernels
import TestSupport
import Tensors
import Testing

/// Returns the convolution of `input` in double precision, including the upsampling before it.
func referenceConvolution(
  _ input: ReferenceTensor, _ shapes: ConvolutionCase, weight: Tensor, bias: Tensor? = nil
) -> ReferenceTensor {
  Reference.convolution(
    shapes.upsampling == 2 ? Reference.upsampleNearest(input) : input, weight: ReferenceTensor(weight),
    bias: bias.map { ReferenceTensor($0) },
    geometry: .init(padding: shapes.padding, stride: shapes.stride, mode: shapes.mode))
}

extension Reference.ConvolutionGeometry {
  fileprivate init(padding: Int, stride: Int, mode: PaddingMode) {
    self.init(stride: stride, padding: padding, mode: .init(mode))
  }
}

@Suite struct FusedConvolutionTests {
  @Test("Every algorithm agrees with double precision", arguments: ConvolutionCase.fused)
  func agreesWithReference(_ shapes: ConvolutionCase) {
    var random = Random(seed: 11)
    let input = LazyInput(shapes.inputShape, random: &random)
    let weight = random.tensor(shapes.weightShape)
    let bias = random.tensor(Shape([shapes.outputs]))
    let expected = referenceConvolution(input.reference, shapes, weight: weight, bias: bias)
    #expect(
      shapes.fusedAlgorithms.contains(.direct) && shapes.fusedAlgorithms.contains(.preferred(for: shapes.geometry)))
    for algorithm in shapes.fusedAlgorithms {
      let result = algorithm.kernel(for: shapes.geometry).forward(
        input, weight: weight.elements, bias: bias.elements)
      expectAgreement(result.output, expected, within: Tolerance.of(algorithm), "\(algorithm)")
    }
  }

  @Test("The cases cover every algorithm, and the preferred one is as documented")
  func algorithms() {
    for algorithm in FusedAlgorithm.allCases where algorithm.precision.isAvailable {
      let cases = ConvolutionCase.fused.filter { algorithm.supports($0.geometry) }
      #expect(cases.count > 40, "\(algorithm)")
      #expect(
        cases.contains { FusedAlgorithm.preferred(for: $0.geometry, precision: algorithm.precision) == algorithm },
        "\(algorithm)")
    }
    let oneChannelTooMany = ConvolutionCase(
      height: 4, width: 4, inputs: 9, outputs: 8, kernel: 3, padding: 1, mode: .zeros)
    #expect(oneChannelTooMany.fusedAlgorithms.isEmpty)
  }

  @Test("Products of bfloat16 are preferred only if they are asked for")
  func precision() {
    for shapes in ConvolutionCase.fused {
      let single = FusedAlgorithm.preferred(for: shapes.geometry)
      #expect(single.precision == .float32)
      #expect(FusedAlgorithm.preferred(for: shapes.geometry, precision: .float32) == single)
      let other = FusedAlgorithm.preferred(for: shapes.geometry, precision: .bfloat16)
      #expect(other == single || other.precision == .bfloat16 && ProductPrecision.bfloat16.isAvailable)
    }
  }

  @Test(
    "Results are bit-identical for any number of threads", arguments: ConvolutionCase.fused.filter { $0.inputs < 100 })
  func resultsDoNotDependOnThreads(_ shapes: ConvolutionCase) {
    var random = Random(seed: 12)
    let input = LazyInput(shapes.inputShape, Prologue(hasNorm: true, appliesReLU: true), random: &random)
    let weight = random.tensor(shapes.weightShape).elements
    for algorithm in shapes.fusedAlgorithms {
      let convolution = algorithm.kernel(for: shapes.geometry)
      let results = pools.map { convolution.forward(input, weight: weight, gathers: true, pool: $0) }
      #expect(results[1] == results[0] && results[2] == results[0], "\(algorithm)")
    }
  }

  @Test(
    "Norm, ReLU and residual of the input are applied, and padding remains zero",
    arguments: ConvolutionCase.fusedPrologue,
    Prologue.all)
  func prologue(_ shapes: ConvolutionCase, _ prologue: Prologue) {
    var random = Random(seed: 13)
    let input = LazyInput(shapes.inputShape, prologue, random: &random)
    let weight = random.tensor(shapes.weightShape)
    let expected = referenceConvolution(input.reference, shapes, weight: weight)
    for algorithm in shapes.fusedAlgorithms {
      let convolution = algorithm.kernel(for: shapes.geometry)
      let result = convolution.forward(input, weight: weight.elements)
      expectAgreement(result.output, expected, within: Tolerance.of(algorithm), "\(algorithm)")
      guard convolution.materializesInput else { continue }
      let keeping = convolution.forward(input, weight: weight.elements, materializes: true)
      #expect(keeping.output == result.output, "\(algorithm): materializing the input does not change the output")
      // Unwritten values are NaN, whose distance counts as infinite.
      expectAgreement(keeping.materialized, input.reference, within: Tolerance.prologue, "\(algorithm), materialized")
    }
  }

  @Test("The input can be materialized only if every pixel is read by the strip to which it belongs")
  func materializesInput() {
    func materializes(_ algorithm: FusedAlgorithm, kernel: Int, stride: Int, padding: Int, upsampling: Int = 1) -> Bool
    {
      let shapes = ConvolutionCase(
        height: 8, width: 8, inputs: 8, outputs: 8, kernel: kernel, stride: stride, padding: padding, mode: .zeros,
        upsampling: upsampling)
      return algorithm.kernel(for: shapes.geometry).materializesInput
    }
    for algorithm in [FusedAlgorithm.winograd6, .winograd4, .winograd4BFloat16, .direct]
    where algorithm.precision.isAvailable {
      #expect(materializes(algorithm, kernel: 3, stride: 1, padding: 1))
      #expect(!materializes(algorithm, kernel: 3, stride: 1, padding: 0))
    }
    for algorithm in [FusedAlgorithm.upsample, .upsampleWinograd, .upsampleWinogradBFloat16]
    where algorithm.precision.isAvailable {
      #expect(materializes(algorithm, kernel: 3, stride: 1, padding: 1, upsampling: 2))
    }
    #expect(!materializes(.direct, kernel: 3, stride: 1, padding: 1, upsampling: 2))
    #expect(materializes(.direct, kernel: 3, stride: 2, padding: 1))
    #expect(materializes(.direct, kernel: 1, stride: 1, padding: 0))
    #expect(!materializes(.direct, kernel: 1, stride: 2, padding: 0))
    #expect(!materializes(.direct, kernel: 3, stride: 3, padding: 1))
  }

  @Test("Bias is added before ReLU", arguments: ConvolutionCase.fusedPrologue)
  func epilogue(_ shapes: ConvolutionCase) {
    var random = Random(seed: 14)
    let input = LazyInput(shapes.inputShape, random: &random)
    let weight = random.tensor(shapes.weightShape)
    let bias = random.tensor(Shape([shapes.outputs]))
    let plain = referenceConvolution(input.reference, shapes, weight: weight)
    let biased = referenceConvolution(input.reference, shapes, weight: weight, bias: bias)
    for algorithm in shapes.fusedAlgorithms {
      let convolution = algorithm.kernel(for: shapes.geometry)
      let without = convolution.forward(input, weight: weight.elements, appliesReLU: true)
      expectAgreement(without.output, Reference.relu(plain), within: Tolerance.of(algorithm), "\(algorithm), no bias")
      let with = convolution.forward(input, weight: weight.elements, bias: bias.elements, appliesReLU: true)
      expectAgreement(with.output, Reference.relu(biased), within: Tolerance.of(algorithm), "\(algorithm), bias")
    }
  }

  @Test("A residual is added after bias and ReLU", arguments: ConvolutionCase.fusedPrologue)
  func residual(_ shapes: ConvolutionCase) {
    var random = Random(seed: 16)
    let input = LazyInput(shapes.inputShape, random: &random)
    let weight = random.tensor(shapes.weightShape)
    let bias = random.tensor(Shape([shapes.outputs]))
    let biased = referenceConvolution(input.reference, shapes, weight: weight, bias: bias)
    let residual = random.tensor(Shape([biased.elements.count]))
    func added(to output: ReferenceTensor) -> ReferenceTensor {
      var sum = output
      for index in sum.elements.indices { sum.elements[index] += Double(residual.elements[index]) }
      return sum
    }
    for algorithm in shapes.fusedAlgorithms {
      let convolution = algorithm.kernel(for: shapes.geometry)
      guard convolution.addsResidual else { continue }
      for appliesReLU in [false, true] {
        let result = convolution.forward(
          input, weight: weight.elements, bias: bias.elements, appliesReLU: appliesReLU, residual: residual.elements)
        expectAgreement(
          result.output, added(to: appliesReLU ? Reference.relu(biased) : biased), within: Tolerance.of(algorithm),
          "\(algorithm), appliesReLU \(appliesReLU)")
      }
    }
  }

  @Test("Channels beyond those of the weight count as zeros", arguments: [(1, 3), (5, 13), (23, 40)])
  func fewerChannels(outputs: Int, inputs: Int) {
    var random = Random(seed: 15)
    for upsampling in 1...2 {
      let shapes = ConvolutionCase(
        height: 9, width: 8, inputs: ActivationLayout.storedChannels(inputs),
        outputs: ActivationLayout.storedChannels(outputs), kernel: 3, padding: 1,
        mode: .reflect, upsampling: upsampling)
      // The values in the additional input channels must not matter.
      let input = LazyInput(shapes.inputShape, random: &random)
      let small = random.tensor(Shape([outputs, inputs, 3, 3]))
      var weight = ReferenceTensor(shapes.weightShape)
      for output in 0..<outputs {
        for channel in 0..<inputs {
          for tap in 0..<9 {
            weight[output, channel, tap / 3, tap % 3] = Double(small.elements[(output * inputs + channel) * 9 + tap])
          }
        }
      }
      let expected = referenceConvolution(input.reference, shapes, weight: weight.tensor)
      for algorithm in shapes.fusedAlgorithms {
        let result = algorithm.kernel(for: shapes.geometry).forward(
          input, weight: small.elements, weightChannels: (outputs, inputs))
        expectAgreement(result.output, expected, within: Tolerance.of(algorithm), "\(algorithm)")
        for (index, value) in result.output.enumerated() where index % shapes.outputs >= outputs && value != 0 {
          Issue.record("\(algorithm): \(value) in channel \(index % shapes.outputs)")
          break
        }
      }
    }
  }

  /// The tolerance of the plan tests relies on this: sixteen layers stay within half a byte's step.
  @Test("The error of the Winograd algorithms against double precision on a layer of the network's size")
  func winogradError() {
    let shapes = ConvolutionCase(height: 24, width: 30, inputs: 128, outputs: 32, kernel: 3, padding: 1, mode: .reflect)
    var random = Random(seed: 16)
    let input = LazyInput(
      shapes.inputShape, Prologue(hasNorm: true, appliesReLU: true, hasResidual: true), random: &random)
    let weight = random.tensor(shapes.weightShape)
    let expected = referenceConvolution(input.reference, shapes, weight: weight).elements
    func error(_ algorithm: FusedAlgorithm) -> Double {
      let result = algorithm.kernel(for: shapes.geometry).forward(input, weight: weight.elements)
      return Discrepancy(result.output, expected: expected).relative
    }
    let (six, four, direct) = (error(.winograd6), error(.winograd4), error(.direct))
    #expect(six <= Tolerance.winogradSix, "F(6×6): \(six)")
    #expect(four <= Tolerance.winogradFour, "F(4×4): \(four)")
    #expect(direct <= Tolerance.singlePrecision, "direct: \(direct)")
    #expect(direct < four && four < six, "the order of accuracy in the documentation of the algorithms")
  }

  @Test(
    "The error of products of bfloat16 against double precision, as documented",
    .enabled(if: ProductPrecision.bfloat16.isAvailable, "the processor lacks AVX512_BF16"))
  func bfloat16Error() {
    let shapes = ConvolutionCase(height: 24, width: 30, inputs: 64, outputs: 64, kernel: 3, padding: 1, mode: .reflect)
    var random = Random(seed: 17)
    let input = LazyInput(shapes.inputShape, Prologue(hasNorm: true, appliesReLU: true), random: &random)
    let weight = random.tensor(shapes.weightShape)
    let expected = referenceConvolution(input.reference, shapes, weight: weight).elements
    let result = FusedAlgorithm.winograd4BFloat16.kernel(for: shapes.geometry).forward(input, weight: weight.elements)
    #expect(Discrepancy(result.output, expected: expected).relative <= Tolerance.winogradBFloat16)
    let squares = zip(result.output, expected).reduce(into: (error: 0.0, value: 0.0)) {
      $0.error += (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
      $0.value += $1.1 * $1.1
    }
    let error = (squares.error / squares.value).squareRoot()
    // Less would mean that the products are not of bfloat16.
    #expect((1e-3...2e-2).contains(error), "root mean square \(error)")
  }
}
