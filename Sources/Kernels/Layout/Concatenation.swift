import Threading

/// Joins the channels of two maps of the same height and width.
package enum Concatenation {
  /// The number of pixels that a thread processes at a time.
  private static let chunk = 1 << 10

  /// Computes `output[p, :] = first[p, :], second[p, :]` of `pixels` pixels with the given numbers of channels.
  package static func forward(
    _ first: UnsafePointer<Float>, channels firstChannels: Int, _ second: UnsafePointer<Float>,
    channels secondChannels: Int, pixels: Int, output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    pool.parallelFor((pixels + chunk - 1) / chunk) { index in
      for pixel in index * chunk..<min((index + 1) * chunk, pixels) {
        let target = output + pixel * (firstChannels + secondChannels)
        target.update(from: first + pixel * firstChannels, count: firstChannels)
        (target + firstChannels).update(from: second + pixel * secondChannels, count: secondChannels)
      }
    }
  }

  /// Copies the channels from `channel` of `dOutput`, `[pixels, channels]`, to the gradient of an operand,
  /// `[pixels, count]`.
  package static func backward(
    _ dOutput: UnsafePointer<Float>, channels: Int, from channel: Int, count: Int, pixels: Int,
    dInput: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    pool.parallelFor((pixels + chunk - 1) / chunk) { index in
      for pixel in index * chunk..<min((index + 1) * chunk, pixels) {
        (dInput + pixel * count).update(from: dOutput + pixel * channels + channel, count: count)
      }
    }
  }

  /// Joins activations `[C/8, H, W, 8]` of `pixels` pixels. Stored channels beyond those of the output become zeros.
  package static func forwardBlocks(
    _ first: UnsafePointer<Float>, channels firstChannels: Int, _ second: UnsafePointer<Float>,
    channels secondChannels: Int, pixels: Int, output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let plane = pixels * laneCount
    let stored = paddedToLanes(firstChannels + secondChannels) / laneCount
    let whole = firstChannels / laneCount
    let shift = firstChannels % laneCount
    let secondBlocks = paddedToLanes(secondChannels) / laneCount
    pool.parallelFor(stored) { block in
      let target = output + block * plane
      if block < whole { return target.update(from: first + block * plane, count: plane) }
      if shift == 0 { return target.update(from: second + (block - whole) * plane, count: plane) }
      // The upper lanes are those of a block of the second operand, the lower ones come from the block before it.
      let (lower, isFirst) =
        block == whole ? (first + block * plane, true) : (second + (block - whole - 1) * plane, false)
      let upper = block - whole < secondBlocks ? second + (block - whole) * plane : nil
      for pixel in 0..<pixels {
        var value = Lanes.zero
        for lane in 0..<shift {
          value[lane] = lower[pixel * laneCount + lane + (isFirst ? 0 : laneCount - shift)]
        }
        if let upper { for lane in shift..<laneCount { value[lane] = upper[pixel * laneCount + lane - shift] } }
        store(value, target + pixel * laneCount)
      }
    }
  }
}
