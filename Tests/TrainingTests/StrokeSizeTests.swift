import Networks
import Testing
import Training

@Suite struct StrokeSizeTests {
  @Test func aTypicalPaintingHasTheSizeOfTheCanvas() {
    #expect(StrokeSize.medium.lines(canvasLines: 256, strokeWidth: 0.02, scanLines: 1000) == 256)
    #expect(StrokeSize.medium.lines(canvasLines: 360, strokeWidth: 0.02, scanLines: 1000) == 360)
    #expect(StrokeSize.small.lines(canvasLines: 256, strokeWidth: 0.02, scanLines: 1000) == 179)
    #expect(StrokeSize.large.lines(canvasLines: 256, strokeWidth: 0.02, scanLines: 1000) == 358)
    // A small scan does not limit large strokes.
    #expect(StrokeSize.large.lines(canvasLines: 256, strokeWidth: 0.02, scanLines: 100) == 358)
  }

  @Test func fineStrokesAreEnlargedUntilTheyAreVisible() {
    // Strokes of 0.6 % are 2 pixels wide at 333 lines, those of 0.1 % at 2000 lines. The limits are twice the canvas
    // and the scan.
    #expect(StrokeSize.medium.lines(canvasLines: 256, strokeWidth: 0.006, scanLines: 1000) == 333)
    #expect(StrokeSize.medium.lines(canvasLines: 256, strokeWidth: 0.001, scanLines: 1000) == 512)
    #expect(StrokeSize.medium.lines(canvasLines: 256, strokeWidth: 0.001, scanLines: 300) == 300)
    #expect(StrokeSize.medium.lines(canvasLines: 256, strokeWidth: 0.001, scanLines: 50) == 256)
    #expect(StrokeSize.small.lines(canvasLines: 256, strokeWidth: 0.006, scanLines: 1000) == 233)
    #expect(StrokeSize.large.lines(canvasLines: 256, strokeWidth: 0.006, scanLines: 1000) == 358)
    #expect(StrokeSize.medium.lines(canvasLines: 256, strokeWidth: 0, scanLines: 1000) == 512)
  }

  @Test func coarsePatternsAreNotEnlarged() {
    #expect(StrokeSize.large.lines(canvasLines: 256, strokeWidth: 0.4, scanLines: 1000) == 256)
    #expect(StrokeSize.medium.lines(canvasLines: 256, strokeWidth: 1, scanLines: 1000) == 256)
    #expect(StrokeSize.small.lines(canvasLines: 256, strokeWidth: 0.4, scanLines: 1000) == 179)
  }

  @Test func linesNeverIncreaseWithTheStrokeWidth() {
    for size in StrokeSize.allCases {
      let lines = (1...100).map { size.lines(strokeWidth: Double($0) / 100, scanLines: 800) }
      #expect(lines == lines.sorted(by: >), "\(size)")
    }
  }
}
