/// Eight output pixels, one in each lane.
struct ColourLanes {
  private let red: Lanes
  private let green: Lanes
  private let blue: Lanes
  private let picture: PictureOutput
  /// The three bytes of each pixel, with the first in the lowest byte.
  private let packed: SIMD8<UInt32>

  @inline(__always)
  init(red: Lanes, green: Lanes, blue: Lanes, picture: PictureOutput) {
    self.red = red
    self.green = green
    self.blue = blue
    self.picture = picture
    packed = roundedWords(red) | (roundedWords(green) &<< 8) | (roundedWords(blue) &<< 16)
  }

  /// Writes `count` lanes from `lane` to the pixels from `column`, except those beyond the picture or column `limit`.
  /// The pixels that follow before `limit` must be written later.
  @inline(__always)
  func write(lane first: Int, count: Int, row: Int, column: Int, limit: Int = .max) {
    let width = min(picture.width, limit)
    guard row < picture.height, column < width else { return }
    switch picture.storage {
    case .bytes(let bytes, let stride):
      let target = bytes + row * stride + column * 3
      if column + count < width {
        // Writes four bytes at once. The last one belongs to the next pixel, which is written later.
        for index in 0..<count {
          UnsafeMutableRawPointer(target + 3 * index).storeBytes(of: packed[first + index], as: UInt32.self)
        }
      } else {
        for index in 0..<min(count, width - column) {
          let word = packed[first + index]
          for byte in 0..<3 { target[3 * index + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte)) }
        }
      }
    case .floats(let floats, let stride):
      let target = floats + row * stride + column * 3
      for index in 0..<min(count, width - column) {
        target[3 * index] = red[first + index]
        target[3 * index + 1] = green[first + index]
        target[3 * index + 2] = blue[first + index]
      }
    }
  }
}
