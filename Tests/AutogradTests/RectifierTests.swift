import Autograd
import Kernels
import TestSupport
import Tensors
import Testing

/// ReLUs whose backward passes show what made a neuron fire.
@Suite struct RectifierTests {
  /// Convolution, ReLU, pooling, convolution, ReLU: the order of rules and pooling's switches matters.
  @Test(arguments: RectifierGradient.allCases)
  func chainAgreesWithPyTorch(_ rule: RectifierGradient) throws {
    let golden = try Golden("inspection")
    func constant(_ name: String) throws -> Variable { Variable(try golden.tensor("chain.\(name)")) }
    let tape = makeTape()
    let input = Variable(try golden.tensor("chain.input"), requiresGradient: true)
    func stage(_ input: Variable, _ name: String) throws -> Variable {
      tape.rectified(
        tape.convolution(
          input, weight: try constant("\(name).weight"), bias: try constant("\(name).bias"), padding: 1,
          paddingMode: .zeros), gradient: rule)
    }
    let output = try stage(tape.maxPool(try stage(input, "conv1")), "conv2")
    tape.seed(output, gradient: try golden.tensor("chain.output_gradient"))
    tape.backward()
    expectAgreement(
      try #require(input.gradient), try golden.reference("chain.\(rule.rawValue)"), within: Tolerance.chain,
      rule.rawValue)
  }

  @Test func rulesDifferWhereTheyShould() throws {
    let shape = Shape(batch: 1, height: 1, width: 4, channels: 1)
    let input = Tensor(shape, elements: [-1, -1, 2, 2])
    let outer = Tensor(shape, elements: [-3, 3, -3, 3])
    let expected: [RectifierGradient: [Float]] = [
      .exact: [0, 0, -3, 3], .deconvolution: [0, 3, 0, 3], .guided: [0, 0, 0, 3],
    ]
    for rule in RectifierGradient.allCases {
      let result = try differentiate([input], outputGradient: outer) { $0.rectified($1[0], gradient: rule) }
      #expect(result.output.elements == [0, 0, 2, 2])
      #expect(result.gradients[0].elements == expected[rule], "\(rule)")
    }
  }

  @Test func exactRuleMatchesTheFusedReLU() throws {
    let golden = try Golden("operations")
    let inputs = try ["input", "weight", "bias"].map { try golden.tensor("convolution.zero.\($0)") }
    let outer = try golden.tensor("convolution.zero.output_gradient")
    func convolved(_ tape: Tape, _ inputs: [Variable], fused: Bool) -> Variable {
      tape.convolution(
        inputs[0], weight: inputs[1], bias: inputs[2], padding: 1, paddingMode: .zeros, appliesReLU: fused)
    }
    let fused = try differentiate(inputs, outputGradient: outer) { convolved($0, $1, fused: true) }
    let separate = try differentiate(inputs, outputGradient: outer) {
      $0.rectified(convolved($0, $1, fused: false), gradient: .exact)
    }
    #expect(fused.output.elements == separate.output.elements)
    #expect(fused.gradients.map(\.elements) == separate.gradients.map(\.elements))
  }
}
