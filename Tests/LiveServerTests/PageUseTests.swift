import Foundation
import Networks
import TestSupport
import Testing

/// Uses the page as people do, in a real browser: layout, keys, focus, mixtures, links, recordings, messages and
/// trainings. Also asks axe-core what is wrong.
@Suite(.serialized) struct PageUseTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  private static let axe = folder.appending(path: "../../.cache/axe.min.js").standardizedFileURL.path
  static let areInstalled = BrowserTests.areInstalled && FileManager.default.fileExists(atPath: axe)

  private struct Seen: Decodable {
    var hidden: [String]
    var wide: [Int]
    var axe: [String: [String]]
    var axeWrong: [String]
    var scrolled: Bool
    var strengthByKey: Double
    var scrolledOnPicture: Double
    var divider: [Int]
    var staysPaused: Bool
    var movesAfterPause: Bool
    var keepsFocus: Bool
    var mixLabel: String
    var mixture: String
    var keepsSlider: Bool
    var focusAfterRemoval: String
    var spoken: [String]
    var error: String
    var link: String
    var question: String
    var styleWhileAsked: String
    var saved: [Int]
    var consent: String
    var sentBefore: Int
    var obstacle: String
    var gone: String
    var errors: [String]
  }

  private func run<Value: Decodable>(
    _ script: String, _ arguments: [String], _ type: Value.Type, in folder: String
  ) throws -> Value {
    let python = try #require(BuiltProgram.onPath("python3"))
    let program = Self.folder.appending(path: "Browser/\(script)").path
    let result = try python.run([program] + arguments, folder: folder)
    try #require(result.exitCode == 0, "\(result.errors)")
    return try JSONDecoder().decode(type, from: Data(result.output.utf8))
  }

  private func make(_ name: String, _ inputs: [String], in folder: TemporaryFolder) throws -> String {
    let ffmpeg = try #require(BuiltProgram.onPath("ffmpeg"))
    let result = try ffmpeg.run(
      ["-nostdin", "-v", "error"] + inputs.flatMap { ["-f", "lavfi", "-i", $0] } + [name], folder: folder.path)
    try #require(result.exitCode == 0, "\(result.errors)")
    return folder.file(name)
  }

  @Test(.enabled(if: areInstalled)) func peopleUseThePage() throws {
    let folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("first.safetensors"))
    try randomModel(seed: 2).save(path: folder.file("second.safetensors"))
    for name in ["fourth", "fifth", "sixth", "seventh"] {
      try randomModel(seed: 3).save(path: folder.file("\(name).safetensors"))
    }
    _ = try make(
      "moving.mp4", ["testsrc=size=320x180:rate=10:duration=4", "sine=frequency=440:duration=4"], in: folder)
    let film = try make("mine.mp4", ["testsrc2=size=320x240:rate=10:duration=5"], in: folder)
    _ = try make("painting.png", ["color=navy:size=96x96:duration=0.04"], in: folder)
    let outcome = Outcome()
    let result = try BuiltProgram("stylize-live").run(
      ["--port", "0", "--style", "first", "--size", "64x36", "--quiet", "--browser-camera", "moving.mp4"],
      environment: ["IMPASTO_MODELS": folder.path, "IMPASTO_DATA": folder.file("none")], folder: folder.path
    ) { process in
      defer { kill(process, SIGINT) }
      outcome.seen = try self.run(
        "operate.py", [try BrowserTests.address(of: process), folder.path, Self.axe, film, "\(process)"], Seen.self,
        in: folder.path)
    }
    #expect(result.exitCode == 0, "\(result.errors)")
    let seen = try #require(outcome.seen)
    #expect(seen.errors.isEmpty, "\(seen.errors)")
    #expect(seen.hidden.isEmpty && seen.wide.isEmpty, "\(seen.hidden) \(seen.wide)")
    for (state, faults) in seen.axe { #expect(faults.isEmpty, "\(state): \(faults)") }
    #expect(seen.axe.count == 25 && seen.axeWrong.contains { $0.hasPrefix("image-alt") }, "\(seen.axeWrong)")
    // Arrow keys scroll, except on the picture, where they change the strength by a twentieth.
    #expect(seen.scrolled && seen.scrolledOnPicture == 0 && seen.strengthByKey == 0.95, "\(seen.strengthByKey)")
    // Percent: at first, by a key on the picture, by two on the divider, Home, End, dragged.
    #expect(seen.divider == [50, 48, 52, 0, 100, 25], "\(seen.divider)")
    #expect(seen.staysPaused && seen.movesAfterPause)
    #expect(seen.keepsFocus && seen.keepsSlider && !seen.focusAfterRemoval.isEmpty, "\(seen.focusAfterRemoval)")
    #expect(seen.mixLabel == "Mix in Second, with First" && seen.mixture == "50 % First with 50 % Second")
    #expect(seen.spoken.isEmpty, "\(seen.spoken)")
    #expect(seen.error.hasPrefix("There is no style 'none'"), "\(seen.error)")
    #expect(
      seen.link == "style=first&strength=1&fade=0.5&source=1" && seen.question.contains("one other viewer")
        && seen.styleWhileAsked == "first", "\(seen.link) \(seen.question)")
    #expect(seen.consent.contains("sent to this server") && seen.sentBefore == 0)
    #expect(seen.obstacle.contains("VGG-16") && seen.gone.contains("stylize-live"))
    #expect(seen.saved == [320, 180])
    try checkRecording(folder.file("recording"))
  }

  private final class Outcome { var seen: Seen? }

  /// The recording has the painted picture alone, although the view of pairs was shown for a while, and the sound.
  private func checkRecording(_ path: String) throws {
    let probe = try #require(BuiltProgram.onPath("ffprobe"))
    let result = try probe.run(
      [
        "-v", "error", "-count_frames", "-show_entries", "stream=codec_type,width,height,nb_read_frames", "-of",
        "csv=p=0",
        path,
      ])
    let lines = result.output.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    let video = try #require(lines.first { $0.first == "video" }, "\(result.output) \(result.errors)")
    #expect(video[1] == "320" && video[2] == "180" && (Int(video[3]) ?? 0) > 10, "\(video)")
    #expect(lines.contains { $0.first == "audio" && (Int($0.last ?? "") ?? 0) > 50 }, "\(lines)")
    // The tone has -21 dB; a part of the recording may be silent before the sound has started.
    let ffmpeg = try #require(BuiltProgram.onPath("ffmpeg"))
    let measured = try ffmpeg.run(["-nostdin", "-hide_banner", "-i", path, "-af", "volumedetect", "-f", "null", "-"])
    let level = measured.errors.firstMatch(of: #/mean_volume: (-?[0-9.]+) dB/#).flatMap { Double($0.1) }
    #expect((level ?? -.infinity) > -40, "\(measured.errors)")
  }

  private struct Training: Decodable {
    var atOnce: Bool
    var running: String
    var axe: [String]
    var focus: String
    var focusAfterUse: Bool
    var usual: String
    var taken: String
    var hint: String
    var download: Int
    var warning: String
    var notice: String
    var errors: [String]
  }

  @Test(.enabled(if: areInstalled)) func aPaintingBecomesAStyleOnThePage() throws {
    let server = try RunningServer(size: (320, 180), interval: 100_000, trainer: UploadTests.trainer)
    _ = try make("painting.png", ["testsrc=size=96x96:duration=0.04"], in: server.folder)
    let seen = try run(
      "train.py", ["http://127.0.0.1:\(server.port)/", server.folder.path, Self.axe, server.folder.file("go")],
      Training.self, in: server.folder.path)
    #expect(seen.errors.isEmpty && seen.axe.isEmpty, "\(seen.errors) \(seen.axe)")
    #expect(
      seen.atOnce && seen.running == "About one minute left, measured on this machine (step 1 of 10).",
      "\(seen.running)")
    #expect(seen.focus == "use primary" && seen.focusAfterUse, "\(seen.focus)")
    #expect(seen.usual.contains("on this machine"))
    #expect(seen.taken.contains("already") && seen.hint == "Programs know it as grey-sea." && seen.download == 200)
    #expect(
      seen.warning.contains("painted at present") && seen.notice.contains("fades to First"),
      "\(seen.warning) \(seen.notice)")
  }
}
