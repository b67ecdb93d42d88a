import Threading

/// The Gram matrix of features: which channels are active together, regardless of position.
///
/// L. Gatys, A. Ecker, M. Bethge: A Neural Algorithm of Artistic Style, 2015. Scaled as in J. Johnson, A. Alahi, L.
/// Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016.
package enum Gram {
  /// The number of pixels that one product sums over: two products for the deepest layer of a 256×256 photo, which with
  /// a few photos occupies the threads of most machines.
  private static let chunk = 512

  /// The number of matrix rows whose sums are one task.
  private static let rowsPerTask = 16

  private static func chunks(_ pixels: Int) -> Int { (pixels + chunk - 1) / chunk }

  /// Returns the floats of scratch space for ``forward(_:batch:pixels:channels:output:scratch:pool:)``.
  package static func scratchCount(batch: Int, pixels: Int, channels: Int) -> Int {
    batch * chunks(pixels) * channels * channels
  }

  /// `G = Fᵀ·F / (C·pixels)`: features `[N, pixels, C]`, output `[N, C, C]`.
  package static func forward(
    _ features: UnsafePointer<Float>, batch: Int, pixels: Int, channels: Int, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let chunkCount = chunks(pixels)
    let matrix = channels * channels
    pool.parallelFor(batch * chunkCount) { index in
      let first = index % chunkCount * chunk
      let count = min(chunk, pixels - first)
      let source = features + (index / chunkCount * pixels + first) * channels
      MatrixProduct.square(
        source, stride: channels, columns: channels, inner: count, into: scratch + index * matrix)
    }
    let scale = 1 / Float(channels * pixels)
    let blocks = (channels + rowsPerTask - 1) / rowsPerTask
    pool.parallelFor(batch * blocks) { task in
      let sums = scratch + task / blocks * chunkCount * matrix
      let target = output + task / blocks * matrix
      let firstRow = task % blocks * rowsPerTask
      for row in firstRow..<min(firstRow + rowsPerTask, channels) {
        // From the diagonal on; the part below it is symmetric.
        let (start, count) = (row * channels + row, channels - row)
        target.advanced(by: start).update(from: sums + start, count: count)
        for index in 1..<max(chunkCount, 1) {
          Pointwise.accumulate(sums + index * matrix + start, into: target + start, count: count)
        }
        for column in row..<channels {
          target[row * channels + column] *= scale
          target[column * channels + row] = target[row * channels + column]
        }
      }
    }
  }

  /// Returns the floats of scratch space for ``backward(_:dGram:batch:pixels:channels:dFeatures:scratch:pool:)``.
  package static func backwardScratchCount(batch: Int, channels: Int) -> Int { batch * channels * channels }

  /// `dFeatures += F·(dG + dGᵀ) / (C·pixels)`.
  package static func backward(
    _ features: UnsafePointer<Float>, dGram: UnsafePointer<Float>, batch: Int, pixels: Int, channels: Int,
    dFeatures: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let matrix = channels * channels
    let scale = 1 / Float(channels * pixels)
    for image in 0..<batch {
      let source = dGram + image * matrix
      let target = scratch + image * matrix
      for row in 0..<channels {
        for column in 0..<channels {
          target[row * channels + column] =
            (source[row * channels + column] + source[column * channels + row]) * scale
        }
      }
    }
    let chunkCount = chunks(pixels)
    pool.parallelFor(batch * chunkCount) { index in
      let image = index / chunkCount
      let first = index % chunkCount * chunk
      let count = min(chunk, pixels - first)
      let offset = (image * pixels + first) * channels
      MatrixProduct.multiply(
        .init(features + offset, stride: channels), .init(scratch + image * matrix, stride: channels), rows: count,
        columns: channels, inner: channels, into: dFeatures + offset, stride: channels, accumulate: true)
    }
  }
}

/// Mean squared error.
package enum MeanSquaredError {
  /// `Σ (a − b)² / count`, where `b` repeats every `period` values.
  package static func forward(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int, period: Int, pool: ComputePool
  ) -> Double {
    let total = Reduction.sum(count: count, chunk: Reduction.chunk, pool: pool) { range in
      var sum = 0.0
      var partial: Float = 0
      var position = range.lowerBound % period
      var pending = 0
      for index in range {
        let difference = a[index] - b[position]
        partial += difference * difference
        position += 1
        if position == period { position = 0 }
        pending += 1
        if pending == 64 {
          sum += Double(partial)
          partial = 0
          pending = 0
        }
      }
      return sum + Double(partial)
    }
    return total / Double(count)
  }

  /// `dA += scale · 2 (a − b) / count`, where `b` repeats every `period` values.
  package static func backward(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int, period: Int, scale: Float,
    dA: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let factor = scale * 2 / Float(count)
    let chunk = Reduction.chunk
    pool.parallelFor((count + chunk - 1) / chunk) { index in
      let range = index * chunk..<min((index + 1) * chunk, count)
      var position = range.lowerBound % period
      for element in range {
        dA[element] += factor * (a[element] - b[position])
        position += 1
        if position == period { position = 0 }
      }
    }
  }
}

/// Total variation: the sum of squared differences between neighbouring pixels, across and down.
package enum TotalVariation {
  /// `Σ (x[y, x+1] − x[y, x])² + Σ (x[y+1, x] − x[y, x])²` over a batch `[N, H, W, C]`.
  package static func forward(
    _ image: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int, pool: ComputePool
  ) -> Double {
    let row = width * channels
    return Reduction.sum(count: batch * height, chunk: 8, pool: pool) { range in
      var sum = 0.0
      for index in range {
        let pixels = image + index * row
        let hasNext = index % height + 1 < height
        var partial: Float = 0
        for element in 0..<row {
          if element + channels < row {
            let across = pixels[element + channels] - pixels[element]
            partial += across * across
          }
          if hasNext {
            let down = pixels[element + row] - pixels[element]
            partial += down * down
          }
          if element & 63 == 63 {
            sum += Double(partial)
            partial = 0
          }
        }
        sum += Double(partial)
      }
      return sum
    }
  }

  /// `dImage += scale · ∂TV/∂image`.
  package static func backward(
    _ image: UnsafePointer<Float>, batch: Int, height: Int, width: Int, channels: Int, scale: Float,
    dImage: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let row = width * channels
    pool.parallelFor(batch * height) { index in
      let pixels = image + index * row
      let target = dImage + index * row
      let y = index % height
      for element in 0..<row {
        let value = pixels[element]
        var sum: Float = 0
        if element + channels < row { sum += value - pixels[element + channels] }
        if element >= channels { sum += value - pixels[element - channels] }
        if y + 1 < height { sum += value - pixels[element + row] }
        if y > 0 { sum += value - pixels[element - row] }
        target[element] += 2 * scale * sum
      }
    }
  }
}
