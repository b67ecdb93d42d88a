import Foundation
import Threading

/// The memory that this process has held at most.
public enum PeakMemory {
  /// The largest resident set so far, in units of 2^20 bytes.
  ///
  /// From `VmHWM` of `/proc/self/status`; `getrusage`, the fallback, also counts what the process was before `exec`.
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
  /// The length rounded to seconds, as on a clock: `0:07`, `12:05`, `1:02:03`.
  public var clockText: String {
    let total = Int(max(0, seconds.rounded()))
    let rest = twoDigits(total % 60)
    let minutes = total / 60 % 60
    let hours = total / 3600
    return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(rest)" : "\(minutes):\(rest)"
  }
}

private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
