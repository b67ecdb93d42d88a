import Threading

/// Enlargement of pictures by bilinear interpolation between the centres of pixels, the border clamped: PyTorch's `interpolate` with
/// `align_corners=False`. The picture may also become smaller; nothing is averaged then.
public struct BilinearEnlargement: Sendable {
  private let rows: BilinearAxis
  private let columns: BilinearAxis

  /// From `height` × `width` to a picture of `outputHeight` × `outputWidth`, each at least 1, or with `step` to the centres of blocks of
  /// `step` × `step` of its pixels, of which those at the right and the bottom may be in part outside.
  public init(height: Int, width: Int, outputHeight: Int, outputWidth: Int, step: Int = 1) {
    precondition(
      min(height, width, outputHeight, outputWidth, step) >= 1, "\(height)x\(width) to \(outputHeight)x\(outputWidth)")
    rows = BilinearAxis(inputs: height, extent: outputHeight, step: step)
    columns = BilinearAxis(inputs: width, extent: outputWidth, step: step)
  }

  /// Rows of the output: the height, or the blocks down.
  public var outputRows: Int { rows.outputs }
  /// Columns of the output.
  public var outputColumns: Int { columns.outputs }

  /// Floats of scratch for either direction: a row for each of `threads`.
  public func scratchCount(channels: Int, threads: Int) -> Int {
    threads * max(columns.inputs, columns.outputs) * channels
  }

  /// Input `[N, H, W, C]`, output `[N, Ho, Wo, C]`, of ``outputRows`` and ``outputColumns``.
  public func forward(
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

  /// `dInput` is the sum of each gradient in the shares in which the output took the pixels.
  public func backward(
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
      // The outputs between the rows beside this one: positions grow with the outputs.
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

  /// The first output that lies at `row` or behind it.
  private func firstReader(of row: Int) -> Int {
    var range = 0..<rows.outputs
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      range = Int(rows.lowers[middle]) < row ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}
