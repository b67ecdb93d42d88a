import Foundation
import Imaging
import TestSupport
import Testing

/// Tests `optimize-image` with the real feature extractor, on tiny pictures.
@Suite(.enabled(if: ExternalData.vgg16 != nil, "the VGG-16 weights are not on this machine"))
struct OptimizeImageTests {
  private let folder: TemporaryFolder
  private let program: BuiltProgram

  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram("optimize-image")
    for (name, width, seed) in [("painting.png", 70, 50), ("other.png", 60, 51), ("photo.png", 64, 1)] {
      try PictureFile.write(
        Picture(tensor: syntheticImage(width: width, height: 48, seed: UInt32(seed))), to: folder.file(name))
    }
    let half = (0..<32 * 24).flatMap { [UInt8](repeating: $0 % 32 < 16 ? 255 : 0, count: 3) }
    try PictureFile.write(Picture(width: 32, height: 24, pixels: half), to: folder.file("mask.png"))
    try PictureFile.write(Picture(width: 9, height: 9, red: 0, green: 0, blue: 0), to: folder.file("black.png"))
  }

  private let small = ["--size", "48", "--start-size", "32", "--iterations", "3"]

  private func optimize(_ arguments: [String]) throws -> BuiltProgram.Result {
    try program.run(arguments, folder: folder.path)
  }

  @Test func paintsAndReports() throws {
    let result = try optimize(["photo.png", "painting.png", "out.png", "--json", "--previews", "shots"] + small)
    try #require(result.exitCode == 0, "\(result.errors)")
    let picture = try PictureFile.read(folder.file("out.png"))
    #expect((picture.width, picture.height) == (64, 48))
    let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    let report = try #require(object)
    // Synthetic pictures are alike from the start, so what it should be is not known. 100 is the painting's own.
    #expect(try #require(report["likeness"] as? Double) <= 100)
    #expect((0.2...1).contains(try #require(report["content"] as? Double)))
    let canvases = try #require(report["canvases"] as? [[String: Any]])
    #expect(canvases.map { $0["lines"] as? Int } == [32, 48])
    #expect(try folder.names.contains("out.png.checkpoint") == false)
    let shots = try FileManager.default.contentsOfDirectory(atPath: folder.file("shots")).sorted()
    #expect(shots == ["0032-0000.png", "0032-0003.png", "0048-0000.png", "0048-0003.png"])
    #expect(result.errors.contains("likeness"))

    let again = try optimize(["photo.png", "painting.png", "again.png", "--quiet"] + small)
    #expect(again.exitCode == 0 && again.errors == "" && again.output == "")
    #expect(try folder.bytes(of: "again.png") == folder.bytes(of: "out.png"))
  }

  @Test func severalPaintingsMasksAndTextures() throws {
    let mixture = try optimize(
      ["photo.png", "painting.png", "other.png", "mixture.png", "--shares", "2", "1", "--quiet"] + small)
    #expect(mixture.exitCode == 0, "\(mixture.errors)")
    let masked = try optimize(
      [
        "photo.png", "painting.png", "other.png", "masked.png", "--photo-masks", "mask.png", "none", "--painting-masks",
        "none", "mask.png",
      ] + small)
    #expect(masked.exitCode == 0, "\(masked.errors)")
    #expect(masked.errors.contains("mask.png has 32x24 pixels and is scaled to the 64x48 of photo.png"))
    #expect(masked.errors.contains("scaled to the 60x48 of other.png"))
    let texture = try optimize(["--texture", "painting.png", "texture.jpg", "--quiet"] + small)
    #expect(texture.exitCode == 0, "\(texture.errors)")
    let pictures = try ["mixture.png", "masked.png", "texture.jpg"].map { try PictureFile.read(folder.file($0)) }
    #expect(pictures.map(\.width) == [64, 64, 70])
    #expect(pictures[0] != pictures[1])
  }

  @Test(arguments: ["png", "jpg"])
  func transparencyAndProfileAreThoseOfThePhoto(fileExtension: String) throws {
    let photo = try PictureFile.read(folder.file("photo.png"))
    let alpha = (0..<photo.width * photo.height).map { UInt8($0 % photo.width < 16 ? 0 : 255) }
    var profile = [UInt8](repeating: 7, count: 200)
    profile.replaceSubrange(0..<4, with: [0, 0, 0, 200])
    profile.replaceSubrange(16..<20, with: Array("RGB ".utf8))
    let source = folder.file("clear.png")
    let bytes = try PictureFile.encode(
      photo.withAlpha(alpha), as: .png, PictureMetadata(iccProfile: profile), for: source)
    try PictureFile.write(bytes, to: source)
    let output = "out.\(fileExtension)"
    let result = try optimize(["clear.png", "painting.png", output, "--quiet"] + small)
    try #require(result.exitCode == 0, "\(result.errors)")
    let stored = try PictureFile.open(folder.file(output))
    #expect(stored.metadata.iccProfile == profile)
    let picture = try stored.picture()
    if fileExtension == "png" {
      #expect(picture.alpha == alpha && result.errors == "")
    } else {
      #expect(
        result.errors.contains("out.jpg: the format has no transparency, so the picture was composited over white"))
      // JPEG rings next to the edge, at column 16.
      let left = (0..<picture.height).flatMap { y in (0..<8).map { picture[$0, y].green } }
      #expect(left.allSatisfy { $0 > 240 }, "\(left.min() ?? 0)")
    }
  }

  @Test func anInterruptedRunResumes() throws {
    let arguments =
      ["photo.png", "painting.png", "out.png", "--progress", "json"]
      + ["--size", "48", "--start-size", "32", "--iterations", "12"]
    let whole = try optimize(arguments)
    try #require(whole.exitCode == 0, "\(whole.errors)")
    let expected = try folder.bytes(of: "out.png")
    let stopped = try program.run(arguments, folder: folder.path) { process in
      Thread.sleep(forTimeInterval: 1.5)
      kill(process, SIGTERM)
    }
    // On a fast machine the run may end before the signal.
    if stopped.exitCode != 0 {
      #expect(stopped.exitCode == 143, "\(stopped.errors)")
      #expect(stopped.errors.contains("--resume goes on from"))
      #expect(try PictureFile.read(folder.file("out.png")).width == 64)
      let other = try optimize(arguments + ["--resume", "--seed", "7"])
      #expect(other.exitCode == 1 && other.errors.contains("belongs to another run: the settings differ"))
      let crop = try optimize(arguments + ["--resume", "--style-crop", "0,2,0,0"])
      #expect(crop.exitCode == 1 && crop.errors.contains("the pictures, masks, shares or the crop differ"))
      let resumed = try optimize(arguments + ["--resume"])
      #expect(resumed.exitCode == 0, "\(resumed.errors)")
    }
    #expect(try folder.bytes(of: "out.png") == expected)
    #expect(try folder.names.contains("out.png.checkpoint") == false)
  }

  @Test func badInputIsReportedInOneSentence() throws {
    _ = try folder.write(Array("text".utf8), to: "text.png")
    let both = ["photo.png", "painting.png"]
    let cases: [(arguments: [String], code: Int32, words: String)] = [
      (["photo.png", "out.png"], 2, "expected PHOTO PAINTING ... OUTPUT, found 2 files"),
      (["--texture", "out.png"], 2, "expected PAINTING ... OUTPUT with --texture"),
      (["--texture", "painting.png", "out.png", "--content-weight", "1"], 2, "there is no photo"),
      (["--texture", "painting.png", "out.png", "--initial", "photo"], 2, "a texture has no photo"),
      (both + ["out.png", "--size", "5000"], 2, "32 to 4096"),
      (both + ["out.png", "--size", "64", "--start-size", "128"], 2, "the first size is 128"),
      (
        both + ["out.png", "--content-weight", "0", "--style-weight", "0"], 2,
        "the sum of the content weight and the style weight is 0"
      ),
      (both + ["out.png", "--style-weight=-1"], 2, "non-negative"),
      (both + ["out.png", "--shares", "0"], 2, "positive"),
      (both + ["out.png", "--shares", "1", "2"], 2, "--shares has 2 values for 1 paintings"),
      (both + ["out.png", "--photo-masks", "black.png"], 1, "black.png: the mask is black"),
      (both + ["out.png", "--photo-masks", "missing.png"], 1, "missing.png: no such file"),
      (both + ["out.png", "--resume"], 1, "out.png.checkpoint: no such file"),
      (both + ["photo.png"], 1, "input and output are the same file"),
      (both + ["out.txt"], 1, "names no picture format"),
      (["text.png", "painting.png", "out.png"], 1, "text.png"),
      (["photo.png", "black.png", "out.png"], 1, "at least 32 pixels"),
    ]
    for (arguments, code, words) in cases {
      let result = try optimize(arguments)
      #expect(result.exitCode == code && result.errors.contains(words), "\(arguments): \(result.errors)")
      if code == 1 { #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)") }
    }
    #expect(try !folder.names.contains("out.png"))
  }
}
