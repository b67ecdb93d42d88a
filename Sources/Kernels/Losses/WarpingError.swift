import Threading

/// The error between a frame and the warped previous frame when the illumination may change.
///
/// The luminance warping constraint of C. Gao et al.: ReCoNet: Real-time Coherent Video Style Transfer Network, ACCV
/// 2018: the channels of the output may change only as the luminance of the input does.
package enum WarpingError {
  /// Returns `Σ m·(a − b − δ)² / count` over `[P, C]`, with one mask value `m` and one change `δ` per pixel, `[P]`.
  package static func forward(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, change: UnsafePointer<Float>, mask: UnsafePointer<Float>,
    pixels: Int, channels: Int, pool: ComputePool
  ) -> Double {
    let total = Reduction.sum(count: pixels, chunk: 4096, pool: pool) { range in
      var sum = 0.0
      var partial: Float = 0
      for pixel in range {
        for index in pixel * channels..<(pixel + 1) * channels {
          let difference = a[index] - b[index] - change[pixel]
          partial += mask[pixel] * difference * difference
        }
        if pixel & 15 == 15 {
          sum += Double(partial)
          partial = 0
        }
      }
      return sum + Double(partial)
    }
    return total / Double(pixels * channels)
  }

  /// Computes `gradient = scale · 2m·(a − b − δ) / count`, the gradient of `a`. That of `b` is its negative.
  package static func backward(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, change: UnsafePointer<Float>, mask: UnsafePointer<Float>,
    pixels: Int, channels: Int, scale: Float, gradient: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let factor = 2 * scale / Float(pixels * channels)
    let chunk = 4096
    pool.parallelFor((pixels + chunk - 1) / chunk) { part in
      for pixel in part * chunk..<min((part + 1) * chunk, pixels) {
        for index in pixel * channels..<(pixel + 1) * channels {
          gradient[index] = factor * mask[pixel] * (a[index] - b[index] - change[pixel])
        }
      }
    }
  }
}
