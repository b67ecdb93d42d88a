/// Describes why a game, its display or its sound cannot be started or used.
package enum GameError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A program is missing. `package` is the Debian package that has it; nil if unknown.
  case missingProgram(name: String, package: String?)
  /// A program has ended or says nothing when it should be ready. `remark` is the last line that it wrote.
  case notReady(name: String, remark: String)
  /// A call of the system has failed.
  case system(operation: String, reason: String)
  /// There is no display to use.
  case noDisplay(name: String)
  /// libxcb-xtest is not installed.
  case missingLibrary
  /// The display does not take input from programs.
  case noInput(display: String)
  /// The connection to the display is lost.
  case displayLost

  /// The error message, one sentence.
  package var description: String {
    switch self {
    case .missingProgram(let name, let package?):
      "\(name) is not installed; it is in Debian's package '\(package)'"
    case .missingProgram(let name, nil): "there is no program '\(name)'"
    case .notReady(let name, let remark): "\(name) does not start\(remark.isEmpty ? "" : ": \(remark)")"
    case .system(let operation, let reason): "cannot \(operation): \(reason)"
    case .noDisplay(let name):
      name.isEmpty
        ? "there is no display to use: DISPLAY is not set" : "the display \(name) cannot be opened"
    case .missingLibrary: "sending input needs libxcb-xtest, Debian's package 'libxcb-xtest0'"
    case .noInput(let display): "the display \(display) lacks the XTEST extension and takes no input from programs"
    case .displayLost: "the display has ended"
    }
  }
}
