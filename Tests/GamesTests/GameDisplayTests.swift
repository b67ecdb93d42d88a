import Foundation
import Games
import TestSupport
import Testing

@Suite struct GameDisplayTests {
  private static let hasDisplay = BuiltProgram.onPath("Xvfb") != nil
  private static let hasSound = BuiltProgram.onPath("pulseaudio") != nil

  @Test(.enabled(if: hasDisplay)) func onlyTheCookieOpensADisplay() throws {
    let display = try GameDisplay(width: 320, height: 240)
    defer { display.stop() }
    #expect(display.name.hasPrefix(":") && !display.hasEnded)
    let attributes = try FileManager.default.attributesOfItem(atPath: display.authorityFile)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    _ = try DisplayInput(display: display.name, cookie: display.cookie)
    let wrong = display.cookie.map { ~$0 }
    #expect(throws: GameError.noDisplay(name: display.name)) {
      try DisplayInput(display: display.name, cookie: wrong)
    }
    #expect(throws: GameError.noDisplay(name: display.name)) { try DisplayInput(display: display.name, cookie: [1]) }
  }

  @Test(.enabled(if: hasDisplay)) func displaysHaveNumbersOfTheirOwn() throws {
    let first = try GameDisplay(width: 64, height: 48)
    let second = try GameDisplay(width: 64, height: 48)
    #expect(first.name != second.name && first.cookie != second.cookie)
    first.stop()
    second.stop()
    #expect(first.hasEnded && second.hasEnded)
  }

  /// Neither input nor its end ends this process.
  @Test(.enabled(if: hasDisplay)) func inputForADisplayThatHasEndedIsAnError() throws {
    let display = try GameDisplay(width: 64, height: 48)
    let input = try DisplayInput(display: display.name, cookie: display.cookie)
    for isDown in [true, false] {
      input.setKey(30, isDown: isDown)
      input.setButton(1, isDown: isDown)
    }
    input.move(toX: 0.5, y: 2)
    input.move(byX: -100_000, y: 3)
    try input.flush()
    let file = display.authorityFile
    display.stop()
    #expect(throws: GameError.displayLost) {
      for _ in 0..<100 {
        input.setKey(30, isDown: true)
        try input.flush()
        usleep(20_000)
      }
    }
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test func aMissingDisplayIsAnError() {
    #expect(throws: GameError.self) { try DisplayInput(display: ":60987", cookie: nil) }
  }

  @Test(.enabled(if: hasSound)) func aSoundServerEndsWithItsFolder() throws {
    let sound = try GameSound()
    let socket = String(sound.server.dropFirst("unix:".count))
    #expect(FileManager.default.fileExists(atPath: socket) && sound.source == "game.monitor")
    sound.stop()
    #expect(!FileManager.default.fileExists(atPath: socket))
  }
}
