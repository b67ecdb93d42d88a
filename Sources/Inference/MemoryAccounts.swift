import FoundationEssentials
import Glibc

/// What the kernel reports about memory, in bytes that are left; nil for what it does not report or limit.
package struct MemoryAccounts {
  /// `MemAvailable` of `/proc/meminfo`.
  package var machine: Int?
  /// The limit of the address space minus its size.
  package var addressSpace: Int?
  /// The limit of the data segments minus their size.
  package var data: Int?
  /// The least that the control groups of the process leave, in version 1 or 2.
  package var controlGroups: Int?

  private let root: String

  /// Reads the accounts of this process.
  ///
  /// - Parameter root: The folder in which to look for `proc` and `sys`. It does not affect the limits of the process.
  package init(root: String = "") {
    self.root = root
    machine = number("MemAvailable", in: "/proc/meminfo").map { $0 * 1024 }
    addressSpace = Self.limit(RLIMIT_AS).flatMap { limit in
      number("VmSize", in: "/proc/self/status").map { limit - $0 * 1024 }
    }
    data = Self.limit(RLIMIT_DATA).flatMap { limit in
      number("VmData", in: "/proc/self/status").map { limit - $0 * 1024 }
    }
    controlGroups = leftByControlGroups()
  }

  private static func limit(_ resource: __rlimit_resource) -> Int? {
    var value = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &value) == 0 else { return nil }
    return Int(exactly: value.rlim_cur)
  }

  private func text(_ path: String) -> String? { try? String(contentsOfFile: root + path, encoding: .utf8) }

  /// Returns the number behind `key`, which a colon or a blank follows.
  private func number(_ key: String, in path: String) -> Int? {
    for line in (text(path) ?? "").split(separator: "\n") where line.hasPrefix(key) {
      let words = line.split { $0 == " " || $0 == ":" || $0 == "\t" }
      if words.count >= 2, words[0] == key { return Int(words[1]) }
    }
    return nil
  }

  private func onlyNumber(_ path: String) -> Int? {
    text(path).flatMap { Int($0.filter { !$0.isWhitespace }) }
  }

  private func leftByControlGroups() -> Int? {
    var left: [Int] = []
    for line in (text("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let group = String(parts[2])
      if parts[1].isEmpty {
        for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
          left += ancestors(of: group).compactMap { folder in
            let path = mount + folder
            let limits = ["memory.max", "memory.high"].compactMap { onlyNumber("\(path)/\($0)") }
            return limits.min().flatMap {
              remainder($0, path, usage: "memory.current", reclaimable: "inactive_file")
            }
          }
        }
      } else if parts[1].split(separator: ",").contains("memory") {
        left += ancestors(of: group).compactMap { folder in
          let path = "/sys/fs/cgroup/memory" + folder
          return onlyNumber("\(path)/memory.limit_in_bytes").flatMap {
            remainder($0, path, usage: "memory.usage_in_bytes", reclaimable: "total_inactive_file")
          }
        }
      }
    }
    return left.min()
  }

  /// Returns the limit minus the usage. Usage includes files in the cache, which the kernel drops when it needs to.
  private func remainder(_ limit: Int, _ path: String, usage: String, reclaimable: String) -> Int? {
    guard let used = onlyNumber("\(path)/\(usage)") else { return nil }
    return limit - max(0, used - (number(reclaimable, in: "\(path)/memory.stat") ?? 0))
  }

  /// Returns the folders of a group and of all groups around it. In a container, the file system shows only some.
  private func ancestors(of group: String) -> [String] {
    var folders = [""]
    for name in group.split(separator: "/") where name != ".." {
      folders.append("\(folders[folders.count - 1])/\(name)")
    }
    return folders
  }
}
