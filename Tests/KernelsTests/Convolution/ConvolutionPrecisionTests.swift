import Kernels
import Tensors
import TestSupport
import Testing

/// Training's convolutions with products of bfloat16.
@Suite(
  .enabled(if: ProductPrecision.bfloat16.isAvailable, "the processor has no instructions for products of bfloat16"))
struct ConvolutionPrecisionTests {
  /// The rounding of factors, in sums whose range may be small.
  private static let tolerance = Tolerance.smallMaps * Tolerance.winogradBFloat16

  @Test(arguments: ConvolutionCase.all)
  func forwardAndInputGradientAgreeWithReference(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes, seed: 12)
    let output = Convolution2D(shapes.geometry, precision: .bfloat16).forward(
      example.input.elements, weight: example.weight.elements, bias: example.bias.elements)
    let forward = Discrepancy(output, expected: example.output(withBias: true).elements)
    #expect(forward.relative <= Self.tolerance, "forward: \(forward)")
    let gradient = ConvolutionInputGradient(shapes.geometry, precision: .bfloat16).run(
      example.outputGradient.elements, weight: example.weight.elements)
    let backward = Discrepancy(gradient, expected: example.gradients().input.elements)
    #expect(backward.relative <= Self.tolerance, "input gradient: \(backward)")
  }

  @Test("The gradient of the weight has single precision", arguments: ConvolutionCase.large)
  func weightGradientHasSinglePrecision(_ shapes: ConvolutionCase) {
    let example = ConvolutionExample(shapes, seed: 13)
    let start = [Float](repeating: 0, count: shapes.weightShape.count)
    let gradients = ProductPrecision.allCases.map {
      Convolution2D(shapes.geometry, precision: $0).weightGradient(
        example.input.elements, outputGradient: example.outputGradient.elements, addedTo: start)
    }
    #expect(gradients[0] == gradients[1])
  }

  @Test("Layers as in VGG-16 use it, and are less accurate than single precision")
  func layersUseIt() {
    for (inputs, outputs) in [(64, 64), (136, 144)] {
      let shapes = ConvolutionCase(
        height: 26, width: 30, inputs: inputs, outputs: outputs, kernel: 3, padding: 1, mode: .zeros)
      let example = ConvolutionExample(shapes, seed: 14)
      let output = Convolution2D(shapes.geometry, precision: .bfloat16).forward(
        example.input.elements, weight: example.weight.elements, bias: nil)
      let discrepancy = Discrepancy(output, expected: example.output(withBias: false).elements)
      #expect(discrepancy.relative > Tolerance.of(.winograd6), "\(inputs) channels: \(discrepancy)")
    }
  }
}
