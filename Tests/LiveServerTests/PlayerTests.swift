import Foundation
import Networks
import TestSupport
import Testing

/// Tests the page's player in a real browser, in each form.
@Suite(.serialized) struct PlayerTests {
  private static let script = URL(filePath: #filePath)
    .deletingLastPathComponent().appending(path: "Browser/play.py").path

  private struct Form: Decodable {
    var form: String
    var element: String
    var size: [Int]
    var fps: Double
    var delay: Double
    var kilobits: Double
    var hasSound: Bool
    var muted: Bool
    var mean: [Double]
    var canCapture: Bool
    var ends: [String]
    var elements: Int
  }

  private struct Sent: Decodable {
    var captured: Int64
    var encoded: Int64
    var answered: Int64
    var bytes: Int
  }

  private struct Seen: Decodable {
    var forms: [Form]
    var soundError: Double
    var soundTrack: Int
    var soundAfter: Int
    var original: [Double]
    var sent: Sent
    var refusals: [String]
    var errors: [String]
  }

  @Test(.enabled(if: BrowserTests.areInstalled)) func eachFormPlays() throws {
    let folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("first.safetensors"))
    let ffmpeg = try #require(BuiltProgram.onPath("ffmpeg"))
    let made = try ffmpeg.run(
      [
        "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=orange:size=320x180:rate=25:duration=4", "-f", "lavfi",
        "-i", "sine=frequency=440:duration=4", "still.mp4",
      ], folder: folder.path)
    try #require(made.exitCode == 0, "\(made.errors)")
    let outcome = Outcome()
    let result = try BuiltProgram("stylize-live").run(
      [
        "--port", "0", "--style", "first", "--size", "64x36", "--quiet", "--browser-camera", "--no-training",
        "still.mp4",
      ], environment: ["IMPASTO_MODELS": folder.path], folder: folder.path
    ) { process in
      defer { kill(process, SIGINT) }
      let python = try #require(BuiltProgram.onPath("python3"))
      outcome.result = try python.run(
        [Self.script, try BrowserTests.address(of: process), folder.path], folder: folder.path)
    }
    #expect(result.exitCode == 0, "\(result.errors)")
    let played = try #require(outcome.result)
    try #require(played.exitCode == 0, "\(played.errors)")
    let seen = try JSONDecoder().decode(Seen.self, from: Data(played.output.utf8))
    #expect(seen.errors.isEmpty && seen.refusals.isEmpty, "\(seen.errors) \(seen.refusals)")
    #expect(seen.forms.map(\.form) == ["webcodecs", "fragments", "pictures", "fragments"])
    #expect(seen.forms.map(\.element) == ["canvas", "video", "img", "video"])
    let first = try #require(seen.forms.first)
    for form in seen.forms {
      #expect(form.size == [320, 180] && form.elements == 1 && form.ends.isEmpty, "\(form)")
      // A delay of another clock or unit would be far from seconds. It is not a limit: the machine may be busy.
      #expect((1...30_000).contains(form.delay) && (1...60).contains(form.fps) && form.kilobits > 1, "\(form)")
      #expect(form.muted && form.hasSound == (form.form != "pictures") && form.canCapture == (form.form != "pictures"))
      // Out of 255: the codecs change a picture of one colour by little, and JPEG by more than the others.
      #expect(zip(form.mean, first.mean).allSatisfy { abs($0 - $1) < 8 }, "\(form.mean) \(first.mean)")
    }
    // People do not notice less than 40 ms.
    #expect(seen.soundError < 40 && seen.soundTrack == 1 && seen.soundAfter == 0)
    #expect(zip(seen.original, [255, 165, 0]).allSatisfy { abs($0 - $1) < 12 }, "\(seen.original)")
    #expect(seen.sent.captured < seen.sent.encoded && seen.sent.encoded < seen.sent.answered && seen.sent.bytes > 500)
  }

  private final class Outcome { var result: BuiltProgram.Result? }
}
