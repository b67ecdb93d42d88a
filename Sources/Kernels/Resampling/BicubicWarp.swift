import Threading

/// Samples an image at given positions by Catmull–Rom interpolation over 4×4 pixels.
///
/// Bilinear interpolation would blur by up to half a pixel, and the difference between a frame and a blurred frame
/// would measure the blur. R. Keys: Cubic Convolution Interpolation for Digital Image Processing, IEEE Trans. ASSP 29,
/// 1981, with a = −1/2.
package enum BicubicWarp {
  /// `output[n, h, w, c] = Σ k(y − i)·k(x − j)·input[n, i, j, c]` for `(x, y) = positions[n, h, w]`.
  ///
  /// Input `[N, H, W, C]`, output `[N, Ho, Wo, C]`. Positions are `[N, Ho, Wo, 2]` in pixels of the input, where
  /// `(0, 0)` is the centre of the first pixel, and must be finite. Beyond the border the last pixels of the input are
  /// repeated.
  package static func forward(
    _ input: UnsafePointer<Float>, positions: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int,
    outputHeight: Int, outputWidth: Int, output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    pool.parallelFor(batch * outputHeight) { index in
      let image = input + index / outputHeight * height * width * channels
      let row = output + index * outputWidth * channels
      row.update(repeating: 0, count: outputWidth * channels)
      for x in 0..<outputWidth {
        let taps = Taps(positions + (index * outputWidth + x) * 2, height: height, width: width)
        let target = row + x * channels
        taps.forEach(width: width) { pixel, weight in
          let source = image + pixel * channels
          for channel in 0..<channels { target[channel] += weight * source[channel] }
        }
      }
    }
  }

  /// Adds the gradient of each output to the inputs from which it was computed.
  ///
  /// One thread computes an image: outputs share inputs, and the order of the sum must not depend on timing.
  package static func backward(
    _ dOutput: UnsafePointer<Float>, positions: UnsafePointer<Float>, batch: Int, height: Int, width: Int,
    channels: Int, outputHeight: Int, outputWidth: Int, dInput: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let pixels = outputHeight * outputWidth
    pool.parallelFor(batch) { index in
      let image = dInput + index * height * width * channels
      for pixel in index * pixels..<(index + 1) * pixels {
        let taps = Taps(positions + pixel * 2, height: height, width: width)
        let source = dOutput + pixel * channels
        taps.forEach(width: width) { pixel, weight in
          let target = image + pixel * channels
          for channel in 0..<channels { target[channel] += weight * source[channel] }
        }
      }
    }
  }

  /// The sixteen pixels around a position and their weights.
  private struct Taps {
    let rows: SIMD4<Int32>
    let columns: SIMD4<Int32>
    let rowWeights: SIMD4<Float>
    let columnWeights: SIMD4<Float>

    @inline(__always)
    init(_ position: UnsafePointer<Float>, height: Int, width: Int) {
      (columns, columnWeights) = Self.along(position[0], extent: width)
      (rows, rowWeights) = Self.along(position[1], extent: height)
    }

    @inline(__always)
    private static func along(_ position: Float, extent: Int) -> (SIMD4<Int32>, SIMD4<Float>) {
      // From four pixels beyond the border on, all taps read the last pixel. The clamp keeps the conversion from
      // trapping.
      let clamped = min(max(position, -4), Float(extent) + 3)
      let base = clamped.rounded(.down)
      let t = clamped - base
      let first = Int32(base)
      let indices = SIMD4<Int32>(first - 1, first, first + 1, first + 2)
      let weights = SIMD4<Float>(
        ((-0.5 * t + 1) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1, ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t)
      return (indices.clamped(lowerBound: .zero, upperBound: .init(repeating: Int32(extent - 1))), weights)
    }

    @inline(__always)
    func forEach(width: Int, _ body: (_ pixel: Int, _ weight: Float) -> Void) {
      for i in 0..<4 {
        let row = Int(rows[i]) * width
        for j in 0..<4 { body(row + Int(columns[j]), rowWeights[i] * columnWeights[j]) }
      }
    }
  }
}
