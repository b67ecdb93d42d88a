import Kernels
import TestSupport
import Tensors
import Testing
import Threading

@Suite struct LinearUpsamplingTests {
  @Test(
    "Values are those of the reference, and the gradient is the transpose",
    arguments: [(1, 1, 3), (2, 3, 8), (7, 5, 1), (4, 9, 5)], [false, true])
  func bothWays(extent: (height: Int, width: Int, channels: Int), alignsCorners: Bool) {
    let (height, width, channels) = extent
    let kernel = BilinearEnlargement(doublingHeight: height, width: width, alignsCorners: alignsCorners)
    var random = Random(seed: 5)
    let input = random.tensor(Shape(batch: 2, height: height, width: width, channels: channels))
    let expected = Reference.upsampleLinear(ReferenceTensor(input), alignsCorners: alignsCorners)
    let scratch = GuardedBuffer(count: kernel.scratchCount(channels: channels, threads: pool.threadCount))
    let computed = guarded(input.elements, count: 4 * input.count) {
      kernel.forward($0, batch: 2, channels: channels, output: $1, scratch: scratch.pointer, pool: pool)
    }
    // Two interpolations, each rounded three times.
    #expect(Discrepancy(computed, expected: expected.elements).relative <= 5e-7)
    let outer = random.uniform(count: computed.count)
    let gradient = guarded(outer, count: input.count) {
      kernel.backward($0, batch: 2, channels: channels, dInput: $1, scratch: scratch.pointer, pool: pool)
    }
    expectIntact(scratch)
    // For a linear map, Σ output · outer = Σ input · gradient.
    let (left, right) = (weightedSum(computed, outer), weightedSum(input.elements, gradient))
    #expect(abs(left - right) <= 1e-5 * Double(computed.count))
  }
}
