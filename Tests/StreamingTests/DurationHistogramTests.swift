import Streaming
import Testing

@Suite struct DurationHistogramTests {
  @Test func percentilesAreWithinOnePercent() {
    var histogram = DurationHistogram()
    #expect(histogram.percentile(0.5) == 0)
    for value in 1...1000 { histogram.add(milliseconds: Double(value)) }
    #expect(histogram.count == 1000)
    // The bins are 1 % wide.
    for fraction in [0.01, 0.5, 0.95, 1] {
      #expect(abs(histogram.percentile(fraction) / (1000 * fraction) - 1) < 0.01)
    }
  }

  @Test func extremesAreCounted() {
    var histogram = DurationHistogram()
    for value in [0, -1, 1e-9, 1e12, Double.infinity] { histogram.add(milliseconds: value) }
    #expect(histogram.count == 5)
    #expect(histogram.percentile(0) > 0 && histogram.percentile(1) < .infinity)
  }
}
