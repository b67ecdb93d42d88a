import Foundation

/// A histogram of durations with logarithmic bins. It estimates percentiles in constant memory.
package struct DurationHistogram: Sendable {
  /// The ratio of adjacent bin edges. Bins are 1 % wide, which is the error of a percentile.
  private static let growth = 1.01
  /// Covers one microsecond to about one hour: `log(3.6e9) / log(growth)`.
  private static let binCount = 2212

  private var bins = [Int](repeating: 0, count: binCount)
  /// The number of durations counted.
  package private(set) var count = 0

  /// Creates an empty histogram.
  package init() {}

  /// Adds a duration.
  package mutating func add(milliseconds: Double) {
    let index = milliseconds > 1e-3 ? log(milliseconds * 1000) / log(Self.growth) : 0
    bins[Int(min(index, Double(Self.binCount - 1)))] += 1
    count += 1
  }

  /// Returns the duration in milliseconds that a `fraction` of all durations do not exceed, within 1 %; 0 if the
  /// histogram is empty.
  package func percentile(_ fraction: Double) -> Double {
    guard count > 0 else { return 0 }
    let rank = max(1, Int((min(1, max(0, fraction)) * Double(count)).rounded(.up)))
    var seen = 0
    for (index, number) in bins.enumerated() {
      seen += number
      // The geometric centre of the bin.
      if seen >= rank { return pow(Self.growth, Double(index) + 0.5) / 1000 }
    }
    return 0
  }
}
