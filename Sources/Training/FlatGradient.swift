import Imaging

extension Picture {
  /// Replaces the picture by a vertical gradient from the mean colour of its upper half to that of its lower half.
  func flattenedToGradient() -> Picture {
    let half = max(1, height / 2)
    let upper = meanColor(rows: 0..<half)
    let lower = meanColor(rows: height - half..<height)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for y in 0..<height {
      let t = height > 1 ? Float(y) / Float(height - 1) : 0
      // Dithering: rounding every pixel alike would leave visible bands.
      for x in 0..<width {
        let dither: Float = (x + y) & 1 == 0 ? 0.25 : 0.75
        for channel in 0..<3 {
          pixels.append(UInt8(min(255, (upper[channel] + t * (lower[channel] - upper[channel]) + dither))))
        }
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  private func meanColor(rows: Range<Int>) -> SIMD3<Float> {
    var sums = SIMD3<Int>(0, 0, 0)
    for index in rows.lowerBound * width..<rows.upperBound * width {
      for channel in 0..<3 { sums[channel] += Int(pixels[3 * index + channel]) }
    }
    let count = Float(max(1, rows.count * width))
    return SIMD3(Float(sums.x), Float(sums.y), Float(sums.z)) / count
  }
}
