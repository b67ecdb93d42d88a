/// Sixteen pixels of three bytes out of vectors of the even and the odd ones.
///
/// The compiler makes a shuffle of bytes out of one vector or two; out of three it would move them one by one.
struct PixelPairs {
  private let red: SIMD16<UInt8>
  private let green: SIMD16<UInt8>
  private let blue: SIMD16<UInt8>

  /// Clamps and rounds eight even and eight odd pixels.
  @inline(__always)
  init(even: (red: Lanes, green: Lanes, blue: Lanes), odd: (red: Lanes, green: Lanes, blue: Lanes)) {
    red = Self.bytes(even.red, odd.red)
    green = Self.bytes(even.green, odd.green)
    blue = Self.bytes(even.blue, odd.blue)
  }

  /// The low byte of each word, one from either in turn.
  @inline(__always)
  private static func bytes(_ even: Lanes, _ odd: Lanes) -> SIMD16<UInt8> {
    let words = roundedWords(even) | (roundedWords(odd) &<< 8)
    let a = unsafeBitCast(words.lowHalf, to: SIMD16<UInt8>.self)
    let b = unsafeBitCast(words.highHalf, to: SIMD16<UInt8>.self)
    return SIMD16(
      a[0], a[1], a[4], a[5], a[8], a[9], a[12], a[13], b[0], b[1], b[4], b[5], b[8], b[9], b[12], b[13])
  }

  /// Writes the first `count` pixels; nothing behind them is touched.
  @inline(__always)
  func write(_ count: Int, _ target: UnsafeMutablePointer<UInt8>) {
    guard count == 16 else {
      for pixel in 0..<count {
        target[3 * pixel] = red[pixel]
        target[3 * pixel + 1] = green[pixel]
        target[3 * pixel + 2] = blue[pixel]
      }
      return
    }
    // Byte `i` of the three vectors is colour `i mod 3` of pixel `i / 3`.
    let place = UnsafeMutableRawPointer(target)
    let parts = (Self.spreadRed(red), Self.spreadGreen(green), Self.spreadBlue(blue))
    place.storeBytes(of: parts.0.0 | parts.1.0 | parts.2.0, as: SIMD16<UInt8>.self)
    (place + 16).storeBytes(of: parts.0.1 | parts.1.1 | parts.2.1, as: SIMD16<UInt8>.self)
    (place + 32).storeBytes(of: parts.0.2 | parts.1.2 | parts.2.2, as: SIMD16<UInt8>.self)
  }

  private typealias Bytes = SIMD16<UInt8>

  @inline(__always)
  private static func spreadRed(_ c: Bytes) -> (Bytes, Bytes, Bytes) {
    (
      SIMD16(c[0], 0, 0, c[1], 0, 0, c[2], 0, 0, c[3], 0, 0, c[4], 0, 0, c[5]),
      SIMD16(0, 0, c[6], 0, 0, c[7], 0, 0, c[8], 0, 0, c[9], 0, 0, c[10], 0),
      SIMD16(0, c[11], 0, 0, c[12], 0, 0, c[13], 0, 0, c[14], 0, 0, c[15], 0, 0)
    )
  }

  @inline(__always)
  private static func spreadGreen(_ c: Bytes) -> (Bytes, Bytes, Bytes) {
    (
      SIMD16(0, c[0], 0, 0, c[1], 0, 0, c[2], 0, 0, c[3], 0, 0, c[4], 0, 0),
      SIMD16(c[5], 0, 0, c[6], 0, 0, c[7], 0, 0, c[8], 0, 0, c[9], 0, 0, c[10]),
      SIMD16(0, 0, c[11], 0, 0, c[12], 0, 0, c[13], 0, 0, c[14], 0, 0, c[15], 0)
    )
  }

  @inline(__always)
  private static func spreadBlue(_ c: Bytes) -> (Bytes, Bytes, Bytes) {
    (
      SIMD16(0, 0, c[0], 0, 0, c[1], 0, 0, c[2], 0, 0, c[3], 0, 0, c[4], 0),
      SIMD16(0, c[5], 0, 0, c[6], 0, 0, c[7], 0, 0, c[8], 0, 0, c[9], 0, 0),
      SIMD16(c[10], 0, 0, c[11], 0, 0, c[12], 0, 0, c[13], 0, 0, c[14], 0, 0, c[15])
    )
  }
}
