import ArgumentParser
import Foundation

/// Runs this program again, in a process whose memory is its own.
struct ChildProcess {
  /// Runs it with `arguments` to its end and returns what it printed on standard output; its errors appear on ours.
  ///
  /// Throws an `ExitCode` for the child's exit status: it has said itself what was wrong.
  static func run(_ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let status = process.terminationStatus
    if process.terminationReason == .uncaughtSignal {
      throw ChildError(arguments: arguments, signal: status)
    }
    guard status == 0 else { throw ExitCode(status) }
    return output
  }
}

/// A signal ended the child: for want of memory, perhaps.
struct ChildError: Error, CustomStringConvertible {
  let arguments: [String]
  let signal: Int32

  var description: String {
    "the measurement '\(arguments.joined(separator: " "))' was ended by signal \(signal)"
      + (signal == SIGKILL ? ", perhaps for want of memory" : "")
  }
}
