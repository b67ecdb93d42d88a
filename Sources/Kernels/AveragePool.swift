import Threading

/// 2×2 average pooling with stride 2; an odd last row or column is left out.
public enum AveragePool {
  /// `output[n, y, x, c] = mean input[n, 2y…2y+1, 2x…2x+1, c]`: input `[N, H, W, C]`, output `[N, ⌊H/2⌋, ⌊W/2⌋, C]`.
  public static func forward(
    _ input: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let rows = height / 2
    let columns = width / 2
    let rowStride = width * channels
    pool.parallelFor(batch * rows) { index in
      let source = input + (index / max(rows, 1) * height + index % max(rows, 1) * 2) * rowStride
      let target = output + index * columns * channels
      for x in 0..<columns {
        let corner = source + 2 * x * channels
        for channel in 0..<channels {
          let upper = corner[channel] + corner[channels + channel]
          let lower = corner[rowStride + channel] + corner[rowStride + channels + channel]
          target[x * channels + channel] = 0.25 * (upper + lower)
        }
      }
    }
  }

  /// Gives each of an output's four inputs a quarter of its gradient; inputs that no output reads get 0.
  public static func backward(
    _ dOutput: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int,
    dInput: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let rows = height / 2
    let columns = width / 2
    let rowStride = width * channels
    pool.parallelFor(batch * height) { index in
      let (image, row) = (index / max(height, 1), index % max(height, 1))
      let target = dInput + index * rowStride
      guard row / 2 < rows else { return target.update(repeating: 0, count: rowStride) }
      let gradients = dOutput + (image * rows + row / 2) * columns * channels
      for x in 0..<columns {
        for channel in 0..<channels {
          let gradient = 0.25 * gradients[x * channels + channel]
          target[2 * x * channels + channel] = gradient
          target[(2 * x + 1) * channels + channel] = gradient
        }
      }
      if width > 2 * columns { (target + 2 * columns * channels).update(repeating: 0, count: channels) }
    }
  }
}
