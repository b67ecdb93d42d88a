/// Floats that a benchmark owns, aligned as the engine's are.
final class FloatBuffer {
  /// The first of them.
  let pointer: UnsafeMutablePointer<Float>
  /// How many.
  let count: Int

  /// `count` zeros.
  init(count: Int) {
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(1, count) * MemoryLayout<Float>.stride, alignment: 64)
    pointer = bytes.bindMemory(to: Float.self, capacity: max(1, count))
    pointer.initialize(repeating: 0, count: max(1, count))
    self.count = count
  }

  /// `count` numbers that depend on `seed` only: whole ones of 0…255, or fractions in ±1; then zeros up to `storedCount`.
  convenience init(count: Int, seed: UInt32, isPicture: Bool = false, storedCount: Int? = nil) {
    self.init(count: storedCount ?? count)
    var state = seed
    for index in 0..<count {
      // N. Lehmer's generator in the form of Numerical Recipes; speed does not depend on the numbers.
      state = state &* 1_664_525 &+ 1_013_904_223
      pointer[index] = isPicture ? Float(state >> 24) : Float(state >> 8) * 0x1p-23 - 1
    }
  }

  deinit { pointer.deallocate() }

  /// A `[pixels, channels]` map as `[C/8, pixels, 8]`, with zeros in the channels that fill the last block.
  func inBlocks(pixels: Int, channels: Int) -> FloatBuffer {
    let blocks = FloatBuffer(count: (channels + 7) / 8 * 8 * pixels)
    for pixel in 0..<pixels {
      for channel in 0..<channels {
        blocks.pointer[(channel / 8 * pixels + pixel) * 8 + channel % 8] = pointer[pixel * channels + channel]
      }
    }
    return blocks
  }

  /// The way back: the first `channels` channels of `[C/8, pixels, 8]` as `[pixels, channels]`.
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
