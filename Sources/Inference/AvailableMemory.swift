import Foundation

/// What the system can still give without swapping.
public enum AvailableMemory {
  /// Bytes that a plan leaves to the pictures, to decoders and to other programs.
  private static let reserve = 256 << 20

  /// Bytes that a plan may take: `MemAvailable` of `/proc/meminfo` less a reserve; nil where the system does not tell.
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
