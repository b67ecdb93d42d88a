import Autograd
import Kernels
import TestSupport
import Tensors
import Testing

/// Every operation of the tape, against PyTorch and against central differences.
@Suite struct OperationTests {
  let golden: Golden

  init() throws { golden = try Golden("operations") }

  @Test(arguments: OperationCase.all)
  func agreesWithPyTorch(_ example: OperationCase) throws {
    let golden = try Golden(example.file)
    let inputs = try example.inputs.map { try golden.tensor("\(example.name).\($0)") }
    let outputGradient = try golden.tensor("\(example.name).output_gradient")
    let (output, gradients) = try differentiate(inputs, outputGradient: outputGradient, example.apply)
    expectAgreement(
      output, try golden.reference("\(example.name).output"), within: Tolerance.operation, "output")
    for (name, gradient) in zip(example.inputs, gradients) {
      expectAgreement(
        gradient, try golden.reference("\(example.name).\(name)_gradient"), within: Tolerance.operation, name)
    }
  }

  @Test(arguments: OperationCase.all.filter { !$0.hasKinks })
  func agreesWithCentralDifferences(_ example: OperationCase) throws {
    let golden = try Golden(example.file)
    let inputs = try example.inputs.map { try golden.tensor("\(example.name).\($0)") }
    let outer = try golden.tensor("\(example.name).output_gradient")
    let (_, gradients) = try differentiate(inputs, outputGradient: outer, example.apply)
    var random = Random(seed: 1)
    for (index, name) in example.inputs.enumerated() {
      let mismatches = gradientMismatches(
        at: inputs[index].elements, analytic: gradients[index].elements,
        indices: random.indices(count: 12, below: inputs[index].count), step: example.step,
        tolerance: Tolerance.centralDifference
      ) { point in
        var moved = inputs.map { Variable($0) }
        moved[index] = Variable(Tensor(inputs[index].shape, elements: point))
        return weightedSum(example.apply(makeTape(), moved).value.elements, outer.elements)
      }
      #expect(mismatches.isEmpty, "\(name): \(mismatches)")
    }
  }

  @Test func fusedConvolutionAndReLUMatchSeparateOnes() throws {
    let (inputs, outer) = try inputs("convolution.reflection", ["input", "weight", "bias"])
    let fused = try differentiate(inputs, outputGradient: outer) {
      $0.convolution($1[0], weight: $1[1], bias: $1[2], padding: 1, paddingMode: .reflect, appliesReLU: true)
    }
    let plain = try differentiate(inputs, outputGradient: outer) {
      $0.pointwise(.relu, $0.convolution($1[0], weight: $1[1], bias: $1[2], padding: 1, paddingMode: .reflect))
    }
    #expect(fused.output.elements == plain.output.elements)
    #expect(fused.gradients.map(\.elements) == plain.gradients.map(\.elements))
    #expect(fused.output.elements.contains(0), "ReLU clamped nothing")
  }

  @Test func fusedInstanceNormAndReLUMatchSeparateOnes() throws {
    let (inputs, outer) = try inputs("instance_norm", ["input", "scale", "shift"])
    let fused = try differentiate(inputs, outputGradient: outer) {
      $0.instanceNorm($1[0], gamma: $1[1], beta: $1[2], appliesReLU: true)
    }
    let plain = try differentiate(inputs, outputGradient: outer) {
      $0.pointwise(.relu, $0.instanceNorm($1[0], gamma: $1[1], beta: $1[2]))
    }
    #expect(fused.output.elements == plain.output.elements)
    #expect(fused.gradients.map(\.elements) == plain.gradients.map(\.elements))
    #expect(fused.output.elements.contains(0), "ReLU clamped nothing")
  }

  @Test func convolutionWithoutBias() throws {
    let (inputs, outer) = try inputs("convolution.zero", ["input", "weight", "bias"])
    let with = try differentiate(inputs, outputGradient: outer) {
      $0.convolution($1[0], weight: $1[1], bias: $1[2], padding: 1, paddingMode: .zeros)
    }
    let without = try differentiate(Array(inputs.prefix(2)), outputGradient: outer) {
      $0.convolution($1[0], weight: $1[1], bias: nil, padding: 1, paddingMode: .zeros)
    }
    #expect(without.gradients.map(\.elements) == with.gradients.prefix(2).map(\.elements))
    let bias = inputs[2].elements
    let expected = with.output.elements.enumerated().map { Double($0.element) - Double(bias[$0.offset % bias.count]) }
    expectAgreement(
      without.output, ReferenceTensor(with.output.shape, elements: expected), within: Tolerance.operation, "output")
  }

  @Test func additionPassesItsGradientToBothOperands() throws {
    var random = Random(seed: 2)
    let shape = Shape(batch: 2, height: 3, width: 5, channels: 7)
    let (first, second, outer) = (random.tensor(shape), random.tensor(shape), random.tensor(shape))
    let result = try differentiate([first, second], outputGradient: outer) { $0.add($1[0], $1[1]) }
    #expect(result.output.elements == zip(first.elements, second.elements).map { $0 + $1 })
    #expect(result.gradients.map(\.elements) == [outer.elements, outer.elements])
  }

  @Test func caffePreprocessingIsBGRMinusMean() throws {
    let pixels = Tensor(Shape(batch: 1, height: 1, width: 2, channels: 3), elements: [10, 20, 30, 255, 0, 128])
    let outer = Tensor(pixels.shape, elements: [1, 2, 3, 4, 5, 6])
    let result = try differentiate([pixels], outputGradient: outer) {
      $0.caffePreprocessing($1[0], mean: (100, 110, 120))
    }
    #expect(result.output.elements == [-70, -90, -110, 28, -110, 135])
    #expect(result.gradients[0].elements == [3, 2, 1, 6, 5, 4])
  }

  private func inputs(_ name: String, _ keys: [String]) throws -> (inputs: [Tensor], outputGradient: Tensor) {
    (try keys.map { try golden.tensor("\(name).\($0)") }, try golden.tensor("\(name).output_gradient"))
  }
}
