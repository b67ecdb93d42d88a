import ArgumentParser
import Console
import FFmpeg
import Foundation
import Games
import LiveServer
import Streaming

/// The options of games.
struct GameOptions: ParsableArguments {
  @Flag(
    name: .customLong("game"),
    help: "Paint a program in a display of its own: stylize-live --game -- PROGRAM ARGUMENTS. Needs xvfb.")
  var isUsed = false

  @Option(
    help: ArgumentHelp("The size of the display. (default: 1280x720)", valueName: "WxH"), transform: FrameSize.parse)
  var gameSize: FrameSize?

  @Option(help: "The frame rate of the display's picture.", transform: ArgumentValues.integer(in: 1...240))
  var gameRate = 30

  @Flag(
    help: """
      Use the display in DISPLAY instead of one of its own. Viewers see everything in it, and with --controls they \
      control all of its programs.
      """)
  var useDisplay = false

  @Flag(help: "Let one viewer at a time control the game. Needs a token.")
  var controls = false

  @Option(
    help: ArgumentHelp("What the parts of a gamepad do. (default: sticks, cross and buttons)", valueName: "file"))
  var gamepadMap: String?

  func validate() throws {
    guard !isUsed else { return }
    if useDisplay { throw ValidationError("--use-display needs --game") }
    if controls { throw ValidationError("--controls needs --game") }
    if gamepadMap != nil { throw ValidationError("--gamepad-map needs --game") }
  }

  /// Returns the map of the gamepad.
  func map() throws -> GamepadMap {
    guard let gamepadMap else { return .standard }
    try InputPath.checkFile(gamepadMap)
    let text = try String(contentsOfFile: gamepadMap, encoding: .utf8)
    do { return try GamepadMap(text) } catch { throw GamepadMap.Fault(description: "\(gamepadMap): \(error)") }
  }
}

/// A game with its display, its sound and its controls. They end with it, and with this process.
final class RunningGame: Sendable {
  /// Keyboard and pointer for viewers; nil if there are none.
  let controls: StreamControls?
  /// The title to display.
  let title: String

  private let display: GameDisplay?
  private let sound: GameSound?
  private let game: Game?
  private let picture: MediaSource
  private let live: LiveReading

  /// Starts the game. Call this before the process has other threads: it changes the environment.
  ///
  /// - Parameters:
  ///   - command: The program and its arguments; empty for none in the user's display.
  ///   - warn: Takes warnings, one sentence each.
  init(_ command: [String], _ options: GameOptions, live: LiveReading, warn: (String) -> Void) throws {
    let map = try options.map()
    let (width, height) = options.gameSize.map { ($0.width, $0.height) } ?? (1280, 720)
    let display = try options.useDisplay ? nil : GameDisplay(width: width, height: height)
    do {
      let name = try display?.name ?? Self.ownDisplay(options, warn)
      // libav finds the cookie of the display only there.
      if let display { setenv("XAUTHORITY", display.authorityFile, 1) }
      let sound = command.isEmpty ? nil : Self.sound(warn)
      let device = options.controls ? try DisplayInput(display: name, cookie: display?.cookie) : nil
      let environment = Game.environment(display: name, authorityFile: display?.authorityFile, sound: sound)
      let game = command.isEmpty ? nil : try Game(command, environment: environment)
      picture = try MediaSource(name, format: "x11grab", options: ["framerate": "\(options.gameRate)"])
      controls = device.map { StreamControls(device: $0, gamepad: map) }
      title = game?.title ?? "display \(name)"
      (self.display, self.sound, self.game, self.live) = (display, sound, game, live)
    } catch {
      display?.stop()
      throw error
    }
  }

  /// Returns the name of the user's display.
  private static func ownDisplay(_ options: GameOptions, _ warn: (String) -> Void) throws -> String {
    let name = ProcessInfo.processInfo.environment["DISPLAY"] ?? ""
    if name.isEmpty { throw GameError.noDisplay(name: "") }
    warn("viewers see everything in the display \(name)")
    if options.controls { warn("who holds the controls can use every program in the display \(name)") }
    return name
  }

  /// Returns a sound server, or nil with a warning.
  private static func sound(_ warn: (String) -> Void) -> GameSound? {
    do { return try GameSound() } catch {
      warn("the game has no sound: \(error)")
      return nil
    }
  }

  /// Opens the picture and the sound.
  ///
  /// - Throws: ``PaintedStream/Ended`` if the game has ended, `MediaError` if they cannot be opened.
  func open(interrupt: @escaping @Sendable () -> Bool) throws -> any FrameSource {
    if let ending { throw PaintedStream.Ended(ending) }
    let interrupt: @Sendable () -> Bool = { [self] in interrupt() || ending != nil }
    do {
      guard let sound else { return try FrameSources.open(picture, live: live, interrupt: interrupt) }
      return try SoundedSource(
        picture: picture,
        sound: MediaSource(sound.source, format: "pulse", options: ["server": sound.server, "fragment_size": "1920"]),
        live: live, interrupt: interrupt)
    } catch {
      if let ending { throw PaintedStream.Ended(ending) }
      throw error
    }
  }

  /// Why there will be no more pictures, in one sentence; nil while there are.
  private var ending: String? {
    game?.ending ?? (display?.hasEnded == true ? "the display of the game has ended" : nil)
  }

  /// Ends everything that was started.
  func stop() {
    game?.stop()
    sound?.stop()
    display?.stop()
  }
}
