import Threading

/// Sums over pixels and over whole arrays, in double precision, in an order that depends only on the dimensions.
package enum Reduction {
  /// The number of values that a thread sums at a time.
  static let chunk = 1 << 14

  /// Calls `partial` for fixed ranges of `0..<count` in parallel, and adds the results in order.
  static func sum(count: Int, chunk: Int, pool: ComputePool, _ partial: (Range<Int>) -> Double) -> Double {
    let chunks = (count + chunk - 1) / chunk
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(chunks, 1)) { sums in
      pool.parallelFor(chunks) { index in
        sums[index] = partial(index * chunk..<min((index + 1) * chunk, count))
      }
      var total = 0.0
      for index in 0..<chunks { total += sums[index] }
      return total
    }
  }

  /// `sums[c] += Σ_p values[p, c]` for `values` of shape `[pixels, channels]`.
  package static func addChannelSums(
    _ values: UnsafePointer<Float>, pixels: Int, channels: Int, to sums: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let perChunk = max(1, chunk / channels)
    let chunks = (pixels + perChunk - 1) / perChunk
    withUnsafeTemporaryAllocation(of: Float.self, capacity: chunks * channels) { partial in
      guard let base = partial.baseAddress else { return }
      pool.parallelFor(chunks) { index in
        let target = base + index * channels
        target.update(repeating: 0, count: channels)
        for pixel in index * perChunk..<min((index + 1) * perChunk, pixels) {
          Pointwise.accumulate(values + pixel * channels, into: target, count: channels)
        }
      }
      for channel in 0..<channels {
        var total = 0.0
        for index in 0..<chunks { total += Double(base[index * channels + channel]) }
        sums[channel] += Float(total)
      }
    }
  }
}
