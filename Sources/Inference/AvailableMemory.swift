import Foundation

/// The memory that the system can provide without swapping.
public enum AvailableMemory {
  /// The bytes that a plan leaves to pictures, decoders and other programs.
  private static let reserve = 256 << 20

  /// Returns the bytes that a plan may use: `MemAvailable` of `/proc/meminfo` minus a reserve, or nil if the system
  /// does not report it.
  public static func forPlan() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let kilobytes = Int(words[1]) else { return nil }
      return max(0, kilobytes * 1024 - reserve)
    }
    return nil
  }
}
