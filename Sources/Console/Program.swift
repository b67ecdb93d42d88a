import ArgumentParser
import Foundation
import Logging

/// Runs a command: parses the arguments, runs it, and reports how it ended.
///
/// The exit status is 0 for success, help and version, 1 for a runtime error, and 2 for invalid usage.
public enum Program {
  /// The version of all commands, which `--version` prints.
  public static let version = "0.1.0"

  /// The name of the running program, without its folder.
  package static var name: String {
    let path = CommandLine.arguments.first ?? "impasto"
    return path.split(separator: "/").last.map(String.init) ?? path
  }

  /// Runs `command` with the process's arguments and ends the process.
  ///
  /// Ignores SIGPIPE and SIGXFSZ, so that a failed write is an ordinary error, and sends the warnings of every `Logger`
  /// to standard error.
  public static func run(_ command: any ParsableCommand.Type) -> Never {
    InterruptFlag.ignoreFailedWrites()
    LoggingSystem.bootstrap { _ in WarningLogHandler(program: name, output: .standardError) }
    var outcome =
      unreadableArgument().map { Outcome(exitCode: 2, standardError: "\(name): \($0)") }
      ?? outcome(of: command, arguments: Array(CommandLine.arguments.dropFirst()))
    do {
      if !outcome.standardOutput.isEmpty { try StandardOutput.write(outcome.standardOutput) }
    } catch {
      outcome = Outcome(exitCode: 1, standardError: "\(name): \(error)")
    }
    ConsoleOutput.standardError.clearStatus()
    if !outcome.standardError.isEmpty { ConsoleOutput.standardError.printLine(outcome.standardError) }
    exit(outcome.exitCode)
  }

  /// Describes the first argument that is not UTF-8; nil if all are. Swift's strings hold nothing else, so the file
  /// that such an argument names cannot be opened by its name.
  private static func unreadableArgument() -> String? {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let text = CommandLine.unsafeArgv[index] else { continue }
      if let fault = unreadableArgument(Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))) {
        return fault
      }
    }
    return nil
  }

  /// Returns nil if `argument` is UTF-8, otherwise one sentence.
  package static func unreadableArgument(_ argument: [UInt8]) -> String? {
    guard String(validating: argument, as: UTF8.self) == nil else { return nil }
    let shown = argument.map { (0x20..<0x7f).contains($0) ? String(UnicodeScalar($0)) : String(format: "\\x%02x", $0) }
    return "expected UTF-8, found '\(shown.joined())': rename the file or the folder, or read and write through '-' or "
      + "/dev/stdin with redirection"
  }

  /// The text that a command leaves to print, and its exit status.
  package struct Outcome: Equatable, Sendable {
    /// The exit status: 0, 1 or 2, or the value of an `ExitCode` that the command threw.
    package let exitCode: Int32
    /// The text for standard output, including the final newline; often empty.
    package let standardOutput: String
    /// The text for standard error, without a final newline; often empty.
    package let standardError: String

    /// Creates an outcome.
    package init(exitCode: Int32, standardOutput: String = "", standardError: String = "") {
      self.exitCode = exitCode
      self.standardOutput = standardOutput
      self.standardError = standardError
    }
  }

  /// Parses `arguments`, runs the command and returns its outcome, without ending the process.
  package static func outcome(of command: any ParsableCommand.Type, arguments: [String]) -> Outcome {
    do {
      var parsed = try command.parseAsRoot(arguments)
      try parsed.run()
      return Outcome(exitCode: 0)
    } catch {
      return outcome(of: command, error: error)
    }
  }

  private static func outcome(of command: any ParsableCommand.Type, error: any Error) -> Outcome {
    let programName = command.configuration.commandName ?? name
    let status = command.exitCode(for: error)
    if let status = error as? ExitCode {
      return Outcome(exitCode: status.rawValue)
    }
    if status.isSuccess {
      return Outcome(exitCode: 0, standardOutput: command.message(for: error) + "\n")
    }
    if status == .validationFailure {
      let sentence = sentence(from: command.message(for: error), lowercasingFirst: true)
      let usage = command.usageString().split(separator: "\n").first.map { "\nUsage: \($0)" } ?? ""
      return Outcome(
        exitCode: 2,
        standardError: "\(programName): \(sentence)\(usage)\nSee '\(programName) --help' for more information.")
    }
    return Outcome(
      exitCode: 1, standardError: "\(programName): \(sentence(from: description(of: error)))")
  }

  private static func description(of error: any Error) -> String {
    if let text = (error as? any LocalizedError)?.errorDescription { return text }
    // Foundation's errors describe themselves as a dump of their fields.
    if error is CocoaError || type(of: error) is NSError.Type { return error.localizedDescription }
    return String(describing: error)
  }

  /// Returns `text` on one line, starting in lower case if it follows the program's name.
  private static func sentence(from text: String, lowercasingFirst: Bool = false) -> String {
    let line = text.split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .joined(separator: " ")
    guard lowercasingFirst, let first = line.first, line.dropFirst().first?.isLowercase == true else { return line }
    return first.lowercased() + line.dropFirst()
  }
}
