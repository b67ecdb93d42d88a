import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct ParametricReLUTests {
  @Test("Values are those of the reference, in pixels and in blocks", arguments: [1, 3, 8, 13], [1, 7, 1500])
  func forward(channels: Int, pixels: Int) {
    var random = Random(seed: 3)
    let input = random.tensor(Shape(batch: 1, height: 1, width: pixels, channels: channels))
    let slopes = random.tensor(Shape([channels]), in: -0.5...1.5)
    let expected = Reference.parametricReLU(ReferenceTensor(input), slopes: ReferenceTensor(slopes))
    // One product, rounded once.
    let tolerance = 1e-7
    let computed = guarded(input.elements, count: input.count) {
      ParametricReLU.forward(
        $0, slopes: slopes.pointer, pixels: pixels, channels: channels, output: $1, pool: pool)
    }
    #expect(Discrepancy(computed, expected: expected.elements).relative <= tolerance)

    let stored = ActivationLayout.storedChannels(channels)
    func padded(_ values: [Float], _ count: Int) -> [Float] {
      (0..<count * stored).map { $0 % stored < channels ? values[$0 / stored * channels + $0 % stored] : 0 }
    }
    let storedSlopes = GuardedBuffer(padded(slopes.elements, 1))
    let blocks = inBlocks(padded(input.elements, pixels), batch: 1, channels: stored)
    let result = guarded(blocks, count: blocks.count) {
      ParametricReLU.forward(
        ActivationInput($0), slopes: storedSlopes.pointer, pixels: pixels, channels: stored, output: $1, pool: pool)
    }
    #expect(fromBlocks(result, batch: 1, channels: stored) == padded(computed, pixels))
  }

  @Test("Gradients agree with central differences", arguments: [1, 5])
  func gradient(channels: Int) {
    let pixels = 6
    var random = Random(seed: 4)
    // Away from zero, where the function has a kink.
    let values = random.uniform(count: pixels * channels).map { $0 < 0 ? $0 - 0.3 : $0 + 0.3 }
    let (slopes, outer) = (random.uniform(count: channels), random.uniform(count: pixels * channels))
    var dSlopes = [Float](repeating: 0, count: channels)
    let dInput = guarded(values, count: values.count) { input, target in
      ParametricReLU.backward(
        input, slopes: slopes, dOutput: outer, pixels: pixels, channels: channels, dInput: target, dSlopes: &dSlopes)
    }
    func loss(_ values: [Float], _ slopes: [Float]) -> Double {
      let output = guarded(values, count: values.count) {
        ParametricReLU.forward($0, slopes: slopes, pixels: pixels, channels: channels, output: $1, pool: pool)
      }
      return weightedSum(output, outer)
    }
    // Both are linear within the step; rounding of the loss over the step remains.
    let tolerance = 1e-4
    #expect(
      gradientMismatches(
        at: values, analytic: dInput, indices: Array(values.indices), step: 0.125, tolerance: tolerance
      ) {
        loss($0, slopes)
      }.isEmpty)
    #expect(
      gradientMismatches(
        at: slopes, analytic: dSlopes, indices: Array(slopes.indices), step: 0.125, tolerance: tolerance
      ) {
        loss(values, $0)
      }.isEmpty)
  }
}
