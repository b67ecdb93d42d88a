import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct FusedSeparableConvolutionTests {
  /// One pixel, lines, less than a strip, several in both directions with a remainder, complete and incomplete panels,
  /// and strips of few pixels.
  static let cases: [ConvolutionCase] = {
    let sizes = [(1, 1), (1, 5), (9, 1), (2, 3), (7, 7), (13, 19), (37, 51), (9, 203)]
    let channels = [(8, 8), (16, 8), (8, 24), (24, 16), (64, 40), (136, 16), (264, 8)]
    return sizes.enumerated().flatMap { index, size in
      PaddingMode.allCases.flatMap { mode in
        [1, 2, 3].map { stride in
          let pair = channels[(index + stride) % (size.0 * size.1 > 1000 ? 5 : 7)]
          return ConvolutionCase(
            height: size.0, width: size.1, inputs: pair.0, outputs: pair.1, kernel: 3, stride: stride, padding: 1,
            mode: mode)
        }
      }
    } + [
      ConvolutionCase(height: 6, width: 7, inputs: 16, outputs: 8, kernel: 3, padding: 0, mode: .zeros),
      ConvolutionCase(height: 6, width: 7, inputs: 16, outputs: 8, kernel: 3, padding: 2, mode: .reflect),
    ]
  }()

  /// Random weights, and the result of both convolutions for an input.
  private struct Example {
    let shapes: ConvolutionCase
    let depthwise: Tensor
    let depthwiseBias: Tensor
    let pointwise: Tensor
    let bias: Tensor

    init(_ shapes: ConvolutionCase, channels: Int? = nil, outputs: Int? = nil, random: inout Random) {
      self.shapes = shapes
      let (channels, outputs) = (channels ?? shapes.inputs, outputs ?? shapes.outputs)
      depthwise = random.tensor(Shape([channels, 1, 3, 3]))
      depthwiseBias = random.tensor(Shape([channels]))
      pointwise = random.tensor(Shape([outputs, channels, 1, 1]))
      bias = random.tensor(Shape([outputs]))
    }

    func reference(_ input: ReferenceTensor, usesBias: Bool = false) -> ReferenceTensor {
      let middle = Reference.depthwiseConvolution(
        input, weight: ReferenceTensor(depthwise), bias: ReferenceTensor(depthwiseBias),
        geometry: .init(
          stride: shapes.stride, padding: shapes.padding, mode: .init(shapes.mode)))
      return Reference.convolution(
        middle, weight: ReferenceTensor(pointwise), bias: usesBias ? ReferenceTensor(bias) : nil, geometry: .init())
    }

    func forward(
      _ input: LazyInput, by algorithm: SeparableAlgorithm, usesBias: Bool = false, appliesReLU: Bool = false,
      residual: [Float]? = nil, materializes: Bool = false, gathers: Bool = false, pool: ComputePool = pool
    ) -> KernelResult {
      algorithm.kernel(for: shapes.geometry).forward(
        input, depthwise: depthwise.elements, depthwiseBias: depthwiseBias.elements, pointwise: pointwise.elements,
        bias: usesBias ? bias.elements : nil, appliesReLU: appliesReLU, residual: residual, materializes: materializes,
        gathers: gathers, pool: pool)
    }
  }

  private func algorithms(_ shapes: ConvolutionCase) -> [SeparableAlgorithm] {
    SeparableAlgorithm.allCases.filter { $0.supports(shapes.geometry) }
  }

  @Test(
    "Every algorithm agrees with both convolutions in double precision, with bias and ReLU", arguments: cases)
  func agreesWithReference(_ shapes: ConvolutionCase) {
    var random = Random(seed: 71)
    let input = LazyInput(shapes.inputShape, random: &random)
    let example = Example(shapes, random: &random)
    #expect(algorithms(shapes).contains(.preferred(for: shapes.geometry)))
    let plain = example.reference(input.reference)
    let biased = Reference.relu(example.reference(input.reference, usesBias: true))
    let residual = random.tensor(Shape([biased.elements.count]))
    var sum = biased
    for index in sum.elements.indices { sum.elements[index] += Double(residual.elements[index]) }
    for algorithm in algorithms(shapes) {
      let tolerance = Tolerance.of(algorithm)
      expectAgreement(example.forward(input, by: algorithm).output, plain, within: tolerance, "\(algorithm), plain")
      expectAgreement(
        example.forward(input, by: algorithm, usesBias: true, appliesReLU: true).output, biased, within: tolerance,
        "\(algorithm), bias and ReLU")
      guard algorithm.kernel(for: shapes.geometry).addsResidual else { continue }
      expectAgreement(
        example.forward(input, by: algorithm, usesBias: true, appliesReLU: true, residual: residual.elements).output,
        sum, within: tolerance, "\(algorithm), bias, ReLU and residual")
    }
  }

  @Test("The cases cover every algorithm", arguments: SeparableAlgorithm.allCases)
  func algorithms(_ algorithm: SeparableAlgorithm) {
    let cases = Self.cases.filter { algorithm.supports($0.geometry) }
    #expect(cases.count > 15 && cases.contains { .preferred(for: $0.geometry) == algorithm })
  }

  @Test("Norm, ReLU and residual of the input are applied and materialized, and padding remains zero", arguments: cases)
  func prologue(_ shapes: ConvolutionCase) {
    for prologue in Prologue.all {
      var random = Random(seed: 72)
      let input = LazyInput(shapes.inputShape, prologue, random: &random)
      let example = Example(shapes, random: &random)
      let expected = example.reference(input.reference)
      for algorithm in algorithms(shapes) {
        let keeps = algorithm.kernel(for: shapes.geometry).materializesInput
        let result = example.forward(input, by: algorithm, materializes: keeps)
        expectAgreement(
          result.output, expected, within: Tolerance.of(algorithm), "\(algorithm), \(prologue.testDescription)")
        guard keeps else { continue }
        expectAgreement(result.materialized, input.reference, within: Tolerance.prologue, "\(algorithm), kept")
      }
    }
  }

  @Test("Results are bit-identical for any number of threads", arguments: cases)
  func resultsDoNotDependOnThreads(_ shapes: ConvolutionCase) {
    var random = Random(seed: 73)
    let input = LazyInput(shapes.inputShape, Prologue(hasNorm: true, appliesReLU: true), random: &random)
    let example = Example(shapes, random: &random)
    for algorithm in algorithms(shapes) {
      let results = pools.map { example.forward(input, by: algorithm, gathers: true, pool: $0) }
      #expect(results[1] == results[0] && results[2] == results[0], "\(algorithm)")
    }
  }

  @Test("Channels beyond those of the weights count as zeros")
  func fewerChannels() {
    let shapes = ConvolutionCase(height: 7, width: 9, inputs: 16, outputs: 24, kernel: 3, padding: 1, mode: .reflect)
    var random = Random(seed: 74)
    let input = LazyInput(shapes.inputShape, random: &random)
    let example = Example(shapes, channels: 11, outputs: 19, random: &random)
    var narrow = ReferenceTensor(Shape(batch: 1, height: 7, width: 9, channels: 11))
    for index in narrow.elements.indices {
      narrow.elements[index] = input.reference.elements[index / 11 * 16 + index % 11]
    }
    let expected = example.reference(narrow)
    for algorithm in algorithms(shapes) {
      let output = example.forward(input, by: algorithm).output
      let own = (0..<63).flatMap { output[$0 * 24..<$0 * 24 + 19] }
      expectAgreement(own, expected, within: Tolerance.of(algorithm), "\(algorithm): the weight's own")
      #expect((0..<63).allSatisfy { output[$0 * 24 + 19..<$0 * 24 + 24].allSatisfy { $0 == 0 } }, "\(algorithm)")
    }
  }

  @Test("Unsupported geometries are reported")
  func supports() {
    func supports(kernel: Int = 3, inputs: Int = 8, outputs: Int = 16, batch: Int = 1, upsampling: Int = 1) -> Bool {
      SeparableAlgorithm.strips.supports(
        ConvolutionCase(
          batch: batch, height: 6, width: 6, inputs: inputs, outputs: outputs, kernel: kernel, padding: kernel / 2,
          mode: .zeros, upsampling: upsampling
        ).geometry)
    }
    #expect(supports())
    #expect(!supports(kernel: 5) && !supports(inputs: 9) && !supports(outputs: 9) && !supports(batch: 2))
    #expect(!supports(upsampling: 2))
  }
}
