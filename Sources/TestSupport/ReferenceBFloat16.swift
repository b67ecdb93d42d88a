/// The arithmetic of AVX512_BF16 in plain Swift, to the bit except for the payload of NaN.
///
/// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: VDPBF16PS, VCVTNEPS2BF16.
public enum ReferenceBFloat16 {
  /// Returns the float whose upper half is `bits`.
  public static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// Returns the bits of the bfloat16 nearest to `value`, ties to even. Denormals become zeros of their sign, and NaN
  /// stays NaN.
  public static func rounded(_ value: Float) -> UInt16 {
    if value.isNaN { return UInt16(value.bitPattern >> 16) | 0x40 }
    let bits = flushed(value).bitPattern
    return UInt16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
  }

  /// Returns `sum` with the products of the upper halves and then of the lower halves of `a` and `b` added. Each of the
  /// two multiply-adds is rounded once, to nearest even, and denormals are read and written as zeros.
  public static func adding(_ sum: Float, _ a: UInt32, _ b: UInt32) -> Float {
    let first = addingProduct(sum, float(UInt16(a >> 16)), float(UInt16(b >> 16)))
    return addingProduct(first, float(UInt16(truncatingIfNeeded: a)), float(UInt16(truncatingIfNeeded: b)))
  }

  /// Returns `a·b + sum` with one rounding, where denormals count as zeros.
  private static func addingProduct(_ sum: Float, _ a: Float, _ b: Float) -> Float {
    let (sum, a, b) = (flushed(sum), flushed(a), flushed(b))
    let result = sum.addingProduct(a, b)
    guard result.magnitude == .leastNormalMagnitude else { return flushed(result) }
    // Whether a result is denormal is decided after rounding to 24 bits. A result slightly below the least normal
    // number has the spacing of denormals here, and may have been rounded up to it. Far from the end of the range it is
    // not.
    let (scale, least) = (Float(sign: .plus, exponent: 64, significand: 1), Float.leastNormalMagnitude)
    let scaled =
      a.magnitude < b.magnitude
      ? (sum * scale).addingProduct(a * scale, b) : (sum * scale).addingProduct(a, b * scale)
    return scaled.magnitude < least * scale ? Float(signOf: result, magnitudeOf: 0) : result
  }

  private static func flushed(_ value: Float) -> Float {
    value.isSubnormal ? Float(signOf: value, magnitudeOf: 0) : value
  }
}
