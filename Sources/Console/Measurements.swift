import Foundation
import Threading

/// The peak memory use of this process.
public enum PeakMemory {
  /// The peak resident set size in units of 2^20 bytes.
  ///
  /// Taken from `VmHWM` in `/proc/self/status`. The fallback, `getrusage`, also counts the memory that the process used
  /// before `exec`.
  public static var megabytes: Double {
    if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(separator: " ").compactMap({ Double($0) }).first
    {
      return kilobytes / 1024
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}

extension Duration {
  /// The duration rounded to seconds, such as `0:07`, `12:05` and `1:02:03`.
  package var clockText: String {
    let total = Int(max(0, seconds.rounded()))
    let rest = twoDigits(total % 60)
    let minutes = total / 60 % 60
    let hours = total / 3600
    return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(rest)" : "\(minutes):\(rest)"
  }
}

private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
