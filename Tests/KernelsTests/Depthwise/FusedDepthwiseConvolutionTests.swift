import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct FusedDepthwiseConvolutionTests {
  private static func shapes(
    _ size: (Int, Int), _ channels: Int, kernel: Int = 3, stride: Int = 1, padding: Int? = nil,
    mode: PaddingMode = .reflect, upsampling: Int = 1
  ) -> ConvolutionCase {
    ConvolutionCase(
      height: size.0, width: size.1, inputs: channels, outputs: channels, kernel: kernel, stride: stride,
      padding: padding ?? kernel / 2, mode: mode, upsampling: upsampling)
  }

  /// One pixel, lines, less than a strip, and several in both directions with a remainder; all strides and kernels.
  static let cases: [ConvolutionCase] = {
    var cases: [ConvolutionCase] = []
    for (index, size) in [(1, 1), (1, 5), (9, 1), (2, 3), (7, 7), (13, 19), (37, 51), (19, 203)].enumerated() {
      for mode in PaddingMode.allCases {
        cases.append(shapes(size, [8, 16, 24, 40][index % 4], mode: mode))
        cases.append(shapes(size, [16, 8, 24][index % 3], mode: mode, upsampling: 2))
        cases.append(shapes(size, [24, 8, 16][index % 3], stride: 2, mode: mode))
        cases.append(shapes(size, 8, stride: 3, mode: mode))
        cases.append(shapes(size, 16, kernel: [1, 5, 7, 9][index % 4], stride: 1 + index % 3, mode: mode))
      }
    }
    return cases + [
      shapes((6, 5), 8, padding: 0, mode: .zeros), shapes((4, 5), 16, padding: 2, mode: .zeros),
      shapes((4, 3), 8, padding: 0, mode: .zeros, upsampling: 2), shapes((5, 4), 8, stride: 2, upsampling: 2),
      shapes((6, 5), 8, kernel: 5, upsampling: 2),
    ]
  }()

  private func algorithms(_ shapes: ConvolutionCase) -> [DepthwiseAlgorithm] {
    DepthwiseAlgorithm.allCases.filter { $0.supports(shapes.geometry) }
  }

  private func reference(
    _ input: ReferenceTensor, _ shapes: ConvolutionCase, weight: Tensor, bias: Tensor? = nil
  ) -> ReferenceTensor {
    Reference.depthwiseConvolution(
      shapes.upsampling == 2 ? Reference.upsampleNearest(input) : input, weight: ReferenceTensor(weight),
      bias: bias.map { ReferenceTensor($0) },
      geometry: .init(
        stride: shapes.stride, padding: shapes.padding, mode: .init(shapes.mode)))
  }

  private func weightShape(_ shapes: ConvolutionCase) -> Shape {
    Shape([shapes.inputs, 1, shapes.kernel, shapes.kernel])
  }

  @Test("Every algorithm agrees with double precision, with bias and ReLU", arguments: cases)
  func agreesWithReference(_ shapes: ConvolutionCase) {
    var random = Random(seed: 61)
    let input = LazyInput(shapes.inputShape, random: &random)
    let weight = random.tensor(weightShape(shapes))
    let bias = random.tensor(Shape([shapes.inputs]))
    let plain = reference(input.reference, shapes, weight: weight)
    let biased = reference(input.reference, shapes, weight: weight, bias: bias)
    #expect(algorithms(shapes).contains(.general))
    #expect(algorithms(shapes).contains(.preferred(for: shapes.geometry)))
    for algorithm in algorithms(shapes) {
      let convolution = algorithm.kernel(for: shapes.geometry)
      let result = convolution.forward(input, weight: weight.elements)
      expectAgreement(result.output, plain, within: Tolerance.of(algorithm), "\(algorithm)")
      let rectified = convolution.forward(input, weight: weight.elements, bias: bias.elements, appliesReLU: true)
      expectAgreement(
        rectified.output, Reference.relu(biased), within: Tolerance.of(algorithm), "\(algorithm), bias and ReLU")
    }
  }

  @Test("The cases cover every algorithm, and the preferred one is as documented")
  func algorithms() {
    for algorithm in DepthwiseAlgorithm.allCases {
      let cases = Self.cases.filter { algorithm.supports($0.geometry) }
      #expect(cases.count > 15 && cases.contains { .preferred(for: $0.geometry) == algorithm }, "\(algorithm)")
    }
    let odd = ConvolutionCase(height: 4, width: 4, inputs: 9, outputs: 9, kernel: 3, padding: 1, mode: .zeros)
    let uneven = ConvolutionCase(height: 4, width: 4, inputs: 8, outputs: 16, kernel: 3, padding: 1, mode: .zeros)
    #expect(algorithms(odd).isEmpty && algorithms(uneven).isEmpty)
  }

  @Test("Norm, ReLU and residual of the input are applied and materialized, and padding remains zero", arguments: cases)
  func prologue(_ shapes: ConvolutionCase) {
    for prologue in Prologue.all {
      var random = Random(seed: 62)
      let input = LazyInput(shapes.inputShape, prologue, random: &random)
      let weight = random.tensor(weightShape(shapes))
      let expected = reference(input.reference, shapes, weight: weight)
      for algorithm in algorithms(shapes) {
        let convolution = algorithm.kernel(for: shapes.geometry)
        let result = convolution.forward(
          input, weight: weight.elements, materializes: convolution.materializesInput)
        expectAgreement(result.output, expected, within: Tolerance.of(algorithm), "\(algorithm)")
        guard convolution.materializesInput else { continue }
        expectAgreement(result.materialized, input.reference, within: Tolerance.prologue, "\(algorithm), materialized")
      }
    }
  }

  @Test("Results are bit-identical for any number of threads", arguments: cases)
  func resultsDoNotDependOnThreads(_ shapes: ConvolutionCase) {
    var random = Random(seed: 63)
    let input = LazyInput(shapes.inputShape, Prologue(hasNorm: true, appliesReLU: true), random: &random)
    let weight = random.tensor(weightShape(shapes)).elements
    for algorithm in algorithms(shapes) {
      let convolution = algorithm.kernel(for: shapes.geometry)
      let results = pools.map { convolution.forward(input, weight: weight, gathers: true, pool: $0) }
      #expect(results[1] == results[0] && results[2] == results[0], "\(algorithm)")
    }
  }

  @Test("Channels beyond those of the weight become zeros", arguments: [1, 2])
  func fewerChannels(upsampling: Int) {
    let shapes = Self.shapes((5, 6), 16, upsampling: upsampling)
    var random = Random(seed: 64)
    let input = LazyInput(shapes.inputShape, random: &random)
    let weight = random.tensor(Shape([11, 1, 3, 3])).elements
    for algorithm in algorithms(shapes) {
      let result = algorithm.kernel(for: shapes.geometry).forward(input, weight: weight, weightChannels: (11, 1))
      for (index, value) in result.output.enumerated() where (value == 0) != (index % 16 >= 11) {
        Issue.record("\(algorithm): \(value) in channel \(index % 16)")
        break
      }
    }
  }
}
