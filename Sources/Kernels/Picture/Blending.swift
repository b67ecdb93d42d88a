import Threading

/// Blends a stylized picture with its source, in interleaved 8-bit RGB.
///
/// Strides are the bytes from one row to the next, at least `3 · width`. The destination may be one of the two inputs;
/// otherwise it must not overlap them. With a pool, its threads process bands of rows; the result is the same.
package enum Blending {
  private static let rowsPerBand = 32

  /// Computes `destination = source + strength · (stylized − source)`, rounded to nearest.
  ///
  /// - Parameter strength: The weight of `stylized`, clamped to 0…1 and rounded to a multiple of 2⁻¹⁶. NaN counts as 0.
  package static func mix(
    source: UnsafePointer<UInt8>, sourceStride: Int, stylized: UnsafePointer<UInt8>, stylizedStride: Int,
    into destination: UnsafeMutablePointer<UInt8>, destinationStride: Int, width: Int, height: Int, strength: Float,
    pool: ComputePool? = nil
  ) {
    // The comparison is false for NaN.
    let weight = Int32((strength > 0 ? min(strength, 1) : 0) * 65536 + 0.5)
    forEachRow(height, pool) { y in
      let source = source + y * sourceStride
      let stylized = stylized + y * stylizedStride
      let destination = destination + y * destinationStride
      for index in 0..<3 * width {
        let from = Int32(truncatingIfNeeded: source[index])
        let difference = Int32(truncatingIfNeeded: stylized[index]) &- from
        destination[index] = UInt8(truncatingIfNeeded: (from &<< 16 &+ difference &* weight &+ 32768) &>> 16)
      }
    }
  }

  /// Combines the luma Y′ of `stylized` with the chroma Cb and Cr of `source`, by JPEG's full-range BT.601 matrix.
  ///
  /// If the chroma stays the same, red, green and blue change by the same amount, so no conversion is needed:
  /// `destination = source + d`, clamped to 0…255, with `d = Y′(stylized) − Y′(source)` rounded to nearest.
  package static func preserveColors(
    source: UnsafePointer<UInt8>, sourceStride: Int, stylized: UnsafePointer<UInt8>, stylizedStride: Int,
    into destination: UnsafeMutablePointer<UInt8>, destinationStride: Int, width: Int, height: Int,
    pool: ComputePool? = nil
  ) {
    forEachRow(height, pool) { y in
      let source = source + y * sourceStride
      let stylized = stylized + y * stylizedStride
      let destination = destination + y * destinationStride
      for x in 0..<width {
        let red = Int32(truncatingIfNeeded: source[3 * x])
        let green = Int32(truncatingIfNeeded: source[3 * x + 1])
        let blue = Int32(truncatingIfNeeded: source[3 * x + 2])
        // 0.299, 0.587 and 0.114 in units of 2⁻¹⁶. They add up to 1.
        let redPart = (Int32(truncatingIfNeeded: stylized[3 * x]) &- red) &* 19595
        let greenPart = (Int32(truncatingIfNeeded: stylized[3 * x + 1]) &- green) &* 38470
        let bluePart = (Int32(truncatingIfNeeded: stylized[3 * x + 2]) &- blue) &* 7471
        let difference = (redPart &+ greenPart &+ bluePart &+ 32768) &>> 16
        destination[3 * x] = UInt8(truncatingIfNeeded: min(max(red &+ difference, 0), 255))
        destination[3 * x + 1] = UInt8(truncatingIfNeeded: min(max(green &+ difference, 0), 255))
        destination[3 * x + 2] = UInt8(truncatingIfNeeded: min(max(blue &+ difference, 0), 255))
      }
    }
  }

  @inline(__always)
  package static func forEachRow(_ height: Int, _ pool: ComputePool?, _ body: (Int) -> Void) {
    guard let pool, height > rowsPerBand else {
      for y in 0..<max(height, 0) { body(y) }
      return
    }
    pool.parallelFor((height + rowsPerBand - 1) / rowsPerBand) { band in
      for y in band * rowsPerBand..<min((band + 1) * rowsPerBand, height) { body(y) }
    }
  }
}
