import Foundation

/// Order statistics of measured times.
public enum Statistics {
  /// Returns the value that a `fraction` of all values do not exceed, by nearest rank: element `⌈fraction · n⌉` of the
  /// sorted values, counted from 1. It is always one of the values, or 0 if there are none.
  ///
  /// `fraction` is clamped to 0…1.
  public static func percentile(_ values: [Double], _ fraction: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let rank = Int((min(1, max(0, fraction)) * Double(values.count)).rounded(.up))
    return values.sorted()[max(1, rank) - 1]
  }

  /// Returns the middle value, or the mean of the two middle values; 0 if there are none.
  public static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension Double {
  /// Returns the nearest number with `digits` significant decimal digits, which matches the precision of a measurement
  /// and is short in JSON.
  public func rounded(significantDigits digits: Int) -> Double {
    guard isFinite, self != 0 else { return self }
    return Double(String(format: "%.*e", max(0, digits - 1), self)) ?? self
  }
}
