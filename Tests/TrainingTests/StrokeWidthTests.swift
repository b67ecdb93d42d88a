import Imaging
import Testing
import Training

@Suite struct StrokeWidthTests {
  /// Strokes of 1 to 12 % of the short side. Those next to one another are now and then of nearly one colour, and what shows of a stroke is
  /// narrower than the whole: a fifth of the width is within what one picture tells.
  @Test(arguments: [0.01, 0.02, 0.04, 0.08]) func widthsAreFound(width: Double) {
    let picture = SyntheticStrokes.picture(width: 640, height: 512, strokeWidth: width * 512)
    let measured = StrokeWidth.measure(picture)
    print("width", width, measured)
    #expect(abs(measured / width - 1) < 0.2, "\(measured)")
  }

  @Test func patternsOfHalfAPaintingAreCoarse() {
    let picture = SyntheticStrokes.picture(width: 512, height: 512, strokeWidth: 300)
    #expect(StrokeWidth.measure(picture) > 1 / 3.0)
    let halves = Picture(
      width: 64, height: 48, pixels: (0..<64 * 48).flatMap { [UInt8](repeating: $0 % 64 < 32 ? 20 : 220, count: 3) })
    #expect(StrokeWidth.measure(halves) > 1 / 3.0)
    #expect(StrokeWidth.measure(Picture(width: 50, height: 40, red: 7, green: 8, blue: 9)) == 1)
  }

  @Test(arguments: [0.008, 0.02, 0.05]) func aLargerScanOfOnePaintingHasTheSameStrokes(width: Double) {
    let large = SyntheticStrokes.picture(width: 1280, height: 1024, strokeWidth: width * 1024)
    let (whole, half) = (StrokeWidth.measure(large), StrokeWidth.measure(large.resized(shortSide: 512)))
    #expect(abs(half / whole - 1) < 0.15, "\(half) against \(whole)")
    // Turned by a quarter, strokes are as wide.
    let turned = StrokeWidth.measure(large.oriented(.quarterTurnClockwise))
    #expect(abs(turned / whole - 1) < 0.05, "\(turned) against \(whole)")
  }

  @Test func theLeastPicturesHaveAnAnswer() {
    for (width, height) in [(1, 1), (1, 9), (2, 2), (32, 33)] {
      let measured = StrokeWidth.measure(SyntheticStrokes.picture(width: width, height: height, strokeWidth: 3))
      #expect(measured > 0 && measured <= 1, "\(width)×\(height)")
    }
  }
}
