import Threading

/// Moves blocks of pixels to channels and back, in PyTorch's channel order.
///
/// W. Shi et al.: Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
/// Network, CVPR 2016. The two functions are inverses of each other, and therefore also gradients of each other.
package enum PixelShuffle {
  /// `output[n, h·r + i, w·r + j, c] = input[n, h, w, c·r² + i·r + j]`: input `[N, H, W, C·r²]`, output
  /// `[N, H·r, W·r, C]`.
  ///
  /// `height`, `width` and `channels` are the `H`, `W` and `C` of this formula; `factor` is `r`.
  package static func shuffle(
    _ input: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int, factor: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let squared = factor * factor
    pool.parallelFor(batch * height) { index in
      let source = input + index * width * channels * squared
      let target = output + index * factor * width * factor * channels
      for i in 0..<factor {
        for w in 0..<width {
          for j in 0..<factor {
            let pixel = target + ((i * width + w) * factor + j) * channels
            let values = source + w * channels * squared + i * factor + j
            for c in 0..<channels { pixel[c] = values[c * squared] }
          }
        }
      }
    }
  }

  /// `output[n, h, w, c·r² + i·r + j] = input[n, h·r + i, w·r + j, c]`: input `[N, H·r, W·r, C]`, output
  /// `[N, H, W, C·r²]`.
  ///
  /// `height`, `width` and `channels` are the `H`, `W` and `C` of this formula; `factor` is `r`.
  package static func unshuffle(
    _ input: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int, factor: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let squared = factor * factor
    pool.parallelFor(batch * height) { index in
      let source = input + index * factor * width * factor * channels
      let target = output + index * width * channels * squared
      for i in 0..<factor {
        for w in 0..<width {
          for j in 0..<factor {
            let pixel = source + ((i * width + w) * factor + j) * channels
            let values = target + w * channels * squared + i * factor + j
            for c in 0..<channels { values[c * squared] = pixel[c] }
          }
        }
      }
    }
  }
}
