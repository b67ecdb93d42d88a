import Foundation
import Networks
import TestSupport
import Testing

/// Tests the page of the running program in a real browser.
@Suite(.serialized) struct BrowserTests {
  private static let watcher = URL(filePath: #filePath)
    .deletingLastPathComponent().appending(path: "Browser/watch.py").path
  static let areInstalled = ["chromium", "ffmpeg", "python3"].allSatisfy { BuiltProgram.onPath($0) != nil }

  private struct Seen: Decodable {
    var framesBefore: Int
    var framesAfter: Int
    var timeBefore: Double
    var timeAfter: Double
    var size: [Int]
    var styles: [String]
    var numbers: String
    var hasStrokesAtFirst: Bool
    var details: String
    var strokeChoices: [String]
    var first: [Double]
    var second: [Double]
    var original: [Double]
    var painted: [Double]
    var picture: [Double]
    var isMutedAtFirst: Bool
    var soundBefore: Int
    var soundAfter: Int
    var framesWithSound: Int
    var camera: [Double]?
    var cameras: String?
    var mirror: Bool?
    var absence: String?
    var notice: String?
    var errors: [String]
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }

  @Test(.enabled(if: areInstalled)) func thePagePlaysAndSwitchesStyles() throws {
    let folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("first.safetensors"))
    try randomModel(seed: 2).save(path: folder.file("second.safetensors"))
    try randomModel(seed: 3, network: canvasNetwork).save(path: folder.file("third.safetensors"))
    let ffmpeg = try #require(BuiltProgram.onPath("ffmpeg"))
    // A still image, so that only the style changes.
    let video = try ffmpeg.run(
      [
        "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=orange:size=320x180:rate=25:duration=4", "-f", "lavfi",
        "-i",
        "sine=frequency=440:duration=4", "still.mp4",
      ],
      folder: folder.path)
    try #require(video.exitCode == 0, "\(video.errors)")
    let seen = Outcome()
    let result = try BuiltProgram("stylize-live").run(
      ["--port", "0", "--style", "first", "--size", "64x36", "--quiet", "--browser-camera", "still.mp4"],
      environment: ["IMPASTO_MODELS": folder.path], folder: folder.path
    ) { process in
      defer { kill(process, SIGINT) }
      seen.result = try self.watch(process: process, folder: folder.path)
    }
    #expect(result.exitCode == 0, "\(result.errors)")
    let watched = try #require(seen.result)
    try #require(watched.exitCode == 0, "\(watched.errors)")
    let page = try JSONDecoder().decode(Seen.self, from: Data(watched.output.utf8))
    #expect(page.errors.isEmpty, "\(page.errors)")
    #expect(page.framesAfter > page.framesBefore && page.timeAfter > page.timeBefore)
    // The browser decodes audio, and the video continues.
    #expect(page.isMutedAtFirst && page.soundAfter > page.soundBefore && page.framesWithSound > 10)
    #expect(page.size == [320, 180] && page.styles == ["first", "second", "third"])
    #expect(
      page.numbers.wholeMatch(of: #/[0-9.]+ fps · [0-9]+ ms delay · [0-9.]+ [kM]bit\/s · MP4/#) != nil,
      "\(page.numbers)")
    #expect(!page.hasStrokesAtFirst && page.strokeChoices.count == 3)
    #expect(page.details == "Painted at 64×36 pixels.", "\(page.details)")
    // Distances are out of 255. Two random networks paint very different colours, and the codec changes a still image
    // by less than 1.
    #expect(Self.distance(page.first, page.second) > 8, "\(page.first) \(page.second)")
    #expect(Self.distance(page.original, [255, 165, 0]) < 10, "the original is orange: \(page.original)")
    #expect(Self.distance(page.painted, page.first) < 6, "\(page.painted) \(page.first)")
    #expect(Self.distance(page.picture, page.first) < 6, "\(page.picture) \(page.first)")
    #expect((page.camera?.max() ?? 0) > 5 && page.absence == "The camera is off" && page.notice == "")
    #expect(page.cameras?.isEmpty == false && page.mirror == true)
    for name in ["first", "second", "strokes", "split", "camera"] {
      #expect(try folder.bytes(of: "\(name).png").count > 1000)
    }
  }

  private final class Outcome { var result: BuiltProgram.Result? }

  /// Waits for the address on the program's standard output and opens it in the browser.
  private func watch(process: Int32, folder: String) throws -> BuiltProgram.Result {
    let python = try #require(BuiltProgram.onPath("python3"))
    return try python.run([Self.watcher, try Self.address(of: process), folder], folder: folder)
  }

  /// Waits for the address on a program's standard output, which is a file.
  static func address(of process: Int32) throws -> String {
    let output = "/proc/\(process)/fd/1"
    var address: String?
    for _ in 0..<1200 where address == nil {
      usleep(50_000)
      address = (try? String(contentsOfFile: output, encoding: .utf8))?
        .split(separator: "\n").first { $0.hasPrefix("http://") }.map(String.init)
    }
    return try #require(address)
  }
}
