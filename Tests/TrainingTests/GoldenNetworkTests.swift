import Autograd
import Networks
import TestSupport
import Tensors
import Testing
import Threading
import Training

/// The johnson network at 1/16 of its width, against PyTorch.
@Suite struct GoldenNetworkTests {
  /// Sixteen convolutions in single precision, five of them with Winograd's transforms.
  static let outputTolerance = 1e-5
  /// In the backward pass, ReLUs and instance norms use activations with this error.
  static let gradientTolerance = 4e-5

  let golden: Golden
  let definition = NetworkDefinition.johnson(width: 1.0 / 16)

  init() throws { golden = try Golden("network") }

  @Test func parametersHaveTheNamesAndShapesOfPyTorch() throws {
    #expect(definition.parameters.map(\.name).sorted() == golden.names(under: "weights."))
    for parameter in definition.parameters {
      #expect(try golden.tensor("weights.\(parameter.name)").shape.dimensions == parameter.shape, "\(parameter.name)")
    }
  }

  @Test func outputAndEveryGradientAgreeWithPyTorch() throws {
    var weights: [String: Tensor] = [:]
    for name in golden.names(under: "weights.") { weights[name] = try golden.tensor("weights.\(name)") }
    let executor = NetworkExecutor(definition: definition, parameters: weights, trainable: true)
    let tape = Tape(pool: ComputePool(threads: 3), allocator: TensorAllocator())
    let input = Variable(try golden.tensor("input"), requiresGradient: true)
    let output = executor(input, on: tape)
    tape.seed(output, gradient: try golden.tensor("output_gradient"))
    tape.backward()

    let discrepancy = Discrepancy(output.value, expected: try golden.reference("output"))
    #expect(discrepancy.relative <= Self.outputTolerance, "output: \(discrepancy)")
    let toInput = Discrepancy(try #require(input.gradient), expected: try golden.reference("input_gradient"))
    #expect(toInput.relative <= Self.gradientTolerance, "input: \(toInput)")
    for (name, parameter) in executor.parameters {
      let gradient = Discrepancy(
        try #require(parameter.gradient, "\(name)"), expected: try golden.reference("gradients.\(name)"))
      if Self.hasNoEffect(name) {
        // 0 in exact arithmetic. The rest is the rounding error of sums of gradients of about 1000.
        #expect(gradient.magnitude < 1e-9 && gradient.maximum <= 1000 * Self.gradientTolerance, "\(name): \(gradient)")
      } else {
        #expect(gradient.relative <= Self.gradientTolerance, "\(name): \(gradient)")
      }
    }
  }

  /// Whether an instance norm removes the effect of the parameter: biases in front of one, and the offsets at the end
  /// of residual blocks, which shift a whole channel in front of later norms.
  private static func hasNoEffect(_ name: String) -> Bool {
    (name.hasSuffix("conv2d.bias") && name != "deconv3.conv2d.bias") || name.hasSuffix(".in2.bias")
  }
}
