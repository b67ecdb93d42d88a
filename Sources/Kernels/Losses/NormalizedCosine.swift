import Threading

/// The cosine similarity of two pictures' features, independent of their strength: 1 for equal features, 0 for
/// unrelated ones.
///
/// Each channel is first centred and scaled over its picture, `â = (a − mean a) / (deviation a + 10⁻³)`, with the
/// sample deviation (divided by count − 1). The result is the mean over pixels of `â·b̂ / (|â| |b̂|)`.
package enum NormalizedCosine {
  private static let minimumDeviation = 1e-3
  /// The number of channels whose moments are one task.
  private static let channelsPerTask = 16

  /// Returns the mean cosine of `a` and `b`, `[pixels, channels]`.
  package static func forward(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, pixels: Int, channels: Int, pool: ComputePool
  ) -> Double {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 4 * channels) { buffer in
      guard let moments = buffer.baseAddress, pixels > 0 else { return 0 }
      let (meanA, scaleA) = (moments, moments + channels)
      let (meanB, scaleB) = (moments + 2 * channels, moments + 3 * channels)
      writeMoments(a, pixels: pixels, channels: channels, mean: meanA, scale: scaleA, pool: pool)
      writeMoments(b, pixels: pixels, channels: channels, mean: meanB, scale: scaleB, pool: pool)
      let sum = Reduction.sum(count: pixels, chunk: 64, pool: pool) { range in
        var total = 0.0
        for pixel in range {
          let (valuesA, valuesB) = (a + pixel * channels, b + pixel * channels)
          var (product, squareA, squareB) = (0.0, 0.0, 0.0)
          for channel in 0..<channels {
            let x = Double((valuesA[channel] - meanA[channel]) * scaleA[channel])
            let y = Double((valuesB[channel] - meanB[channel]) * scaleB[channel])
            product += x * y
            squareA += x * x
            squareB += y * y
          }
          // As in PyTorch: a pixel without features counts as 0.
          total += product / (max(squareA.squareRoot(), 1e-8) * max(squareB.squareRoot(), 1e-8))
        }
        return total
      }
      return sum / Double(pixels)
    }
  }

  private static func writeMoments(
    _ values: UnsafePointer<Float>, pixels: Int, channels: Int, mean: UnsafeMutablePointer<Float>,
    scale: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    pool.parallelFor((channels + channelsPerTask - 1) / channelsPerTask) { task in
      let first = task * channelsPerTask
      for channel in first..<min(first + channelsPerTask, channels) {
        var (sum, squares) = (0.0, 0.0)
        for pixel in 0..<pixels { sum += Double(values[pixel * channels + channel]) }
        let average = sum / Double(pixels)
        for pixel in 0..<pixels {
          let difference = Double(values[pixel * channels + channel]) - average
          squares += difference * difference
        }
        let deviation = (squares / Double(max(pixels - 1, 1))).squareRoot()
        mean[channel] = Float(average)
        scale[channel] = Float(1 / (deviation + minimumDeviation))
      }
    }
  }
}
