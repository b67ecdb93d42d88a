import Foundation

/// A sound server of its own with one output that nobody hears: a running PulseAudio with a null sink. Only programs of
/// this user can use it.
package final class GameSound: Sendable {
  private static let patience = 10.0
  private static let log = "sound.log"

  /// The address of the server, for `PULSE_SERVER`.
  package var server: String { "unix:\(folder.file("native"))" }
  /// The name of the source that has what programs play.
  package let source = "game.monitor"

  private let program: SupervisedProgram
  private let folder: PrivateFolder

  /// Starts a sound server and waits until it is ready.
  ///
  /// - Throws: ``GameError``.
  package init() throws(GameError) {
    let daemon = try ProgramPath.find("pulseaudio", package: "pulseaudio")
    let folder = try PrivateFolder()
    let program = try SupervisedProgram(
      [
        daemon, "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-level=error",
        "--log-target=stderr", "--load=module-null-sink sink_name=game rate=48000 channels=2",
        "--load=module-native-protocol-unix auth-cookie-enabled=0 socket=\(folder.file("native"))",
      ],
      environment: [
        "PATH": ProgramPath.folders, "HOME": folder.path, "XDG_RUNTIME_DIR": folder.path, "TMPDIR": folder.path,
      ],
      output: .file(folder.file(Self.log)), removing: folder.path)
    let deadline = Date(timeIntervalSinceNow: Self.patience)
    while !FileManager.default.fileExists(atPath: folder.file("native")) {
      guard program.end == nil, deadline.timeIntervalSinceNow > 0 else {
        program.stop()
        throw .notReady(name: "PulseAudio", remark: folder.lastLine(of: Self.log))
      }
      usleep(20_000)
    }
    self.program = program
    self.folder = folder
  }

  /// Ends the sound server.
  package func stop() { program.stop() }
}
