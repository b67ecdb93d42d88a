import Imaging
import Kernels
import TestSupport
import Testing
import Threading

struct BlendingTests {
  private func picture(_ width: Int, _ height: Int, seed: UInt64) -> Picture {
    var random = Random(seed: seed)
    // Half of the samples are 0 or 255, where clamping matters.
    let pixels = (0..<3 * width * height).map { _ -> UInt8 in
      let bits = random.next()
      return bits & 512 == 0 ? UInt8(truncatingIfNeeded: bits) : (bits & 256 == 0 ? 0 : 255)
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// The reference for `Blending.mix`, before rounding.
  private func mixed(_ source: UInt8, _ stylized: UInt8, _ strength: Float) -> Double {
    Double(source) + Double(strength) * (Double(stylized) - Double(source))
  }

  @Test(arguments: [0, 0.001, 0.25, 0.3333, 0.5, 0.77, 0.9999, 1] as [Float])
  func mixingIsRoundedToNearest(strength: Float) {
    let source = picture(37, 41, seed: 1)
    let stylized = picture(37, 41, seed: 2)
    let result = source.mixed(with: stylized, strength: strength)
    for index in result.pixels.indices {
      let exact = mixed(source.pixels[index], stylized.pixels[index], strength)
      // Half a step for rounding, plus 255 times half a step of the strength.
      #expect(abs(Double(result.pixels[index]) - exact) <= 0.5 + 255.0 / 131072)
    }
  }

  @Test func strengthIsClamped() {
    let source = picture(9, 5, seed: 3)
    let stylized = picture(9, 5, seed: 4)
    for strength in [0, -1, -.infinity, .nan] as [Float] {
      #expect(source.mixed(with: stylized, strength: strength) == source)
    }
    for strength in [1, 2, .infinity] as [Float] {
      #expect(source.mixed(with: stylized, strength: strength) == stylized)
    }
  }

  /// The reference for `Blending.preserveColors`: to YCbCr and back in double precision, before clamping.
  private func preserved(_ source: [Double], _ stylized: [Double]) -> [Double] {
    func luma(_ rgb: [Double]) -> Double { 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] }
    let blueChroma = (source[2] - luma(source)) / 1.772
    let redChroma = (source[0] - luma(source)) / 1.402
    let y = luma(stylized)
    return [
      y + 1.402 * redChroma, y - (0.114 * 1.772 * blueChroma + 0.299 * 1.402 * redChroma) / 0.587,
      y + 1.772 * blueChroma,
    ]
  }

  @Test func colorsArePreserved() {
    let source = picture(53, 29, seed: 5)
    let stylized = picture(53, 29, seed: 6)
    let result = source.preservingColors(in: stylized)
    for pixel in 0..<53 * 29 {
      func rgb(_ picture: Picture) -> [Double] { picture.pixels[3 * pixel..<3 * pixel + 3].map { Double($0) } }
      let exact = preserved(rgb(source), rgb(stylized)).map { min(max($0, 0), 255) }
      for (computed, expected) in zip(rgb(result), exact) {
        // Half a step for rounding, plus the error of the three weights, which are multiples of 2⁻¹⁶.
        #expect(abs(computed - expected) <= 0.5 + 3 * 255.0 / 131072)
      }
    }
    #expect(source.preservingColors(in: source) == source)
  }

  @Test func alphaIsThatOfTheSource() {
    let alpha = (0..<6).map { UInt8(40 * $0) }
    let source = picture(3, 2, seed: 7).withAlpha(alpha)
    #expect(source.mixed(with: picture(3, 2, seed: 8), strength: 0.5).alpha == alpha)
    #expect(source.preservingColors(in: picture(3, 2, seed: 8)).alpha == alpha)
  }

  @Test func threadsStridesAndInPlaceBlendingGiveTheSameResult() {
    let (width, height) = (23, 70)
    let source = picture(width, height, seed: 9)
    let stylized = picture(width, height, seed: 10)
    let pool = ComputePool(threads: 3)
    #expect(source.mixed(with: stylized, strength: 0.3, pool: pool) == source.mixed(with: stylized, strength: 0.3))
    #expect(source.preservingColors(in: stylized, pool: pool) == source.preservingColors(in: stylized))

    // In place, with padding between the rows, which must not change.
    let stride = 3 * width + 5
    var padded: [UInt8] = []
    for y in 0..<height {
      padded += stylized.pixels[y * stylized.stride..<(y + 1) * stylized.stride] + [1, 2, 3, 4, 5]
    }
    var (mixed, preserved) = (padded, padded)
    source.pixels.withUnsafeBufferPointer { source in
      guard let source = source.baseAddress else { return }
      mixed.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        Blending.mix(
          source: source, sourceStride: 3 * width, stylized: base, stylizedStride: stride, into: base,
          destinationStride: stride, width: width, height: height, strength: 0.3, pool: pool)
      }
      preserved.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        Blending.preserveColors(
          source: source, sourceStride: 3 * width, stylized: base, stylizedStride: stride, into: base,
          destinationStride: stride, width: width, height: height, pool: pool)
      }
    }
    let expectedMix = source.mixed(with: stylized, strength: 0.3).pixels
    let expectedColors = source.preservingColors(in: stylized).pixels
    for y in 0..<height {
      let (row, end) = (y * stride, y * stride + 3 * width)
      #expect(mixed[row..<end] == expectedMix[3 * y * width..<3 * (y + 1) * width])
      #expect(preserved[row..<end] == expectedColors[3 * y * width..<3 * (y + 1) * width])
      #expect(Array(mixed[end..<end + 5]) == [1, 2, 3, 4, 5] && Array(preserved[end..<end + 5]) == [1, 2, 3, 4, 5])
    }
  }
}
