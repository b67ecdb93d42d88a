import Foundation

/// An output for sound that nobody hears (a null sink), for one game: that of a PulseAudio of its own, which only
/// programs of this user can use, or else one in the sound server of the user, PipeWire or PulseAudio.
package final class GameSound: Sendable {
  private static let patience = 10.0
  private static let log = "sound.log"
  private static let format = "rate=48000 channels=2"

  /// The address of the sound server, for `PULSE_SERVER`.
  package let server: String
  /// The name of the output, for `PULSE_SINK`.
  package let sink: String
  /// The name of the source that has what programs play.
  package var source: String { "\(sink).monitor" }

  private let program: SupervisedProgram
  private let folder: PrivateFolder

  /// Makes an output and waits until it is ready.
  ///
  /// - Throws: ``GameError``, that of PulseAudio if there is no sound server of the user either.
  package convenience init() throws(GameError) {
    let missing: GameError
    do throws(GameError) {
      try self.init(daemon: ProgramPath.find("pulseaudio", package: "pulseaudio"))
      return
    } catch {
      guard case .missingProgram = error else { throw error }
      missing = error
    }
    guard let control = try? ProgramPath.find("pactl"), let server = Self.ownServer(control) else { throw missing }
    try self.init(control: control, server: server)
  }

  /// Starts a PulseAudio.
  private init(daemon: String) throws(GameError) {
    let folder = try PrivateFolder()
    let socket = folder.file("native")
    sink = "game"
    let program = try SupervisedProgram(
      [
        daemon, "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-level=error",
        "--log-target=stderr", "--load=module-null-sink sink_name=game \(Self.format)",
        "--load=module-native-protocol-unix auth-cookie-enabled=0 socket=\(socket)",
      ],
      environment: [
        "PATH": ProgramPath.folders, "HOME": folder.path, "XDG_RUNTIME_DIR": folder.path, "TMPDIR": folder.path,
      ],
      output: .file(folder.file(Self.log)), removing: folder.path)
    let deadline = Date(timeIntervalSinceNow: Self.patience)
    while !FileManager.default.fileExists(atPath: socket) {
      guard program.end == nil, deadline.timeIntervalSinceNow > 0 else {
        program.stop()
        throw .notReady(name: "PulseAudio", remark: folder.lastLine(of: Self.log))
      }
      usleep(20_000)
    }
    server = "unix:\(socket)"
    self.program = program
    self.folder = folder
  }

  /// `$0` is the client of the sound server, `$1` the output's name, `$2` its format. The output goes with the script.
  private static let script = #"""
    module=$("$0" load-module module-null-sink "sink_name=$1" $2) || exit 1
    trap '"$0" unload-module "$module"; exit 0' TERM
    echo "$module" >&3
    while :; do sleep 3600 3>&- & wait; done
    """#

  /// Makes an output in the sound server of the user.
  private init(control: String, server: String) throws(GameError) {
    let folder = try PrivateFolder()
    sink = "impasto-\(ProcessInfo.processInfo.processIdentifier)"
    var environment = ProcessInfo.processInfo.environment
    environment["PULSE_SERVER"] = server
    let program = try SupervisedProgram(
      ["/bin/sh", "-c", Self.script, control, sink, Self.format], environment: environment,
      output: .file(folder.file(Self.log)), removing: folder.path)
    guard program.answer(within: Self.patience) != nil else {
      program.stop()
      throw .notReady(name: "an output of the sound server", remark: folder.lastLine(of: Self.log))
    }
    self.server = server
    self.program = program
    self.folder = folder
  }

  /// Returns the address of the user's sound server; nil if none runs.
  private static func ownServer(_ control: String) -> String? {
    guard let folder = try? PrivateFolder() else { return nil }
    let question = #"LC_ALL=C "$0" info | sed -n 's/^Server String: //p' >&3"#
    let program = try? SupervisedProgram(
      ["/bin/sh", "-c", question, control], environment: ProcessInfo.processInfo.environment,
      output: .file(folder.file(log)))
    defer { program?.stop() }
    guard let name = program?.answer(within: patience), !name.isEmpty else { return nil }
    return name.hasPrefix("/") ? "unix:\(name)" : name
  }

  /// Ends the output, and the sound server if it is that of the game.
  package func stop() { program.stop() }
}
