import Foundation
import Imaging
import TestSupport
import Testing

/// Tests `evaluate-style --likeness` with the real feature extractor, on tiny pictures.
@Suite(.enabled(if: ExternalData.vgg16 != nil, "the VGG-16 weights are not on this machine"))
struct EvaluateLikenessTests {
  private let folder: TemporaryFolder
  private let evaluator: BuiltProgram

  init() throws {
    folder = try TemporaryFolder()
    evaluator = try BuiltProgram("evaluate-style")
    for (name, width, seed) in [("painting.png", 70, 50), ("frame.png", 64, 1), ("other.png", 65, 2)] {
      let image = syntheticImage(width: width, height: 48, seed: UInt32(seed))
      try PictureFile.write(Picture(tensor: image), to: folder.file(name))
    }
  }

  private func evaluate(_ arguments: String...) throws -> BuiltProgram.Result {
    try evaluator.run(["--likeness", "--style-image", "painting.png"] + arguments, folder: folder.path)
  }

  @Test func theUnpaintedFrameScoresZero() throws {
    let result = try evaluate("--content", "frame.png", "--painted", "frame.png", "frame.png")
    try #require(result.exitCode == 0, "\(result.errors)")
    let rows = result.output.split(separator: "\n")
    #expect(rows.count == 3 && rows[0].hasPrefix("likeness    fine"))
    for row in rows.dropFirst() {
      #expect(row.split(separator: " ").prefix(5) == ["0.0", "0.0", "0.0", "0.0", "1.000"], "\(row)")
      #expect(row.hasSuffix("  frame.png, 48 lines"), "\(row)")
    }
  }

  @Test func badInputIsReportedInOneSentence() throws {
    _ = try folder.write(Array("text".utf8), to: "text.png")
    try PictureFile.write(Picture(width: 64, height: 64, red: 1, green: 2, blue: 3), to: folder.file("blank.png"))
    let cases: [(arguments: [String], code: Int32, words: String)] = [
      (["--content", "frame.png", "--painted", "other.png"], 1, "other.png is 65×48 pixels, expected 64×48"),
      (["--content", "frame.png", "--painted", "text.png"], 1, "text.png"),
      (["--content", "missing.png"], 1, "missing.png"),
      (["--content", "text.png", "--painted", "frame.png"], 1, "text.png"),
      (["--content", "frame.png", "--painted", "frame.png", "--style-image", "blank.png"], 1, "of one colour"),
      (["--content", "frame.png", "--lines", "0"], 2, "16 to 4320"),
      (["--content", "frame.png", "--temporal"], 2, "cannot be combined"),
      (["--content", "frame.png", "--painted", "frame.png", "--save", "x"], 2, "combined with --save"),
    ]
    for (arguments, code, words) in cases {
      let painting = arguments.contains("--style-image") ? [] : ["--style-image", "painting.png"]
      let result = try evaluator.run(["--likeness"] + painting + arguments, folder: folder.path)
      #expect(result.exitCode == code && result.errors.contains(words), "\(arguments): \(result.errors)")
      if code == 1 { #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)") }
    }
  }
}
