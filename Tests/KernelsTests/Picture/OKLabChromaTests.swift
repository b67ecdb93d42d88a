import Kernels
import TestSupport
import Testing

@Suite struct OKLabChromaTests {
  /// The chroma of the corners of the sRGB cube in B. Ottosson's own conversion, as printed on his page and in CSS
  /// Color 4.
  @Test("The corners of sRGB have the published chroma, and greys have none")
  func corners() {
    let colors: [(bytes: [UInt8], chroma: Double)] = [
      ([255, 0, 0], 0.25768), ([0, 255, 0], 0.29483), ([0, 0, 255], 0.31321), ([255, 255, 0], 0.21101),
      ([0, 255, 255], 0.15455), ([255, 0, 255], 0.32249), ([255, 255, 255], 0), ([0, 0, 0], 0), ([7, 7, 7], 0),
    ]
    let bytes = colors.flatMap(\.bytes)
    let output = guarded([], count: colors.count) { _, target in
      OKLabChroma.forward(bytes, pixels: colors.count, output: target)
    }
    // Published with five digits.
    for (value, color) in zip(output, colors) { #expect(abs(Double(value) - color.chroma) < 2e-5, "\(color)") }
  }
}
