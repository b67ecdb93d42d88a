import Measurement
import Testing

@Suite struct StatisticsTests {
  @Test func percentilesUseNearestRank() {
    let values = (1...100).map(Double.init).shuffled()
    #expect(Statistics.percentile(values, 0.5) == 50)
    #expect(Statistics.percentile(values, 0.95) == 95)
    #expect(Statistics.percentile(values, 0.99) == 99)
    #expect(Statistics.percentile(values, 1) == 100)
    #expect(Statistics.percentile(values, 0) == 1)
    #expect(Statistics.percentile([3, 1, 2], 0.5) == 2)
    // With few values, the high percentiles are the maximum.
    #expect(Statistics.percentile([3, 1, 2], 0.95) == 3)
    #expect(Statistics.percentile([7], 0.5) == 7)
    #expect(Statistics.percentile([], 0.5) == 0)
    #expect(Statistics.percentile([1, 2], 2) == 2 && Statistics.percentile([1, 2], -1) == 1)
  }

  @Test func medianIsTheMiddle() {
    #expect(Statistics.median([5, 1, 9]) == 5)
    #expect(Statistics.median([4, 1, 9, 2]) == 3)
    #expect(Statistics.median([]) == 0)
  }

  @Test(arguments: [
    (1234.567, 4, 1235.0), (0.001234, 2, 0.0012), (-98.76, 3, -98.8), (0, 3, 0), (.infinity, 3, .infinity),
  ])
  func roundingKeepsDigits(value: Double, digits: Int, expected: Double) {
    #expect(value.rounded(significantDigits: digits) == expected)
  }
}
