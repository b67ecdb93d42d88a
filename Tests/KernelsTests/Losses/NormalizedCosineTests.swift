import Kernels
import TestSupport
import Testing

@Suite struct NormalizedCosineTests {
  /// Sums of up to 150 products; features after a ReLU, a third of them zero.
  @Test(
    "Agrees with the formula for any shape",
    arguments: [(1, 1), (1, 5), (2, 3), (7, 1), (65, 17), (130, 150)])
  func agreesWithTheReference(extents: (pixels: Int, channels: Int)) {
    var random = Random(seed: 3)
    let count = extents.pixels * extents.channels
    let a = random.uniform(count: count, in: -100...200).map { max($0, 0) }
    let b = zip(a, random.uniform(count: count, in: -100...200)).map { max($0 + $1, 0) }
    let expected = ReferenceLikeness.cosine(a.map(Double.init), b.map(Double.init), channels: extents.channels)
    let (first, second) = (GuardedBuffer(a), GuardedBuffer(b))
    let cosine = NormalizedCosine.forward(
      first.pointer, second.pointer, pixels: extents.pixels, channels: extents.channels, pool: pool)
    expectIntact(first, second)
    #expect(abs(cosine - expected) <= Tolerance.singlePrecision, "\(extents): \(cosine) for \(expected)")
  }

  @Test("Scale and shift of a channel do not matter, and a picture without features is unlike any other")
  func invariance() {
    var random = Random(seed: 4)
    let a = random.uniform(count: 60 * 8, in: 0...200)
    let scaled = a.enumerated().map { Float($0.offset % 8 + 1) * $0.element + Float($0.offset % 8) }
    // The deviations are about 60, to which the formula adds 0.001.
    #expect(abs(NormalizedCosine.forward(a, scaled, pixels: 60, channels: 8, pool: pool) - 1) < 1e-5)
    let none = [Float](repeating: 5, count: a.count)
    #expect(NormalizedCosine.forward(a, none, pixels: 60, channels: 8, pool: pool) == 0)
  }
}
