import Foundation

/// Order statistics of measured times.
public enum Statistics {
  /// The value that `fraction` of all do not exceed, by nearest rank: element `⌈fraction · n⌉` of the sorted values, counted
  /// from 1. Always one of the values; 0 if there is none.
  ///
  /// `fraction` lies in 0…1; what lies outside is taken as the nearer end.
  public static func percentile(_ values: [Double], _ fraction: Double) -> Double {
    guard !values.isEmpty else { return 0 }
    let rank = Int((min(1, max(0, fraction)) * Double(values.count)).rounded(.up))
    return values.sorted()[max(1, rank) - 1]
  }

  /// The middle value, or the mean of the two in the middle; 0 if there is none.
  public static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension Double {
  /// The nearest number with `digits` significant decimal digits: what a measurement is worth, and short in JSON.
  public func rounded(significantDigits digits: Int) -> Double {
    guard isFinite, self != 0 else { return self }
    return Double(String(format: "%.*e", max(0, digits - 1), self)) ?? self
  }
}
