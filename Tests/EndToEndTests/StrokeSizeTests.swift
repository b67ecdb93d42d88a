import Foundation
import Imaging
import Networks
import TestSupport
import Testing

/// Tests the option `--stroke-size` with two small networks of random weights: one with a canvas of 96 lines, and one
/// without a canvas.
@Suite struct StrokeSizeTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try randomModel(seed: 1).save(path: folder.file("old.safetensors"))
    try randomModel(seed: 2, network: canvasNetwork).save(path: folder.file("canvas.safetensors"))
  }

  private func run(_ program: String, _ arguments: [String]) throws -> BuiltProgram.Result {
    try BuiltProgram(program).run(arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
  }

  /// Expects one line on standard error that contains `text`, and no other effect.
  private func expectRefused(
    _ program: String, _ arguments: [String], saying text: String, exitCode: Int32 = 1
  ) throws {
    let before = try folder.names
    let result = try run(program, arguments)
    #expect(result.exitCode == exitCode && result.output == "", "\(arguments)")
    #expect(result.errors.hasPrefix("\(program): ") && result.errors.contains(text), "\(result.errors)")
    if exitCode == 1 { #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)") }
    #expect(try folder.names == before)
  }

  // MARK: Pictures

  private struct PictureReport: Decodable {
    var width, height, workWidth, workHeight: Int
    var canvas: String?
  }

  private func paint(_ arguments: String...) throws -> (picture: Picture, report: PictureReport) {
    let result = try run("stylize-image", ["in.png", "out.png", "--style", "canvas", "--json", "--quiet"] + arguments)
    try #require(result.exitCode == 0 && result.errors == "", "\(result.errors)")
    let report = try JSONDecoder().decode(PictureReport.self, from: Data(result.output.utf8))
    let picture = try PictureFile.read(folder.file("out.png"))
    #expect(picture.width == report.width && picture.height == report.height)
    return (picture, report)
  }

  private func makePicture(_ width: Int, _ height: Int) throws {
    let picture = Picture(tensor: syntheticImage(width: width, height: height, seed: 1))
    try PictureFile.write(picture, to: folder.file("in.png"))
  }

  @Test func picturesArePaintedOnTheirCanvas() throws {
    try makePicture(240, 160)
    let (medium, report) = try paint()
    #expect(report.width == 240 && report.height == 160 && report.workWidth == 240 && report.canvas == "144x96")
    #expect(try paint("--stroke-size", "medium").picture == medium)
    let large = try paint("--stroke-size", "large")
    #expect(large.report.canvas == "104x68" && large.picture != medium)
    let small = try paint("--stroke-size", "small")
    #expect(small.report.canvas == "200x136" && small.picture != medium)
    #expect(try paint("--stroke-size", "69").picture == large.picture)
    // The work size does not change, and the canvas follows it.
    let smaller = try paint("--stroke-size", "large", "--size", "80")
    #expect(smaller.report.workHeight == 80 && smaller.report.width == 240 && smaller.report.canvas == "104x68")
  }

  /// Portrait, square, very wide, and pictures smaller than the canvas, down to one pixel.
  @Test(arguments: [
    (160, 240, "96x144"), (150, 150, "96x96"), (600, 100, "576x96"), (16, 16, "16x16"), (90, 50, "92x52"),
    (1, 1, "4x4"),
  ])
  func theShortSideDeterminesTheCanvas(width: Int, height: Int, canvas: String) throws {
    try makePicture(width, height)
    let (picture, report) = try paint()
    #expect(picture.width == width && picture.height == height && report.canvas == canvas)
    // A canvas is never larger than the picture, so the strokes of a small one cannot get smaller.
    if min(width, height) < 96 { #expect(try paint("--stroke-size", "small").picture == picture) }
  }

  @Test func unsupportedStrokeSizesAreRejected() throws {
    try makePicture(20, 20)
    for size in ["large", "medium", "200"] {
      let arguments = ["in.png", "out.png", "--style", "old", "--stroke-size", size]
      try expectRefused("stylize-image", arguments, saying: "the style 'old' has no canvas")
    }
    for size in ["huge", "63", "1025", "-1", "0.5"] {
      let arguments = ["in.png", "out.png", "--style", "canvas", "--stroke-size=\(size)"]
      for program in ["stylize-image", "stylize-video"] {
        try expectRefused(program, arguments, saying: "64 to 1024", exitCode: 2)
      }
    }
    // A style without a canvas paints, and its report contains no canvas.
    let result = try run("stylize-image", ["in.png", "out.png", "--style", "old", "--json", "--quiet"])
    #expect(result.exitCode == 0 && !result.output.contains("canvas"))
  }

  @Test func aMixtureIsPaintedOnTheCanvasOfEachStyle() throws {
    try makePicture(240, 160)
    let (alone, _) = try paint()
    let (mixed, report) = try paint("--style", "canvas:3,old")
    #expect(report.canvas == "144x96" && mixed != alone)
    let (other, _) = try paint("--style", "old")
    // Bytes are rounded after each style, so a mean may be one level off.
    for (index, value) in mixed.pixels.enumerated() {
      let mean = 0.75 * Double(alone.pixels[index]) + 0.25 * Double(other.pixels[index])
      #expect(abs(Double(value) - mean) <= 1)
      if abs(Double(value) - mean) > 1 { break }
    }
    #expect(try paint("--style", "canvas:0.5,canvas:0.5").picture == alone)
    try expectRefused(
      "stylize-image", ["in.png", "new.png", "--style", "canvas,old", "--stroke-size", "large"],
      saying: "the style 'old' has no canvas")
    try expectRefused(
      "stylize-image", ["in.png", "new.png", "--style", "canvas:0"], saying: "canvas:0", exitCode: 2)
  }

  // MARK: Videos

  private struct VideoReport: Decodable {
    var frames, width, height: Int
    var canvas: String?
    var strokeSize: String?
  }

  private func paintVideo(_ size: String, _ options: String...) throws -> (report: VideoReport, bytes: [UInt8]) {
    let tools = try MediaTools(folder: folder.path)
    try tools.ffmpeg(MediaTools.videoInput + ["-t", "0.2", "-vf", "scale=\(size)", "-an", "in.mp4"])
    let result = try run(
      "stylize-video", ["in.mp4", "out.mp4", "--style", "canvas", "--json", "--quiet", "--threads", "2"] + options)
    try #require(result.exitCode == 0 && result.errors == "", "\(result.errors)")
    let frames = try tools.frameTimes(of: "out.mp4").count
    let report = try JSONDecoder().decode(VideoReport.self, from: Data(result.output.utf8))
    #expect(frames == report.frames && frames == 5)
    return (report, try folder.bytes(of: "out.mp4"))
  }

  @Test(
    .enabled(if: MediaTools.areInstalled),
    arguments: [("240:160", "104x68"), ("160:240", "68x104"), ("64:40", "64x40"), ("16:16", "16x16")])
  func videosArePaintedOnTheirCanvas(size: String, canvas: String) throws {
    let (report, bytes) = try paintVideo(size, "--stroke-size", "large")
    #expect("\(report.width):\(report.height)" == size && report.canvas == canvas)
    let medium = try paintVideo(size)
    // Below the canvas, the stroke size has no effect.
    #expect((medium.bytes == bytes) == (medium.report.canvas == canvas))
  }

  @Test(.enabled(if: MediaTools.areInstalled)) func aStyleWithoutACanvasIsRejected() throws {
    try MediaTools(folder: folder.path).ffmpeg(
      MediaTools.videoInput + ["-t", "0.1", "-vf", "scale=32:18", "-an", "in.mp4"])
    let arguments = ["in.mp4", "out.mp4", "--style", "old", "--stroke-size", "large"]
    for options in [[], ["--live"]] {
      try expectRefused("stylize-video", arguments + options, saying: "the style 'old' has no canvas")
    }
  }

  /// Commands change the stroke size. The report contains the last one and its canvas.
  @Test(.enabled(if: MediaTools.areInstalled)) func strokesChangeDuringTheRun() throws {
    let program = try BuiltProgram("stylize-video")
    let result = try BuiltProgram(path: "/bin/sh").run(
      [
        "-c",
        """
        (sleep 1.5; echo strokes huge; echo strokes small; sleep 0.5; echo style old; sleep 0.5; echo strokes large; echo style canvas
         sleep 0.5; echo strokes 69; sleep 0.5; echo quit) |
          "\(program.path)" --input-format lavfi testsrc2=size=160x240:rate=20,realtime out.mkv --style canvas --json --quiet \\
            --fade 0.1 --stats stats.json --adapt off
        """,
      ], environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
    #expect(result.exitCode == 0, "\(result.errors)")
    let errors = result.errors.split(separator: "\n")
    #expect(errors.count == 2 && errors[0].contains("'huge'"), "\(result.errors)")
    #expect(errors.last?.contains("the style 'old' has no canvas") == true, "\(result.errors)")
    struct Report: Decodable {
      var frames, framesIn, framesDropped, strokeSize: Int
      var canvas: String
    }
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.strokeSize == 69 && report.canvas == "68x104")
    #expect(report.frames > 10 && report.frames + report.framesDropped == report.framesIn)
    let lines = try String(decoding: folder.bytes(of: "stats.json"), as: UTF8.self).split(separator: "\n")
    struct Line: Decodable { var canvasWidth, canvasHeight: Int? }
    let first = try JSONDecoder().decode(Line.self, from: Data(try #require(lines.first).utf8))
    #expect(first.canvasWidth == 96 && first.canvasHeight == 144)
  }
}
