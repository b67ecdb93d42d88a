import Kernels
import TestSupport
import Testing

@Suite struct GaussianBlurTests {
  /// Pictures smaller and larger than the blur's reach of 24 pixels, single rows and columns.
  @Test(
    "Agrees with the formula at any size",
    arguments: [(1, 1), (9, 1), (1, 7), (5, 13), (33, 26), (64, 40)], [Float(0.3), 2, 8])
  func agreesWithTheReference(size: (width: Int, height: Int), deviation: Float) {
    var random = Random(seed: 7)
    let input = random.uniform(count: size.width * size.height, in: 0...255)
    let expected = ReferenceLikeness.blurred(
      input.map(Double.init), width: size.width, height: size.height, deviation: Double(deviation))
    let output = guarded(input, count: input.count) {
      GaussianBlur.forward(
        $0, width: size.width, height: size.height, deviation: deviation, output: $1, pool: pool)
    }
    let discrepancy = Discrepancy(output, expected: expected)
    #expect(discrepancy.relative <= Tolerance.singlePrecision, "\(size), \(deviation): \(discrepancy)")
  }
}
