import Foundation

/// Counts of durations in bins that widen with the value, so that percentiles of any number of them take the same
/// memory.
public struct DurationHistogram: Sendable {
  /// Each bin reaches from its lower end to 1 % above: the error of a percentile.
  private static let growth = 1.01
  /// From a microsecond to about an hour: `log(3.6e9) / log(growth)`.
  private static let binCount = 2212

  private var bins = [Int](repeating: 0, count: binCount)
  /// The number of durations counted.
  public private(set) var count = 0

  /// An empty histogram.
  public init() {}

  /// Counts one duration.
  public mutating func add(milliseconds: Double) {
    let index = milliseconds > 1e-3 ? log(milliseconds * 1000) / log(Self.growth) : 0
    bins[Int(min(index, Double(Self.binCount - 1)))] += 1
    count += 1
  }

  /// The duration in milliseconds that `fraction` of all do not exceed, within 1 %; 0 if there is none.
  public func percentile(_ fraction: Double) -> Double {
    guard count > 0 else { return 0 }
    let rank = max(1, Int((min(1, max(0, fraction)) * Double(count)).rounded(.up)))
    var seen = 0
    for (index, number) in bins.enumerated() {
      seen += number
      // The middle of the bin, in the sense of ratios.
      if seen >= rank { return pow(Self.growth, Double(index) + 0.5) / 1000 }
    }
    return 0
  }
}
