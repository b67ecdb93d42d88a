import ArgumentParser
import Foundation

/// Runs this program again in a separate process with its own memory.
struct ChildProcess {
  /// Runs the program with `arguments` to completion and returns its standard output. Its errors go to this process's
  /// standard error.
  ///
  /// - Throws: `ExitCode` with the child's exit status if it fails; the child has already printed the error.
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

/// A signal ended the child, possibly because the system ran out of memory.
struct ChildError: Error, CustomStringConvertible {
  let arguments: [String]
  let signal: Int32

  var description: String {
    "the measurement '\(arguments.joined(separator: " "))' was terminated by signal \(signal)"
      + (signal == SIGKILL ? ", possibly because the system ran out of memory" : "")
  }
}
