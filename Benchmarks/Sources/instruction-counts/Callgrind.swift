import Foundation
import Measurement
import Synchronization

/// Counts instructions by running this program under valgrind.
enum Callgrind {
  /// The functions at whose entry valgrind starts and stops counting.
  private static let (start, end) = ("*callgrindCountingStarts*", "*callgrindCountingEnds*")

  /// Returns the instructions of each of ``Workload/all`` by name.
  static func counts() throws -> [String: Int] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("impasto-instructions-\(getpid())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "valgrind", "--tool=callgrind", "--log-file=\(folder)/log", "--callgrind-out-file=\(folder)/counts",
      "--zero-before=\(start)", "--dump-before=\(end)",
      URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path, "--work",
    ]
    // The same tables and OpenBLAS kernels in every run, on every processor.
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["SWIFT_DETERMINISTIC_HASHING": "1", "OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"]
    ) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
      throw CountError(status: process.terminationStatus, log: log)
    }
    // Files are numbered from 1, in the order of the work.
    var counts: [String: Int] = [:]
    for (index, work) in Workload.all.enumerated() {
      let text = try String(contentsOfFile: "\(folder)/counts.\(index + 1)", encoding: .utf8)
      guard let line = text.split(separator: "\n").last(where: { $0.hasPrefix("totals: ") }),
        let count = Int(line.dropFirst("totals: ".count))
      else { throw CountError(status: 0, log: "no total for '\(work.name)'") }
      counts[work.name] = count
    }
    return counts
  }

  /// Does each piece of work twice: once to warm up and once to be counted.
  static func doWork(done: (Int) -> Void) throws {
    for (index, workload) in Workload.all.enumerated() {
      let work = try workload.prepare()
      try work()
      callgrindCountingStarts(index)
      try work()
      callgrindCountingEnds(index)
      done(index + 1)
    }
  }

  /// valgrind is missing or failed.
  struct CountError: Error, CustomStringConvertible {
    let status: Int32
    let log: String

    var description: String {
      if status == 127 { return "valgrind is not on the PATH" }
      let lines = log.split(separator: "\n").map { line in String(line.drop { $0 == "=" || $0.isNumber }) }
      return "valgrind did not count (status \(status)): "
        + lines.filter { $0.count > 1 }.suffix(3).joined(separator: ";")
    }
  }
}

/// The number of the current work. It is a side effect, so that the two functions are not optimised away.
private let current = Atomic<Int>(0)

@inline(never)
private func callgrindCountingStarts(_ index: Int) { current.store(index, ordering: .relaxed) }

@inline(never)
private func callgrindCountingEnds(_ index: Int) { current.store(-index, ordering: .relaxed) }
