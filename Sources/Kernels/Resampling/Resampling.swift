import Threading

/// 2×2 maximum pooling with stride 2. An odd last row or column is ignored, as in VGG-16.
package enum MaxPool {
  /// `output[n, y, x, c] = max input[n, 2y…2y+1, 2x…2x+1, c]`: input `[N, H, W, C]`, output `[N, ⌊H/2⌋, ⌊W/2⌋, C]`.
  package static func forward(
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
        var channel = 0
        while channel < channels {
          let count = min(laneCount, channels - channel)
          let corner = source + 2 * x * channels + channel
          let upper = larger(load(corner, count: count), load(corner + channels, count: count))
          let lower = larger(
            load(corner + rowStride, count: count), load(corner + rowStride + channels, count: count))
          store(larger(upper, lower), target + x * channels + channel, count: count)
          channel += laneCount
        }
      }
    }
  }

  /// Passes the gradient of each output to the first of its four inputs, in row-major order, that holds the maximum.
  /// The others receive 0.
  package static func backward(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int,
    dInput: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let rows = height / 2
    let columns = width / 2
    let rowStride = width * channels
    // An image is one task, which also clears its last odd row and column, since no output reads them.
    pool.parallelFor(batch * max(rows, 1)) { index in
      let image = index / max(rows, 1)
      let row = index % max(rows, 1)
      let origin = (image * height + row * 2) * rowStride
      let isLast = row >= rows - 1
      let rowsHere = isLast ? height - row * 2 : 2
      (dInput + origin).update(repeating: 0, count: rowsHere * rowStride)
      guard rows > 0 else { return }
      let gradients = dOutput + (image * rows + row) * columns * channels
      for x in 0..<columns {
        var channel = 0
        while channel < channels {
          let count = min(laneCount, channels - channel)
          let corner = origin + 2 * x * channels + channel
          let a = load(input + corner, count: count)
          let b = load(input + corner + channels, count: count)
          let c = load(input + corner + rowStride, count: count)
          let d = load(input + corner + rowStride + channels, count: count)
          let gradient = load(gradients + x * channels + channel, count: count)
          let isA = (a .>= b) .& (a .>= c) .& (a .>= d)
          let isB = (b .>= c) .& (b .>= d) .& .!isA
          let isC = (c .>= d) .& .!isA .& .!isB
          let isD = .!(isA .| isB .| isC)
          store(Lanes.zero.replacing(with: gradient, where: isA), dInput + corner, count: count)
          store(Lanes.zero.replacing(with: gradient, where: isB), dInput + corner + channels, count: count)
          store(Lanes.zero.replacing(with: gradient, where: isC), dInput + corner + rowStride, count: count)
          store(
            Lanes.zero.replacing(with: gradient, where: isD), dInput + corner + rowStride + channels, count: count)
          channel += laneCount
        }
      }
    }
  }

  @inline(__always)
  private static func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }
}

/// Nearest-neighbour upsampling by 2: each pixel becomes a 2×2 block.
package enum UpsampleNearest {
  /// `output[n, y, x, c] = input[n, ⌊y/2⌋, ⌊x/2⌋, c]`: input `[N, H, W, C]`, output `[N, 2H, 2W, C]`.
  package static func forward(
    _ input: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let rowCount = 2 * width * channels
    pool.parallelFor(batch * height) { index in
      let source = input + index * width * channels
      let target = output + index * 2 * rowCount
      for x in 0..<width {
        let pixel = target + 2 * x * channels
        pixel.update(from: source + x * channels, count: channels)
        (pixel + channels).update(from: source + x * channels, count: channels)
      }
      (target + rowCount).update(from: target, count: rowCount)
    }
  }

  /// Computes `dInput`, the sum of the gradients of the four copies of each pixel.
  package static func backward(
    _ dOutput: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int,
    dInput: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let rowCount = 2 * width * channels
    pool.parallelFor(batch * height) { index in
      let source = dOutput + index * 2 * rowCount
      let target = dInput + index * width * channels
      for x in 0..<width {
        let corner = source + 2 * x * channels
        var channel = 0
        while channel < channels {
          let count = min(laneCount, channels - channel)
          let upper = load(corner + channel, count: count) + load(corner + channels + channel, count: count)
          let lower =
            load(corner + rowCount + channel, count: count)
            + load(corner + rowCount + channels + channel, count: count)
          store(upper + lower, target + x * channels + channel, count: count)
          channel += laneCount
        }
      }
    }
  }
}
