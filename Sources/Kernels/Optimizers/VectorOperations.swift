import Threading

/// Operations on the long vectors of an optimizer.
///
/// Sums are taken in double precision, in an order that depends only on the count.
package enum VectorOperations {
  /// `Σ aᵢ·bᵢ`.
  package static func dot(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int, pool: ComputePool
  ) -> Double {
    Reduction.sum(count: count, chunk: Reduction.chunk, pool: pool) { range in
      // Four sums, so that an addition does not wait for the one before it.
      var (first, second, third, fourth) = (0.0, 0.0, 0.0, 0.0)
      var index = range.lowerBound
      while index + 4 <= range.upperBound {
        first += Double(a[index]) * Double(b[index])
        second += Double(a[index + 1]) * Double(b[index + 1])
        third += Double(a[index + 2]) * Double(b[index + 2])
        fourth += Double(a[index + 3]) * Double(b[index + 3])
        index += 4
      }
      while index < range.upperBound {
        first += Double(a[index]) * Double(b[index])
        index += 1
      }
      return (first + second) + (third + fourth)
    }
  }

  /// `out = a + factor·b`. `out` may be `a` or `b`.
  package static func add(
    _ a: UnsafePointer<Float>, _ factor: Float, _ b: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    count: Int, pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      for index in range { output[index] = a[index] + factor * b[index] }
    }
  }

  /// `out = factor·a`. `out` may be `a`.
  package static func scale(
    _ a: UnsafePointer<Float>, _ factor: Float, output: UnsafeMutablePointer<Float>, count: Int, pool: ComputePool
  ) {
    forEachChunk(count, pool) { range in
      for index in range { output[index] = factor * a[index] }
    }
  }

  private static func forEachChunk(_ count: Int, _ pool: ComputePool, _ body: (Range<Int>) -> Void) {
    let chunk = Reduction.chunk
    pool.parallelFor((count + chunk - 1) / chunk) { body($0 * chunk..<min(($0 + 1) * chunk, count)) }
  }
}
