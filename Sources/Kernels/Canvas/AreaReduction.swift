import Threading

/// Downscaling by area averaging: each pixel of the result is the mean over the rectangle that it covers, with partly
/// covered pixels weighted by the covered part.
package struct AreaReduction: Sendable {
  private let rows: AreaAxis
  private let columns: AreaAxis

  /// Creates a reduction from `height` × `width` to `outputHeight` × `outputWidth`, each at least 1. The output may
  /// also be larger.
  package init(height: Int, width: Int, outputHeight: Int, outputWidth: Int) {
    precondition(
      min(height, width, outputHeight, outputWidth) >= 1, "\(height)x\(width) to \(outputHeight)x\(outputWidth)")
    rows = AreaAxis(inputs: height, outputs: outputHeight)
    columns = AreaAxis(inputs: width, outputs: outputWidth)
  }

  /// Returns the floats of scratch space for either direction: a row for each of `threads`.
  package func scratchCount(channels: Int, threads: Int) -> Int { threads * columns.inputs * channels }

  /// `output[n, y, x, c] = Σ rows[y, i]·columns[x, j]·input[n, i, j, c]`: input `[N, H, W, C]`, output
  /// `[N, Ho, Wo, C]`.
  package func forward(
    _ input: UnsafePointer<Float>, batch: Int, channels: Int, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let count = columns.inputs * channels
    pool.parallelFor(batch * rows.outputs) { index, thread in
      let (image, row) = index.quotientAndRemainder(dividingBy: rows.outputs)
      let sums = scratch + thread * count
      let source = input + (image * rows.inputs + Int(rows.firsts[row])) * count
      for tap in 0..<Int(rows.counts[row]) {
        let weight = rows.weights[row * rows.tapCount + tap]
        let values = source + tap * count
        if tap == 0 {
          for place in 0..<count { sums[place] = weight * values[place] }
        } else {
          for place in 0..<count { sums[place] += weight * values[place] }
        }
      }
      let target = output + index * columns.outputs * channels
      for column in 0..<columns.outputs {
        let first = sums + Int(columns.firsts[column]) * channels
        for channel in 0..<channels {
          var sum: Float = 0
          for tap in 0..<Int(columns.counts[column]) {
            sum += columns.weights[column * columns.tapCount + tap] * first[tap * channels + channel]
          }
          target[column * channels + channel] = sum
        }
      }
    }
  }

  /// `dInput[n, i, j, c] = Σ rows[y, i]·columns[x, j]·dOutput[n, y, x, c]`.
  package func backward(
    _ dOutput: UnsafePointer<Float>, batch: Int, channels: Int, dInput: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let count = columns.inputs * channels
    let outputCount = columns.outputs * channels
    pool.parallelFor(batch * rows.inputs) { index, thread in
      let (image, row) = index.quotientAndRemainder(dividingBy: rows.inputs)
      let target = dInput + index * count
      target.update(repeating: 0, count: count)
      let sums = scratch + thread * count
      // The outputs that overlap the row.
      let readers = row * rows.outputs / rows.inputs..<((row + 1) * rows.outputs + rows.inputs - 1) / rows.inputs
      for column in 0..<columns.outputs {
        for channel in 0..<channels {
          var sum: Float = 0
          for reader in readers {
            sum +=
              rows.weights[reader * rows.tapCount + row - Int(rows.firsts[reader])]
              * dOutput[(image * rows.outputs + reader) * outputCount + column * channels + channel]
          }
          sums[channel] = sum
        }
        for tap in 0..<Int(columns.counts[column]) {
          let weight = columns.weights[column * columns.tapCount + tap]
          let place = target + (Int(columns.firsts[column]) + tap) * channels
          for channel in 0..<channels { place[channel] += weight * sums[channel] }
        }
      }
    }
  }
}
