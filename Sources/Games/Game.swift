import Foundation

/// A game that runs in a display, with its own sound if there is a sound server.
///
/// Its environment has only what is listed in ``environment(display:authorityFile:sound:)``. It runs at a slightly
/// lower priority than this process, which needs the processors to paint.
package final class Game: Sendable {
  private static let niceness = 5
  /// The variables of this process that the game gets as well.
  private static let inherited = ["HOME", "LANG", "LANGUAGE", "LC_ALL", "LOGNAME", "SHELL", "TZ", "USER"]

  /// The name of the program, without folders.
  package let title: String
  private let program: SupervisedProgram

  /// Starts a game.
  ///
  /// - Parameters:
  ///   - command: The program and its arguments.
  ///   - environment: The complete environment.
  /// - Throws: ``GameError`` if there is no such program or no process can be started.
  package init(_ command: [String], environment: [String: String]) throws(GameError) {
    guard let name = command.first else { throw .missingProgram(name: "", package: nil) }
    let path = try ProgramPath.find(name)
    title = (name as NSString).lastPathComponent
    let nice = try ProgramPath.find("nice", package: "coreutils")
    program = try SupervisedProgram(
      [nice, "-n", "\(Self.niceness)", path] + command.dropFirst(), environment: environment, output: .standardError)
  }

  /// How the game has ended, in one sentence; nil while it runs.
  package var ending: String? {
    switch program.end {
    case nil: nil
    case .exit(let status)?: "the game has ended with exit status \(status)"
    case .signal(let number)?: "the game has ended with signal \(number)"
    }
  }

  /// Ends the game. One that ignores SIGTERM is killed after three seconds.
  package func stop() { program.stop() }

  /// Returns the environment of a game.
  ///
  /// - Parameters:
  ///   - display: The name of its display.
  ///   - authorityFile: The file with the display's cookie; nil for that of the user.
  ///   - sound: Its sound server; nil for none.
  package static func environment(display: String, authorityFile: String?, sound: GameSound?) -> [String: String] {
    let own = ProcessInfo.processInfo.environment
    var result = own.filter { inherited.contains($0.key) }
    result["PATH"] = ProgramPath.folders
    result["DISPLAY"] = display
    result["XAUTHORITY"] = authorityFile ?? own["XAUTHORITY"]
    result["PULSE_SERVER"] = sound?.server
    result["PULSE_SINK"] = sound?.sink
    // SDL and OpenAL look for other sound servers first.
    if sound != nil {
      result["SDL_AUDIODRIVER"] = "pulseaudio"
      result["ALSOFT_DRIVERS"] = "pulse"
    }
    // The threads that draw without a graphics card: the painter needs the other processors.
    result["LP_NUM_THREADS"] = own["LP_NUM_THREADS"] ?? "\(max(1, ProcessInfo.processInfo.activeProcessorCount / 4))"
    return result
  }
}
