import Autograd
import TestSupport
import Tensors
import Testing

@Suite struct LossTests {
  let golden: Golden

  init() throws { golden = try Golden("operations") }

  @Test func meanSquaredErrorAddsItsWeightedGradient() throws {
    let input = Variable(try golden.tensor("mean_squared_error.input"), requiresGradient: true)
    let tape = makeTape()
    let loss = tape.meanSquaredError(input, target: try golden.tensor("mean_squared_error.target"), weight: 3)
    let expected = try golden.scalar("mean_squared_error.output")
    #expect(abs(loss - expected) <= Tolerance.operation * expected, "the returned loss must not include the weight")
    let gradient = try golden.reference("mean_squared_error.input_gradient")
    expectAgreement(
      try #require(input.gradient), ReferenceTensor(gradient.shape, elements: gradient.elements.map { 3 * $0 }),
      within: Tolerance.operation, "gradient")
  }

  @Test func oneTargetServesEveryImageOfABatch() throws {
    var random = Random(seed: 1)
    let shape = Shape(batch: 3, height: 4, width: 5, channels: 2)
    let (value, target) = (random.tensor(shape), random.uniform(count: 40))
    let repeated = Tensor(shape, elements: target + target + target)
    let single = Tensor(Shape(batch: 1, height: 4, width: 5, channels: 2), elements: target)
    let (first, second) = (Variable(value, requiresGradient: true), Variable(value, requiresGradient: true))
    let loss = makeTape().meanSquaredError(first, target: single, weight: 1)
    #expect(loss == makeTape().meanSquaredError(second, target: repeated, weight: 1))
    #expect(first.gradient?.elements == second.gradient?.elements)
  }

  @Test func totalVariationAddsItsWeightedGradient() throws {
    let image = Variable(try golden.tensor("total_variation.input"), requiresGradient: true)
    let loss = makeTape().totalVariation(image, weight: 0.5)
    let expected = try golden.scalar("total_variation.output")
    #expect(abs(loss - expected) <= Tolerance.operation * expected, "the returned loss must not include the weight")
    let gradient = try golden.reference("total_variation.input_gradient")
    expectAgreement(
      try #require(image.gradient), ReferenceTensor(gradient.shape, elements: gradient.elements.map { 0.5 * $0 }),
      within: Tolerance.operation, "gradient")
  }

  @Test func gradientsOfSeveralLossesAddUp() throws {
    var random = Random(seed: 2)
    let shape = Shape(batch: 1, height: 3, width: 4, channels: 3)
    let image = ReferenceTensor(random.tensor(shape))
    let target = ReferenceTensor(random.tensor(shape))
    let variable = Variable(image.tensor, requiresGradient: true)
    let tape = makeTape()
    _ = tape.meanSquaredError(variable, target: target.tensor, weight: 2)
    _ = tape.totalVariation(variable, weight: 0.25)
    let error = Reference.meanSquaredErrorBackward(image, target).elements.map { 2 * $0 }
    let variation = Reference.totalVariationBackward(image).elements.map { 0.25 * $0 }
    let sum = Reference.add(ReferenceTensor(shape, elements: error), ReferenceTensor(shape, elements: variation))
    expectAgreement(try #require(variable.gradient), sum, within: Tolerance.operation, "gradient")
  }

  @Test func constantsGetNoGradient() throws {
    let image = Variable(try golden.tensor("total_variation.input"))
    let tape = makeTape()
    _ = tape.totalVariation(image, weight: 1)
    _ = tape.meanSquaredError(image, target: Tensor(image.value.shape), weight: 1)
    #expect(image.gradient == nil)
  }
}
