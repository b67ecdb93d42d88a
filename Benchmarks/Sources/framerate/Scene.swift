/// A synthetic video: a camera moves over a picture of soft shapes, edges and noise.
///
/// It contains what codecs encounter in real video: motion, flat areas and detail. It is the same in every run.
struct Scene {
  /// The distance that the camera moves before it returns, in pixels to the right and down.
  private static let travel = (x: 96, y: 48)

  let width: Int
  let height: Int
  /// The whole picture, RGB24.
  private let picture: [UInt8]
  private let pictureWidth: Int

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pictureWidth = width + Self.travel.x
    let pictureHeight = height + Self.travel.y
    let pictureWidth = pictureWidth
    picture = [UInt8](unsafeUninitializedCapacity: 3 * pictureWidth * pictureHeight) { bytes, count in
      for y in 0..<pictureHeight {
        for x in 0..<pictureWidth {
          let color = Self.color(x, y)
          for channel in 0..<3 { bytes[(y * pictureWidth + x) * 3 + channel] = color[channel] }
        }
      }
      count = 3 * pictureWidth * pictureHeight
    }
  }

  /// Returns a pseudorandom value in 0…255.
  private static func noise(_ x: Int, _ y: Int) -> Int {
    var hash = UInt32(truncatingIfNeeded: x) &* 0x9e37_79b1 ^ UInt32(truncatingIfNeeded: y) &* 0x85eb_ca77
    hash = (hash ^ (hash >> 15)) &* 0x2c1b_3c6d
    return Int((hash ^ (hash >> 13)) & 255)
  }

  /// Returns noise in 0…255, interpolated bilinearly on a grid of `cell` pixels.
  private static func softNoise(_ x: Int, _ y: Int, cell: Int) -> Int {
    let (column, row, fx, fy) = (x / cell, y / cell, x % cell, y % cell)
    let top = noise(column, row) * (cell - fx) + noise(column + 1, row) * fx
    let bottom = noise(column, row + 1) * (cell - fx) + noise(column + 1, row + 1) * fx
    return (top * (cell - fy) + bottom * fy) / (cell * cell)
  }

  private static func color(_ x: Int, _ y: Int) -> SIMD3<UInt8> {
    let shapes = softNoise(x, y, cell: 64)
    let detail = softNoise(x + 7777, y, cell: 8)
    let grain = noise(x + 99_991, y) / 32
    // Edges where the soft shapes cross a threshold.
    let side = shapes > 128 ? 48 : 0
    func clamped(_ value: Int) -> UInt8 { UInt8(clamping: value + grain) }
    return SIMD3(
      clamped(shapes / 2 + side + detail / 4), clamped(200 - shapes / 2 + detail / 8),
      clamped(softNoise(x, y + 5555, cell: 96) - side / 2 + detail / 4))
  }

  /// Calls `body` with each row of frame `number`, `3 · width` bytes.
  func forEachRow(ofFrame number: Int, _ body: (_ row: Int, UnsafeBufferPointer<UInt8>) -> Void) {
    // The camera moves back and forth.
    func position(_ step: Int, _ extent: Int) -> Int {
      let phase = step % (2 * extent)
      return phase < extent ? phase : 2 * extent - phase
    }
    let (left, top) = (position(2 * number, Self.travel.x), position(number, Self.travel.y))
    picture.withUnsafeBufferPointer { bytes in
      for row in 0..<height {
        let start = 3 * ((top + row) * pictureWidth + left)
        body(row, UnsafeBufferPointer(rebasing: bytes[start..<start + 3 * width]))
      }
    }
  }

  /// Returns frame `number` as RGB24 without padding.
  func frame(_ number: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(3 * width * height)
    forEachRow(ofFrame: number) { _, bytes in result.append(contentsOf: bytes) }
    return result
  }
}
