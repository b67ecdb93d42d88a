import FFmpeg
import Foundation
import Networks
import TestSupport
import Testing

/// Plays a small game through the running program.
@Suite(.serialized) struct GameProgramTests {
  private static let token = "a token of some length"
  private static let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Game/player.c").path
  private static let areInstalled =
    ["Xvfb", "cc"].allSatisfy { BuiltProgram.onPath($0) != nil }
    && FileManager.default.fileExists(atPath: "/usr/include/X11/XKBlib.h")
  private static let haveSound = areInstalled && ["pulseaudio", "ffmpeg"].allSatisfy { BuiltProgram.onPath($0) != nil }

  // MARK: The program and its game

  /// A folder with a style and the built game.
  private func makeFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("first.safetensors"))
    let compiler = try #require(BuiltProgram.onPath("cc"))
    let built = try compiler.run(["-O1", "-o", folder.file("player"), Self.source, "-lX11"])
    try #require(built.exitCode == 0, "\(built.errors)")
    return folder
  }

  private func arguments(_ more: [String] = []) -> [String] {
    [
      "--port", "0", "--style", "first", "--strength", "0.5", "--size", "64x36", "--quiet", "--no-training", "--token",
      Self.token, "--game", "--game-size", "320x180", "--game-rate", "20",
    ] + more
  }

  private func run(
    _ arguments: [String], in folder: TemporaryFolder, whileRunning: @escaping (Int32, Viewer) throws -> Void
  ) throws -> BuiltProgram.Result {
    try BuiltProgram("stylize-live").run(
      arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path
    ) { process in
      defer { kill(process, SIGINT) }
      try whileRunning(process, Viewer(process: process))
    }
  }

  /// A client with the token.
  private struct Viewer {
    let port: Int

    /// Waits for the address on the program's standard output, which is a file.
    init(process: Int32) throws {
      var address: String?
      for _ in 0..<1200 where address == nil {
        usleep(50_000)
        address = (try? String(contentsOfFile: "/proc/\(process)/fd/1", encoding: .utf8))?
          .split(separator: "\n").first { $0.hasPrefix("http://") }.map(String.init)
      }
      port = try #require(address.flatMap { URL(string: $0)?.port })
    }

    func open(_ path: String, _ method: String = "GET", body: String? = nil) throws -> Connection {
      let connection = try Connection(port: port)
      let length = body.map { "Content-Type: application/json\r\nContent-Length: \($0.utf8.count)\r\n" } ?? ""
      try connection.send(
        "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(GameProgramTests.token)\r\n\(length)\r\n\(body ?? "")"
          .utf8)
      return connection
    }

    func ask(_ path: String, _ method: String = "GET", body: String? = nil) throws -> Response {
      let connection = try open(path, method, body: body)
      let head = try connection.takeHead()
      let count = head.headers["content-length"].flatMap { Int($0) } ?? 0
      return Response(status: head.status, headers: head.headers, body: try connection.take(count))
    }

    func send(_ events: String, _ lease: String, _ number: Int) throws -> Int {
      try ask(
        "/api/streams/game/controls/input", "POST",
        body: #"{"lease":"\#(lease)","number":\#(number),"events":[\#(events)]}"#
      ).status
    }

    struct State: Decodable {
      struct Controls: Decodable, Equatable {
        var isHeld: Bool
        var holder: String?
      }

      var title: String
      var condition: String
      var failure: String?
      var hasAudio: Bool
      var controls: Controls?
    }

    func state() throws -> State { try ask("/api/streams/game").json(State.self) }
  }

  private struct Lease: Decodable { var lease: String }

  /// Waits for `condition`, up to a minute on a very busy machine.
  private func wait(until condition: () throws -> Bool) throws {
    for _ in 0..<1200 {
      if try condition() { return }
      usleep(50_000)
    }
    Issue.record("the wait was in vain")
  }

  private func lines(_ folder: TemporaryFolder) -> [String] {
    let text = (try? String(contentsOfFile: folder.file("log"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// The mean of a JPEG image's three planes: brightness, blue and red.
  private func means(_ jpeg: [UInt8]) throws -> [Double] {
    let (decoder, frame) = (try Decoder(codec: "mjpeg", named: "a picture", maximumPixelCount: 1 << 20), try Frame())
    _ = try jpeg.withUnsafeBytes { try decoder.send(Packet(bytes: $0)) }
    try #require(try decoder.receive(into: frame) == .output)
    return (0..<3).map { index in
      let (width, height) = index == 0 ? (frame.width, frame.height) : (frame.width / 2, frame.height / 2)
      guard let plane = frame.plane(index) else { return 0 }
      var sum = 0
      for row in 0..<height { for column in 0..<width { sum += Int(plane[row * frame.stride(index) + column]) } }
      return Double(sum) / Double(width * height)
    }
  }

  // MARK: Tests

  @Test(.enabled(if: areInstalled)) func aViewerPlaysAndSeesThePaintedAnswer() throws {
    let folder = try makeFolder()
    let game = ["--controls", "--", folder.file("player"), folder.file("log")]
    let result = try run(arguments(game), in: folder) { _, viewer in
      try wait { lines(folder).contains { $0.hasPrefix("started") } }
      #expect(try viewer.state().title == "player" && viewer.state().controls == .init(isHeld: false, holder: nil))
      let pictures = try viewer.open("/api/streams/game/video.mjpeg")
      #expect(try pictures.takeHead().status == 200)
      // The first pictures may be older than the window.
      try wait { try means(pictures.takePicture())[1] > 150 }
      let blue = try means(pictures.takePicture())

      // Nobody controls the game without the lease.
      #expect(try viewer.send(#"{"type":"key","code":"KeyG","isDown":true}"#, "none", 0) == 410)
      let taken = try viewer.ask("/api/streams/game/controls", "POST", body: #"{"name":"Ann"}"#)
      #expect(taken.status == 201)
      let lease = try taken.json(Lease.self).lease
      #expect(try viewer.state().controls == .init(isHeld: true, holder: "Ann"))
      #expect(try viewer.ask("/api/streams/game/controls", "POST", body: "{}").status == 409)

      #expect(try viewer.send(#"{"type":"key","code":"KeyG","isDown":true}"#, lease, 0) == 204)
      // Half of the picture is the source, whose blue-difference falls from 230 to 60: by 85. The painted half is of a
      // network with random weights and may answer in any way, but the codec alone changes less than 1.
      try wait {
        let green = try means(pictures.takePicture())
        return zip(green, blue).contains { abs($0 - $1) > 40 }
      }
      #expect(try viewer.send(#"{"type":"key","code":"KeyG","isDown":false}"#, lease, 1) == 204)
      try wait {
        let again = try means(pictures.takePicture())
        return zip(again, blue).allSatisfy { abs($0 - $1) < 8 }
      }

      // The middle of the picture, a click, and a key that is still down at the end.
      let events = [
        #"{"type":"move","x":0.5,"y":0.5}"#, #"{"type":"button","button":0,"isDown":true}"#,
        #"{"type":"button","button":0,"isDown":false}"#, #"{"type":"wheel","x":0,"y":1}"#,
        #"{"type":"key","code":"ArrowLeft","isDown":true}"#,
      ]
      #expect(try viewer.send(events.joined(separator: ","), lease, 2) == 204)
      try wait { lines(folder).contains("key Left down") }
      #expect(lines(folder).contains("pointer 160 90") || lines(folder).contains("pointer 160 89"))
      #expect(lines(folder).contains("button 1 up") && lines(folder).contains("button 5 down"))
      #expect(try viewer.ask("/api/streams/game/controls?lease=\(lease)", "DELETE").status == 204)
      try wait { lines(folder).contains("key Left up") }
      #expect(try viewer.state().controls == .init(isHeld: false, holder: nil))
      #expect(try viewer.send(events[4], lease, 3) == 410)
    }
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test(.enabled(if: areInstalled)) func theEndOfAGameIsShown() throws {
    let folder = try makeFolder()
    let result = try run(arguments(["--controls", "--", folder.file("player"), folder.file("log")]), in: folder) {
      _, viewer in
      try wait { lines(folder).contains { $0.hasPrefix("started") } }
      let lease = try viewer.ask("/api/streams/game/controls", "POST", body: "{}").json(Lease.self).lease
      #expect(try viewer.send(#"{"type":"key","code":"KeyQ","isDown":true}"#, lease, 0) == 204)
      try wait { try viewer.state().condition == "ended" }
      let state = try viewer.state()
      #expect(state.failure == "the game has ended with exit status 7" && state.controls == nil)
      #expect(try viewer.ask("/healthz").status == 200)
    }
    #expect(result.exitCode == 0 && !result.errors.contains("retrying"), "\(result.errors)")
  }

  /// The game ignores SIGTERM, and the server has no time to say goodbye.
  @Test(.enabled(if: areInstalled)) func everythingEndsWithAKilledServer() throws {
    let folder = try makeFolder()
    let (player, log) = (folder.file("player"), folder.file("log"))
    _ = try run(arguments(["--", "sh", "-c", "trap '' TERM; '\(player)' '\(log)'; sleep 600 & wait"]), in: folder) {
      process, _ in
      try wait { lines(folder).contains { $0.hasPrefix("started") } }
      let words = try #require(lines(folder).first { $0.hasPrefix("started") }).split(separator: " ")
      let display = (String(words[2]) as NSString).deletingLastPathComponent
      func others() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { name in
          guard let number = Int32(name), number != process else { return false }
          let command = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
          let text = String(decoding: command, as: UTF8.self)
          return text.contains(display) || text.contains(player)
        }
      }
      // The display and its shell, the game with its shell.
      #expect(others().count >= 4 && FileManager.default.fileExists(atPath: display))
      kill(process, SIGKILL)
      try wait { others().isEmpty && !FileManager.default.fileExists(atPath: display) }
    }
  }

  @Test(.enabled(if: haveSound)) func theStreamHasTheSoundOfTheGame() throws {
    let folder = try makeFolder()
    let tone = "ffmpeg -nostdin -v error -re -f lavfi -i 'sine=frequency=1000:sample_rate=48000,volume=4' -f pulse tone"
    let script = "\(tone) & exec '\(folder.file("player"))' '\(folder.file("log"))'"
    let result = try run(arguments(["--", "sh", "-c", script]), in: folder) { _, viewer in
      try wait { try viewer.state().hasAudio }
      let video = try viewer.open("/api/streams/game/video.mp4")
      #expect(try video.takeHead().headers["content-type"]?.contains("mp4a.40.2") == true)
      var bytes: [UInt8] = []
      var time: UInt64 = 0
      var start: UInt64?
      while time < (start ?? time) + 5 * 90_000 || start == nil {
        let box = try video.takeBox()
        bytes += withUnsafeBytes(of: UInt32(box.content.count + 8).bigEndian) { Array($0) } + Array(box.type.utf8)
        bytes += box.content
        time = box.time ?? time
        start = start ?? box.time
      }
      let (power, crossings) = try sound(of: folder.write(bytes, to: "seen.mp4"))
      // The tone crosses zero 2000 times a second. Where a busy machine leaves gaps, it is silent.
      #expect(power > 0.05 && abs(crossings - 2000) < 200, "power \(power), \(crossings) crossings a second")
    }
    #expect(result.exitCode == 0 && !result.errors.contains("no sound"), "\(result.errors)")
  }

  /// The loudest root mean square of a tenth of a second, and how often it crosses zero per second.
  private func sound(of path: String) throws -> (power: Float, crossings: Double) {
    let demuxer = try Demuxer(path: path)
    let stream = try #require(try demuxer.bestAudioStream(beside: demuxer.bestVideoStream()))
    let (decoder, converter) = (try Decoder(stream), try AudioConverter(rate: 48_000))
    let (packet, frame) = (try Packet(), try Frame())
    var samples: [Float] = []
    while try demuxer.read(into: packet) {
      guard packet.streamIndex == stream.index else { continue }
      _ = try decoder.send(packet)
      while try decoder.receive(into: frame) == .output {
        try converter.convert(frame) { stereo in samples += stride(from: 0, to: stereo.count, by: 2).map { stereo[$0] }
        }
      }
    }
    let parts = stride(from: 0, to: samples.count - 4800, by: 4800).map { Array(samples[$0..<$0 + 4800]) }
    func power(_ part: [Float]) -> Float { (part.reduce(0) { $0 + $1 * $1 } / 4800).squareRoot() }
    let loudest = try #require(parts.max { power($0) < power($1) })
    let crossings = zip(loudest, loudest.dropFirst()).count { ($0 < 0) != ($1 < 0) }
    return (power(loudest), 10 * Double(crossings))
  }

  private static let canBrowse =
    areInstalled && ["chromium", "python3"].allSatisfy { BuiltProgram.onPath($0) != nil }

  /// What the script has seen. It has waited for each key and button in the log of the game.
  private struct Seen: Decodable {
    var held: Viewer.State.Controls
    var button: String
    var isSplit: String
    var pointer: [Int]
    var paused: String
    var resumed: String
    var free: Viewer.State.Controls
    var other: String
    var isHidden: Bool
    var errors: [String]
  }

  @Test(.enabled(if: canBrowse)) func aPagePlays() throws {
    let folder = try makeFolder()
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Browser/play_game.py").path
    let python = try #require(BuiltProgram.onPath("python3"))
    var seen: BuiltProgram.Result?
    let result = try run(arguments(["--controls", "--", folder.file("player"), folder.file("log")]), in: folder) {
      _, viewer in
      seen = try python.run(
        [script, "http://127.0.0.1:\(viewer.port)/", Self.token, folder.file("log"), folder.path],
        environment: ["PYTHONDONTWRITEBYTECODE": "1"], folder: folder.path)
    }
    #expect(result.exitCode == 0, "\(result.errors)")
    let answer = try #require(seen)
    try #require(answer.exitCode == 0, "\(answer.errors)")
    let page = try JSONDecoder().decode(Seen.self, from: Data(answer.output.utf8))
    #expect(page.errors.isEmpty, "\(page.errors)")
    #expect(page.held == .init(isHeld: true, holder: "Ann") && page.button == "Give the controls back")
    // A key of the page that goes to the game.
    #expect(page.isSplit == "false")
    // The middle of 320x180 pixels.
    #expect(zip(page.pointer, [160, 90]).allSatisfy { abs($0 - $1) <= 1 }, "\(page.pointer)")
    #expect(page.paused.hasPrefix("Click the picture") && page.resumed.hasPrefix("You have the controls."))
    #expect(page.free == .init(isHeld: false, holder: nil))
    #expect(page.other == "Bob has the controls." && page.isHidden)
  }

  @Test func invalidUsageIsReported() throws {
    let folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("first.safetensors"))
    try folder.write(Array("button 0 Power\n".utf8), to: "map")
    func run(_ arguments: String..., display: String = "") throws -> BuiltProgram.Result {
      try BuiltProgram("stylize-live").run(
        ["--port", "0", "--style", "first"] + arguments,
        environment: ["IMPASTO_MODELS": folder.path, "DISPLAY": display], folder: folder.path)
    }
    #expect(try run("--game").exitCode == 2)
    #expect(try run("--controls", "in.mp4").exitCode == 2)
    #expect(try run("--use-display", "in.mp4").exitCode == 2)
    let display = try run("--game", "--use-display")
    #expect(display.exitCode == 1 && display.errors.contains("DISPLAY is not set"))
    let map = try run("--game", "--gamepad-map", "map", "--", "sh")
    #expect(map.exitCode == 1 && map.errors.contains("map: line 1: found 'button 0 Power'"))
    guard Self.areInstalled else { return }
    let token = try run("--game", "--controls", "--", "sleep", "60")
    #expect(token.exitCode == 1 && token.errors.contains("only with a token (--token)"))
    let missing = try run("--game", "--", "no-such-game")
    #expect(missing.exitCode == 1 && missing.errors.contains("there is no program 'no-such-game'"))
  }
}
