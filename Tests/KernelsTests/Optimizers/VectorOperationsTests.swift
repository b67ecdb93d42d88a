import Kernels
import TestSupport
import Testing
import Threading

@Suite struct VectorOperationsTests {
  /// The largest count has several chunks and a rest of four.
  @Test(arguments: [0, 1, 3, 4, 1000, 50_003])
  func agreesWithPlainLoops(count: Int) {
    let pool = ComputePool(threads: 3)
    var random = Random(seed: 1)
    let (a, b) = (random.uniform(count: count), random.uniform(count: count))
    let expected = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let found = VectorOperations.dot(a, b, count: count, pool: pool)
    #expect(abs(found - expected) < 1e-12 * Double(max(1, count)))
    #expect(VectorOperations.dot(a, b, count: count, pool: ComputePool(threads: 1)) == found)

    var result = [Float](repeating: 0, count: count)
    VectorOperations.add(a, -2.5, b, output: &result, count: count, pool: pool)
    #expect(zip(result, zip(a, b)).allSatisfy { abs($0 - ($1.0 - 2.5 * $1.1)) < 1e-6 })
    VectorOperations.scale(a, 0.5, output: &result, count: count, pool: pool)
    #expect(result == a.map { 0.5 * $0 })
  }
}
