import Threading

/// Bilinear interpolation between pixel centres with a clamped border, as PyTorch's `interpolate` with
/// `align_corners=False`. The output may also be smaller; it is then sampled without averaging.
package struct BilinearEnlargement: Sendable {
  private let rows: BilinearAxis
  private let columns: BilinearAxis

  /// Creates an enlargement from `height` × `width` to a picture of `outputHeight` × `outputWidth`, each at least 1.
  /// With `step`, the output samples are the centres of blocks of `step` × `step` of its pixels. Blocks at the right
  /// and bottom edges may lie partly outside.
  package init(height: Int, width: Int, outputHeight: Int, outputWidth: Int, step: Int = 1) {
    precondition(
      min(height, width, outputHeight, outputWidth, step) >= 1, "\(height)x\(width) to \(outputHeight)x\(outputWidth)")
    rows = BilinearAxis(inputs: height, extent: outputHeight, step: step)
    columns = BilinearAxis(inputs: width, extent: outputWidth, step: step)
  }

  /// Creates an enlargement by 2 from `height` × `width`, each at least 1, with aligned corners or half-pixel centres.
  package init(doublingHeight height: Int, width: Int, alignsCorners: Bool) {
    precondition(min(height, width) >= 1, "\(height)x\(width)")
    func axis(_ extent: Int) -> BilinearAxis {
      alignsCorners
        ? BilinearAxis(inputs: extent, alignedOutputs: 2 * extent)
        : BilinearAxis(inputs: extent, extent: 2 * extent, step: 1)
    }
    (rows, columns) = (axis(height), axis(width))
  }

  /// The number of output rows: the height, or the number of blocks down.
  package var outputRows: Int { rows.outputs }
  /// The number of output columns.
  package var outputColumns: Int { columns.outputs }

  /// Returns the floats of scratch space for either direction: a row for each of `threads`.
  package func scratchCount(channels: Int, threads: Int) -> Int {
    threads * max(columns.inputs, columns.outputs) * channels
  }

  /// Computes the output `[N, Ho, Wo, C]`, of ``outputRows`` and ``outputColumns``, from the input `[N, H, W, C]`.
  package func forward(
    _ input: UnsafePointer<Float>, batch: Int, channels: Int, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let count = columns.inputs * channels
    let perThread = scratchCount(channels: channels, threads: 1)
    pool.parallelFor(batch * rows.outputs) { index, thread in
      let (image, row) = index.quotientAndRemainder(dividingBy: rows.outputs)
      let upper = input + (image * rows.inputs + Int(rows.lowers[row])) * count
      let lower = input + (image * rows.inputs + Int(rows.uppers[row])) * count
      let blend = scratch + thread * perThread
      let fraction = rows.fractions[row]
      for place in 0..<count { blend[place] = upper[place] + fraction * (lower[place] - upper[place]) }
      let target = output + index * columns.outputs * channels
      for column in 0..<columns.outputs {
        let left = blend + Int(columns.lowers[column]) * channels
        let right = blend + Int(columns.uppers[column]) * channels
        let fraction = columns.fractions[column]
        for channel in 0..<channels {
          target[column * channels + channel] = left[channel] + fraction * (right[channel] - left[channel])
        }
      }
    }
  }

  /// Computes `dInput`, the sum of the output's gradients with the weights of the interpolation.
  package func backward(
    _ dOutput: UnsafePointer<Float>, batch: Int, channels: Int, dInput: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let count = columns.inputs * channels
    let outputCount = columns.outputs * channels
    let perThread = scratchCount(channels: channels, threads: 1)
    pool.parallelFor(batch * rows.inputs) { index, thread in
      let (image, row) = index.quotientAndRemainder(dividingBy: rows.inputs)
      let sums = scratch + thread * perThread
      sums.update(repeating: 0, count: outputCount)
      // The outputs between the neighbours of this row: positions increase with the output's index.
      var reader = firstReader(of: row - 1)
      while reader < rows.outputs, Int(rows.lowers[reader]) <= row {
        let fraction = rows.fractions[reader]
        var weight: Float = 0
        if Int(rows.lowers[reader]) == row { weight += 1 - fraction }
        if Int(rows.uppers[reader]) == row { weight += fraction }
        let gradient = dOutput + (image * rows.outputs + reader) * outputCount
        for place in 0..<outputCount { sums[place] += weight * gradient[place] }
        reader += 1
      }
      let target = dInput + index * count
      target.update(repeating: 0, count: count)
      for column in 0..<columns.outputs {
        let left = target + Int(columns.lowers[column]) * channels
        let right = target + Int(columns.uppers[column]) * channels
        let fraction = columns.fractions[column]
        for channel in 0..<channels {
          let gradient = sums[column * channels + channel]
          left[channel] += (1 - fraction) * gradient
          right[channel] += fraction * gradient
        }
      }
    }
  }

  /// Returns the first output at or after `row`.
  private func firstReader(of row: Int) -> Int {
    var range = 0..<rows.outputs
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      range = Int(rows.lowers[middle]) < row ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}
