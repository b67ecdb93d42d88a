import Foundation
import Imaging
import Networks
import TestSupport
import Testing

/// Tests `inspect-features` on tiny pictures.
struct InspectFeaturesTests {
  private let folder: TemporaryFolder
  private let program: BuiltProgram

  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram("inspect-features")
    try randomModel(seed: 1).save(path: folder.file("random.safetensors"))
    try PictureFile.write(Picture(tensor: syntheticImage(width: 64, height: 48, seed: 1)), to: folder.file("in.png"))
  }

  private func inspect(_ arguments: [String]) throws -> BuiltProgram.Result {
    try program.run(arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
  }

  private func report(_ arguments: [String]) throws -> [String: Any] {
    let result = try inspect(arguments + ["--json", "--quiet"])
    try #require(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors == "")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  // MARK: The network of a style, which needs no VGG-16

  @Test func showsTheNetworkOfAStyle() throws {
    let report = try report(["in.png", "out.png", "--network", "random", "--html", "page.html", "--channels", "2"])
    let stages = try #require(report["stages"] as? [[String: Any]])
    #expect(stages.count == 10 && (stages[0]["channels"] as? [Any])?.count == 2)
    #expect(try PictureFile.read(folder.file("out.png")).width > 200)
    let page = String(decoding: try folder.bytes(of: "page.html"), as: UTF8.self)
    #expect(page.hasPrefix("<!doctype html>") && page.contains("How random paints in.png"))
    #expect(report["html"] as? String == "page.html")
    let first = try folder.bytes(of: "out.png")
    _ = try self.report(["in.png", "out.png", "--network", "random", "--channels", "2", "--threads", "1"])
    #expect(try folder.bytes(of: "out.png") == first, "the same bytes")
  }

  // MARK: VGG-16

  private static let isInstalled = ExternalData.vgg16 != nil

  @Test(.enabled(if: isInstalled, "the VGG-16 weights are not on this machine"))
  func showsLayers() throws {
    let report = try report(["in.png", "out.png", "--html", "page.html", "--channels", "3"])
    let layers = try #require(report["layers"] as? [[String: Any]])
    #expect(layers.map { $0["layer"] as? String }.count == 10 && layers[9]["layer"] as? String == "relu4_3")
    let channels = try #require(layers[4]["channels"] as? [[String: Any]])
    let strongest = try #require(channels[0]["strongest"] as? [String: Any])
    let width = try #require(strongest["width"] as? Int)
    #expect(channels.count == 3 && (1...24).contains(width))
    #expect(try folder.bytes(of: "page.html").count < 8 << 20)
    let some = try self.report(["in.png", "out.png", "--layers", "relu1_1", "relu3_3"])
    #expect((some["layers"] as? [Any])?.count == 2)
  }

  @Test(
    .enabled(if: isInstalled, "the VGG-16 weights are not on this machine"),
    arguments: ["deconvolution", "guided", "exact"])
  func showsPatchesOfAFolder(gradient: String) throws {
    try FileManager.default.createDirectory(atPath: folder.file("photos"), withIntermediateDirectories: true)
    for index in 1...11 {
      let picture = Picture(tensor: syntheticImage(width: 40 + index, height: 36, seed: UInt32(index)))
      try PictureFile.write(picture, to: folder.file("photos/\(index).png"))
    }
    try folder.write(Array("text".utf8), to: "photos/broken.jpg")
    let result = try inspect(
      ["photos", "out.png", "--channel", "relu2_2:5", "--gradient", gradient, "--json", "--quiet"])
    try #require(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors.contains("1 pictures could not be read"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let patches = try #require(object["patches"] as? [[String: Any]])
    #expect(patches.count == 9 && object["pictures"] as? Int == 11)
    let values = patches.compactMap { $0["value"] as? Double }
    #expect(values == values.sorted(by: >))
    #expect(Set(patches.compactMap { $0["picture"] as? String }).count == 9, "each picture once")
  }

  @Test(.enabled(if: isInstalled, "the VGG-16 weights are not on this machine"))
  func maximizesAndReconstructs() throws {
    let arguments = ["--maximize", "relu1_2:3", "--size", "32", "--steps", "4", "--seed", "5"]
    _ = try report(["best.png"] + arguments)
    let best = try folder.bytes(of: "best.png")
    #expect(try PictureFile.read(folder.file("best.png")).width == 32)
    _ = try report(["best.png"] + arguments)
    #expect(try folder.bytes(of: "best.png") == best, "the same seed, the same bytes")
    _ = try report(["grid.png", "--maximize", "relu1_1:1", "relu1_2:3", "--size", "32", "--steps", "2"])
    #expect(try PictureFile.read(folder.file("grid.png")).width > 64)
    let report = try report(
      ["in.png", "kept.png", "--reconstruct", "relu1_1", "relu2_1", "--painting", "in.png", "--steps", "2"])
    let found = try #require(report["reconstructions"] as? [[String: Any]])
    #expect(found.map { $0["target"] as? String } == ["content", "content", "texture", "texture"])
  }

  // MARK: Errors

  @Test func badInputIsReportedInOneSentence() throws {
    try folder.write(Array("text".utf8), to: "text.png")
    try PictureFile.write(Picture(width: 6, height: 90, red: 1, green: 2, blue: 3), to: folder.file("strip.png"))
    try PictureFile.write(Picture(width: 20, height: 900, red: 1, green: 2, blue: 3), to: folder.file("tower.png"))
    let cases: [(arguments: [String], code: Int32, words: String)] = [
      (["in.png"], 2, "expected two files"),
      (["in.png", "out.png", "--maximize", "relu1_1:2"], 2, "takes one file"),
      (["in.png", "out.png", "--channel", "relu5_1:2"], 2, "relu4_3"),
      (["in.png", "out.png", "--channel", "relu3_3:256"], 2, "0 to 255"),
      (["in.png", "out.png", "--channel", "relu3_3"], 2, "LAYER:NUMBER"),
      (["in.png", "out.png", "--reconstruct", "conv1"], 2, "relu1_1, relu1_2"),
      (["in.png", "out.png", "--network", "random", "--reconstruct", "relu1_1"], 2, "cannot be combined"),
      (["in.png", "out.png", "--painting", "in.png"], 2, "requires --reconstruct"),
      (["in.png", "out.png", "--channel", "relu1_1:1", "--html", "a.html"], 2, "cannot be combined"),
      (["in.png", "out.png", "--gradient", "integrated"], 2, "gradient"),
      (["in.png", "out.png", "--size", "9"], 2, "32 to 4096"),
      (["missing.png", "out.png"], 1, "missing.png"),
      (["text.png", "out.png"], 1, "text.png"),
      (["in.png", "in.png"], 1, "same file"),
      (["in.png", "out.gif"], 1, "out.gif"),
      (["in.png", "missing/out.png"], 1, "missing/out.png"),
      (["in.png", "out.png", "--network", "missing"], 1, "missing"),
      (["in.png", "out.png", "--html", "missing/a.html"], 1, "missing/a.html"),
      (["strip.png", "out.png"], 1, "6×90"),
      (["tower.png", "out.png"], 1, "20×900 pixels, expected one side to be at most 8 times the other"),
      (["tower.png", "out.png", "--network", "random"], 1, "at most 8 times the other"),
      (["in.png", "out.png", "--html", "./out.png"], 2, "--html and the output are the same file"),
    ]
    for (arguments, code, words) in cases {
      let result = try inspect(arguments)
      #expect(result.exitCode == code && result.errors.contains(words), "\(arguments): \(result.errors)")
      if code == 1 { #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)") }
    }
    #expect(try !folder.names.contains("out.png"))
  }
}
