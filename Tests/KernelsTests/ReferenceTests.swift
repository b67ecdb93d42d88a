import Kernels
import TestSupport
import Tensors
import Testing

/// Compares the reference kernels with PyTorch, since the other tests rely on them.
@Suite struct ReferenceTests {
  /// One unit in the last place: both sides compute in double precision from the same floats and round once.
  static let tolerance = 0x1p-23

  let golden: Golden

  init() throws { golden = try Golden("operations") }

  @Test(arguments: GoldenConvolution.all)
  func convolution(_ example: GoldenConvolution) throws {
    let prefix = "convolution.\(example.name)"
    let geometry = Reference.ConvolutionGeometry(
      stride: example.stride, padding: example.padding, mode: .init(example.paddingMode))
    let input = try golden.reference("\(prefix).input")
    let weight = try golden.reference("\(prefix).weight")
    let output = Reference.convolution(
      input, weight: weight, bias: try golden.reference("\(prefix).bias"), geometry: geometry)
    try expect(output, "\(prefix).output")
    let gradients = Reference.convolutionBackward(
      try golden.reference("\(prefix).output_gradient"), input: input, weight: weight, geometry: geometry)
    try expect(gradients.input, "\(prefix).input_gradient")
    try expect(gradients.weight, "\(prefix).weight_gradient")
    try expect(gradients.bias, "\(prefix).bias_gradient")
  }

  @Test func instanceNorm() throws {
    let input = try golden.reference("instance_norm.input")
    let scale = try golden.reference("instance_norm.scale")
    let output = Reference.instanceNorm(input, scale: scale, shift: try golden.reference("instance_norm.shift"))
    try expect(output, "instance_norm.output")
    let gradients = Reference.instanceNormBackward(
      try golden.reference("instance_norm.output_gradient"), input: input, scale: scale)
    try expect(gradients.input, "instance_norm.input_gradient")
    try expect(gradients.scale, "instance_norm.scale_gradient")
    try expect(gradients.shift, "instance_norm.shift_gradient")
  }

  @Test func relu() throws {
    let (input, gradient) = try inputs("relu")
    try expect(Reference.relu(input), "relu.output")
    try expect(Reference.reluBackward(gradient, input: input), "relu.input_gradient")
  }

  @Test func scaledTanh() throws {
    let (input, gradient) = try inputs("scaled_tanh")
    try expect(Reference.scaledTanh(input, scale: 150, offset: 127.5), "scaled_tanh.output")
    try expect(Reference.scaledTanhBackward(gradient, input: input, scale: 150), "scaled_tanh.input_gradient")
  }

  @Test func maxPool() throws {
    let (input, gradient) = try inputs("max_pool")
    try expect(Reference.maxPool(input), "max_pool.output")
    try expect(Reference.maxPoolBackward(gradient, input: input), "max_pool.input_gradient")
  }

  @Test func upsampleNearest() throws {
    let (input, gradient) = try inputs("upsample")
    try expect(Reference.upsampleNearest(input), "upsample.output")
    try expect(Reference.upsampleNearestBackward(gradient), "upsample.input_gradient")
  }

  @Test func gram() throws {
    let (input, gradient) = try inputs("gram")
    try expect(Reference.gram(input), "gram.output")
    try expect(Reference.gramBackward(gradient, features: input), "gram.input_gradient")
  }

  @Test func meanSquaredError() throws {
    let input = try golden.reference("mean_squared_error.input")
    let target = try golden.reference("mean_squared_error.target")
    let expected = try golden.scalar("mean_squared_error.output")
    #expect(abs(Reference.meanSquaredError(input, target) - expected) <= Self.tolerance * expected)
    try expect(Reference.meanSquaredErrorBackward(input, target), "mean_squared_error.input_gradient")
  }

  @Test func totalVariation() throws {
    let input = try golden.reference("total_variation.input")
    let expected = try golden.scalar("total_variation.output")
    #expect(abs(Reference.totalVariation(input) - expected) <= Self.tolerance * expected)
    try expect(Reference.totalVariationBackward(input), "total_variation.input_gradient")
  }

  private func inputs(_ name: String) throws -> (input: ReferenceTensor, gradient: ReferenceTensor) {
    (try golden.reference("\(name).input"), try golden.reference("\(name).output_gradient"))
  }

  private func expect(_ computed: ReferenceTensor, _ name: String) throws {
    let discrepancy = Discrepancy(computed.tensor, expected: try golden.reference(name))
    #expect(discrepancy.relative <= Self.tolerance, "\(name): \(discrepancy)")
  }
}
