import Kernels
import TestSupport
import Testing

@Suite("Temporal denoiser") struct TemporalDenoiserTests {
  /// One pixel, one column, one row, tails of every length, more than one vector.
  private static let sizes = [(1, 1), (1, 5), (2, 1), (3, 2), (5, 4), (7, 3), (8, 8), (11, 6), (21, 13), (33, 9)]
  /// The bytes between rows, which must not change.
  private static let gap = 5

  /// Returns the averages of the frame, without the bytes between rows.
  private func apply(_ denoiser: TemporalDenoiser, _ frame: [UInt8], width: Int, height: Int) -> [UInt8] {
    let (row, stride) = (3 * width, 3 * width + Self.gap)
    var bytes = [UInt8](repeating: 77, count: stride * height)
    for y in 0..<height { bytes.replaceSubrange(y * stride..<y * stride + row, with: frame[y * row..<(y + 1) * row]) }
    bytes.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { denoiser.apply(base, stride: stride) }
    }
    for y in 0..<height { #expect(bytes[(y * stride + row)..<(y + 1) * stride].allSatisfy { $0 == 77 }) }
    return (0..<height).flatMap { bytes[$0 * stride..<$0 * stride + row] }
  }

  private func noise(_ base: [UInt8], amplitude: Float, _ random: inout Random) -> [UInt8] {
    base.map { UInt8(min(max(Float($0) + random.uniform(in: -amplitude...amplitude), 0), 255)) }
  }

  /// Changes of every size are adjacent: static, moving, and between. Shares of 1/256 and sums in 1/8 of a level,
  /// rounded, deviate by 0.02 at most; then the result is rounded.
  @Test("The averages of a frame follow the formula", arguments: sizes, [4, 9, 14, 255] as [Float])
  func formula(size: (width: Int, height: Int), amplitude: Float) {
    let (width, height) = size
    var random = Random(seed: UInt64(width * 100 + height))
    let first = (0..<3 * width * height).map { _ in UInt8(random.uniform(in: 0...255)) }
    let denoiser = TemporalDenoiser(width: width, height: height)
    var reference = ReferenceTemporalDenoiser(width: width, height: height)
    #expect(apply(denoiser, first, width: width, height: height) == first, "the first frame is not changed")
    _ = reference.apply(first)
    let second = noise(first, amplitude: amplitude, &random)
    let expected = reference.apply(second)
    for (index, value) in apply(denoiser, second, width: width, height: height).enumerated() {
      let change = abs(Double(second[index]) - Double(first[index]))
      #expect(abs(Double(value) - expected[index]) <= 0.02 * change + 0.51, "value \(index) of \(width)x\(height)")
    }
  }

  @Test("Over many frames the noise of a static picture falls to 0.38, and its mean does not change")
  func rest() {
    let (width, height) = (40, 30)
    var random = Random(seed: 5)
    let picture = (0..<3 * width * height).map { _ in UInt8(random.uniform(in: 40...200)) }
    let denoiser = TemporalDenoiser(width: width, height: height)
    var (before, after, bias) = (0.0, 0.0, 0.0)
    let frames = 60
    for frame in 0..<frames {
      // Of a deviation of 2 before it is rounded down.
      let noisy = noise(picture, amplitude: 2 * Float(3).squareRoot(), &random)
      let averages = apply(denoiser, noisy, width: width, height: height)
      guard frame >= 20 else { continue }
      for index in picture.indices {
        let place = Double(picture[index]) - 0.5
        before += (Double(noisy[index]) - place) * (Double(noisy[index]) - place)
        after += (Double(averages[index]) - place) * (Double(averages[index]) - place)
        bias += Double(averages[index]) - place
      }
    }
    // The variance that rounding adds, 1/12, is not averaged.
    #expect((after / before).squareRoot() < 0.42, "\((after / before).squareRoot())")
    #expect(abs(bias) / Double((frames - 20) * picture.count) < 0.05)
  }

  @Test("Nothing of the previous picture remains after a cut")
  func cut() {
    let (width, height) = (24, 16)
    var random = Random(seed: 6)
    let denoiser = TemporalDenoiser(width: width, height: height)
    let dark = (0..<3 * width * height).map { _ in UInt8(random.uniform(in: 0...100)) }
    let bright = dark.map { $0 + 120 }
    for _ in 0..<5 { _ = apply(denoiser, dark, width: width, height: height) }
    #expect(apply(denoiser, bright, width: width, height: height) == bright)
  }

  @Test("The darkest and the brightest values stay within their range", arguments: [0, 255] as [UInt8])
  func extremes(value: UInt8) {
    let (width, height) = (9, 4)
    let denoiser = TemporalDenoiser(width: width, height: height)
    let flat = [UInt8](repeating: value, count: 3 * width * height)
    let near = [UInt8](repeating: value == 0 ? 2 : 253, count: 3 * width * height)
    for _ in 0..<4 {
      let averages = apply(denoiser, near, width: width, height: height)
      #expect(averages.allSatisfy { value == 0 ? $0 <= 2 : $0 >= 253 })
      _ = apply(denoiser, flat, width: width, height: height)
    }
    for _ in 0..<60 { _ = apply(denoiser, flat, width: width, height: height) }
    #expect(apply(denoiser, flat, width: width, height: height) == flat, "a constant picture converges")
  }
}
