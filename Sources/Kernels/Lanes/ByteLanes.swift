// Conversions between bytes and ``Lanes``.

// The standard library's vector conversions become calls in large functions and pass their eight lanes through memory.
// Written out lane by lane, they become one or two instructions.

/// Returns integers below 2²³ as floats.
@inline(__always)
func lanes<Scalar: FixedWidthInteger & UnsignedInteger>(_ integers: SIMD8<Scalar>) -> Lanes {
  @inline(__always) func word(_ lane: Int) -> UInt32 { UInt32(truncatingIfNeeded: integers[lane]) }
  let words = SIMD8<UInt32>(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7))
  // The low bits of a float from 2²³ to 2²⁴ are an integer; its exponent is constant.
  return unsafeBitCast(words | SIMD8<UInt32>(repeating: 0x4B00_0000), to: Lanes.self) - 0x1p23
}

/// Returns eight bytes as floats.
@inline(__always)
func load(_ bytes: UnsafePointer<UInt8>) -> Lanes {
  lanes(UnsafeRawPointer(bytes).loadUnaligned(as: SIMD8<UInt8>.self))
}

/// Returns the colours of eight three-byte pixels. The 24 bytes are read as two overlapping vectors and sorted before
/// they are widened.
@inline(__always)
func colours(_ pixels: UnsafePointer<UInt8>) -> (red: Lanes, green: Lanes, blue: Lanes) {
  let a = UnsafeRawPointer(pixels).loadUnaligned(as: SIMD16<UInt8>.self)
  let b = UnsafeRawPointer(pixels + 8).loadUnaligned(as: SIMD16<UInt8>.self)
  return (
    lanes(SIMD8(a[0], a[3], a[6], a[9], a[12], a[15], b[10], b[13])),
    lanes(SIMD8(a[1], a[4], a[7], a[10], a[13], b[8], b[11], b[14])),
    lanes(SIMD8(a[2], a[5], a[8], a[11], a[14], b[9], b[12], b[15]))
  )
}

/// Returns the nearest integers in 0…255, with ties to even. NaN becomes 0.
@inline(__always)
func roundedBytes(_ lanes: Lanes) -> SIMD8<UInt8> {
  let bytes = unsafeBitCast(roundedBits(lanes), to: SIMD32<UInt8>.self)
  return SIMD8(bytes[0], bytes[4], bytes[8], bytes[12], bytes[16], bytes[20], bytes[24], bytes[28])
}

/// Returns the same integers as words.
@inline(__always)
func roundedWords(_ lanes: Lanes) -> SIMD8<UInt32> { roundedBits(lanes) & SIMD8<UInt32>(repeating: 255) }

@inline(__always)
private func roundedBits(_ lanes: Lanes) -> SIMD8<UInt32> {
  var value = Lanes.zero.replacing(with: lanes, where: lanes .> Lanes.zero)
  value.replace(with: Lanes(repeating: 255), where: value .> 255)
  // At 2²³ the last bit of a float is worth 1: the addition rounds, and the low byte of the bits is the integer.
  return unsafeBitCast(value + 0x1p23, to: SIMD8<UInt32>.self)
}
