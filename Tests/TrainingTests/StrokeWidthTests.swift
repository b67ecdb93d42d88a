import Imaging
import Testing
import Training

@Suite struct StrokeWidthTests {
  /// Strokes of 1 to 8 % of the short side. The tolerance is a quarter of the width, because strokes overlap and some
  /// neighbours have nearly the same colour.
  @Test(arguments: [0.01, 0.02, 0.04, 0.08]) func widthsAreMeasured(width: Double) {
    let picture = SyntheticStrokes.picture(width: 640, height: 512, strokeWidth: width * 512)
    let measured = StrokeWidth.measure(picture)
    #expect(abs(measured / width - 1) < 0.25, "\(measured)")
  }

  @Test func patternsOfHalfAPaintingAreCoarse() {
    let halves = Picture(
      width: 64, height: 48, pixels: (0..<64 * 48).flatMap { [UInt8](repeating: $0 % 64 < 32 ? 20 : 220, count: 3) })
    #expect(StrokeWidth.measure(halves) > 1 / 3.0)
    let disc = Picture(
      width: 90, height: 80,
      pixels: (0..<90 * 80).flatMap { index -> [UInt8] in
        let (x, y) = (index % 90 - 45, index / 90 - 40)
        return [UInt8](repeating: x * x + y * y < 28 * 28 ? 20 : 220, count: 3)
      })
    #expect(StrokeWidth.measure(disc) > 1 / 3.0)
    #expect(StrokeWidth.measure(Picture(width: 50, height: 40, red: 7, green: 8, blue: 9)) == 1)
  }

  @Test(arguments: [0.008, 0.02, 0.05]) func theSizeOfTheScanDoesNotMatter(width: Double) {
    let large = SyntheticStrokes.picture(width: 1280, height: 1024, strokeWidth: width * 1024)
    let (whole, half) = (StrokeWidth.measure(large), StrokeWidth.measure(large.resized(shortSide: 512)))
    #expect(abs(half / whole - 1) < 0.15, "\(half) against \(whole)")
    // Rotation by 90 degrees does not change the width.
    let turned = StrokeWidth.measure(large.oriented(.quarterTurnClockwise))
    #expect(abs(turned / whole - 1) < 0.05, "\(turned) against \(whole)")
  }

  @Test func tinyPicturesGiveAValidWidth() {
    for (width, height) in [(1, 1), (1, 9), (2, 2), (32, 33)] {
      let measured = StrokeWidth.measure(SyntheticStrokes.picture(width: width, height: height, strokeWidth: 3))
      #expect(measured > 0 && measured <= 1, "\(width)×\(height)")
    }
  }
}
