import Kernels

/// Floats that a benchmark owns, aligned like the engine's.
final class FloatBuffer {
  /// The first float.
  let pointer: UnsafeMutablePointer<Float>
  /// The number of floats.
  let count: Int

  /// Creates a buffer of `count` zeros.
  init(count: Int) {
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
    pointer = bytes.bindMemory(to: Float.self, capacity: max(1, count))
    pointer.initialize(repeating: 0, count: max(1, count))
    self.count = count
  }

  /// Creates `count` pseudorandom numbers that depend only on `seed`, integers in 0…255 or fractions in ±1, padded with
  /// zeros to `storedCount`.
  convenience init(count: Int, seed: UInt32, isPicture: Bool = false, storedCount: Int? = nil) {
    self.init(count: storedCount ?? count)
    var state = seed
    for index in 0..<count {
      // A linear congruential generator with the constants of Numerical Recipes; speed does not depend on the values.
      state = state &* 1_664_525 &+ 1_013_904_223
      pointer[index] = isPicture ? Float(state >> 24) : Float(state >> 8) * 0x1p-23 - 1
    }
  }

  deinit { pointer.deallocate() }

  /// Returns a `[pixels, channels]` map as `[C/8, pixels, 8]`, with zeros in the unused channels of the last block.
  func inBlocks(pixels: Int, channels: Int) -> FloatBuffer {
    let blocks = FloatBuffer(count: ActivationLayout.storedChannels(channels) * pixels)
    for pixel in 0..<pixels {
      for channel in 0..<channels {
        blocks.pointer[(channel / 8 * pixels + pixel) * 8 + channel % 8] = pointer[pixel * channels + channel]
      }
    }
    return blocks
  }

  /// Returns the first `channels` channels of `[C/8, pixels, 8]` as `[pixels, channels]`.
  func fromBlocks(pixels: Int, channels: Int) -> FloatBuffer {
    let map = FloatBuffer(count: pixels * channels)
    for pixel in 0..<pixels {
      for channel in 0..<channels {
        map.pointer[pixel * channels + channel] = pointer[(channel / 8 * pixels + pixel) * 8 + channel % 8]
      }
    }
    return map
  }
}
