import Foundation
import Games
import TestSupport
import Testing

@Suite struct GameTests {
  private static let environment = ["PATH": "/usr/bin:/bin", "MARK": "a value"]

  /// Waits for `condition`, up to a minute on a very busy machine.
  private func wait(until condition: () -> Bool) {
    for _ in 0..<1200 where !condition() { usleep(50_000) }
  }

  private func shell(_ script: String) throws -> Game {
    try Game(["sh", "-c", script], environment: Self.environment)
  }

  @Test(arguments: [
    ("exit 0", "the game has ended with exit status 0"), ("exit 3", "the game has ended with exit status 3"),
    ("kill -SEGV $$", "the game has ended with signal 11"),
  ])
  func theEndOfAGameIsReported(script: String, ending: String) throws {
    let game = try shell(script)
    wait { game.ending != nil }
    #expect(game.ending == ending && game.title == "sh")
    game.stop()
  }

  @Test func aGameHasTheGivenEnvironmentOnly() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("variables")
    let game = try shell("env > '\(file)'; exit 0")
    wait { game.ending != nil }
    let lines = String(decoding: try folder.bytes(of: "variables"), as: UTF8.self).split(separator: "\n")
    let names = Set(lines.compactMap { $0.split(separator: "=").first.map(String.init) })
    // The shells add the others.
    #expect(names.subtracting(["PWD", "OLDPWD", "SHLVL", "_"]) == ["PATH", "MARK"])
    #expect(lines.contains("MARK=a value"))
  }

  @Test func theEnvironmentNamesDisplayAndSound() {
    let variables = Game.environment(display: ":7", authorityFile: "/cookie", sound: nil)
    #expect(variables["DISPLAY"] == ":7" && variables["XAUTHORITY"] == "/cookie")
    #expect(variables["PULSE_SERVER"] == nil && variables["SDL_AUDIODRIVER"] == nil)
    #expect(variables["PATH"]?.split(separator: ":").contains("/usr/games") == true)
    // Nothing that leads to other displays or sound servers of the user.
    for name in ["WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] { #expect(variables[name] == nil) }
  }

  @Test func aMissingProgramIsNamed() {
    #expect(throws: GameError.missingProgram(name: "no-such-game", package: nil)) {
      try Game(["no-such-game"], environment: [:])
    }
    #expect("\(GameError.missingProgram(name: "Xvfb", package: "xvfb"))".contains("Debian's package 'xvfb'"))
  }

  /// A game and a child of it, both of which ignore that they should end.
  @Test func aGameThatIgnoresTheRequestToEndIsKilled() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("processes")
    let script = "trap '' TERM; echo $$ >> '\(file)'; while :; do sleep 1; done"
    let game = try shell("(\(script.replacing("$$", with: "$(exec sh -c 'echo $PPID')"))) & \(script)")
    func processes() -> [Int32] {
      let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
      return text.split(separator: "\n").compactMap { Int32($0) }
    }
    wait { processes().count == 2 }
    let found = processes()
    #expect(found.count == 2 && found.allSatisfy { kill($0, 0) == 0 })
    game.stop()
    // A killed process stays until its parent, or the system, has noticed.
    func isRunning(_ process: Int32) -> Bool {
      let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
      return !status.isEmpty && !status.contains(") Z ")
    }
    wait { !found.contains(where: isRunning) }
    #expect(!found.contains(where: isRunning))
    #expect(game.ending == "the game has ended with signal 9")
  }
}
