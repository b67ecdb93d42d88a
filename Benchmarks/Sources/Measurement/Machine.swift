import Console
import Foundation
import Threading

/// The machine and the build of a measurement.
public struct Machine: Codable, Sendable {
  /// The name of the processor.
  public let processor: String
  /// The number of processors that this process may use.
  public let cores: Int
  /// The instruction sets of the processor that matter here, named as in Linux: `avx2`, `fma`, `avx512f`.
  public let flags: [String]
  /// The memory in GiB.
  public let memoryGB: Double
  /// The kernel of the operating system.
  public let kernel: String
  /// The load average over the minute before the measurement. Above about 0.1, other tasks were running.
  public let load: Double
  /// The commit of the checkout that contains the program, with `+` if it has uncommitted changes; nil outside a
  /// checkout.
  public let commit: String?
  /// The output of `swift --version`; nil without a compiler on the PATH.
  public let compiler: String?
  /// Whether the build does not use AVX2 and FMA.
  public let isPortable: Bool

  /// Returns the current state of this machine. Runs `git` and `swift` if they are available.
  public static func current() -> Machine {
    let (processor, flags) = processorInfo()
    var system = utsname()
    uname(&system)
    let release = withUnsafeBytes(of: &system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    var loads = [0.0]
    getloadavg(&loads, 1)
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    var commit = output(of: ["git", "-C", folder, "rev-parse", "--short=12", "HEAD"])
    if let changes = output(of: ["git", "-C", folder, "status", "--porcelain", "--untracked-files=no"]),
      !changes.isEmpty
    {
      commit? += "+"
    }
    let compiler = output(of: ["swift", "--version"])?.split(separator: "\n").first { $0.contains("Swift version") }
    return Machine(
      processor: processor, cores: ComputePool.availableProcessors, flags: flags,
      memoryGB: (Double(ProcessInfo.processInfo.physicalMemory) / 0x1p30).rounded(significantDigits: 3),
      kernel: "Linux " + release, load: loads[0].rounded(significantDigits: 2), commit: commit,
      compiler: compiler.map(String.init), isPortable: isPortable)
  }

  #if IMPASTO_PORTABLE
    private static let isPortable = true
  #else
    private static let isPortable = false
  #endif

  private static let namedFlags = ["avx2", "fma", "avx512f", "avx512_vnni", "amx_tile"]

  /// Returns the name of the processor and those of ``namedFlags`` that it has.
  static func processorInfo(_ path: String = "/proc/cpuinfo") -> (name: String, flags: [String]) {
    var name = "unknown processor"
    var flags: Set<Substring> = []
    // Only the first processor; the others are the same.
    for line in (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? [] {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      switch parts[0].trimmingCharacters(in: .whitespaces) {
      case "model name": name = parts[1].trimmingCharacters(in: .whitespaces)
      case "flags": flags = Set(parts[1].split(separator: " "))
      default: continue
      }
      if !flags.isEmpty { break }
    }
    return (name, namedFlags.filter { flags.contains(Substring($0)) })
  }

  /// Returns the trimmed standard output of a command, or nil if it cannot be run or fails.
  private static func output(of command: [String]) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return nil }
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
