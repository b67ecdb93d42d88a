import Kernels
import Tensors
import TestSupport
import Tensors
import Testing

@Suite struct AdamStepTests {
  @Test func agreesWithPyTorch() throws {
    let golden = try Golden("operations")
    let weight = GuardedBuffer(try golden.tensor("adam.weight").elements)
    let firstMoment = GuardedBuffer(count: weight.count, filledWith: 0)
    let secondMoment = GuardedBuffer(count: weight.count, filledWith: 0)
    for step in 1...3 {
      let gradient = GuardedBuffer(try golden.tensor("adam.gradient\(step)").elements)
      AdamStep.update(
        weight.pointer, gradient: gradient.pointer, firstMoment: firstMoment.pointer,
        secondMoment: secondMoment.pointer, count: weight.count, step: step, learningRate: 1e-3)
      expectIntact(weight, gradient, firstMoment, secondMoment)
      let expected = try golden.reference("adam.weight\(step)")
      let discrepancy = Discrepancy(weight.elements, expected: expected.elements)
      // Each step rounds a weight near 1 once (6e-8), far less than the compared steps of 1e-3.
      #expect(discrepancy.maximum <= 3e-7, "step \(step): \(discrepancy)")
    }
  }
}
