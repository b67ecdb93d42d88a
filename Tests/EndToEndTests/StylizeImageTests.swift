import Foundation
import Imaging
import Networks
import Safetensors
import Tensors
import TestSupport
import Testing

/// Tests `stylize-image` with a small network of random weights.
struct StylizeImageTests {
  private let folder: TemporaryFolder
  private let program: BuiltProgram
  private let source = Picture(tensor: syntheticImage(width: 45, height: 30, seed: 1))
  private let alpha = (0..<45 * 30).map { UInt8($0 % 256) }

  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram("stylize-image")
    try randomModel(seed: 1).save(path: folder.file("random.safetensors"))
    try PictureFile.write(source.withAlpha(alpha), to: folder.file("in.png"))
  }

  private func stylize(_ arguments: String...) throws -> BuiltProgram.Result {
    try program.run(arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
  }

  private func output(_ arguments: String...) throws -> Picture {
    let outcome = try program.run(
      ["in.png", "out.png", "--style", "random"] + arguments, environment: ["IMPASTO_MODELS": folder.path],
      folder: folder.path)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.errors == "")
    return try PictureFile.read(folder.file("out.png"))
  }

  // MARK: Output

  @Test func paintsAndKeepsSizeAndAlpha() throws {
    let stylized = try output()
    #expect(stylized.width == 45 && stylized.height == 30)
    #expect(stylized.alpha == alpha)
    #expect(difference(stylized, source) > 10, "the network's picture is not the source")
    #expect(try folder.names == ["in.png", "out.png", "random.safetensors"])
  }

  @Test func strengthMixesWithTheSource() throws {
    let stylized = try output()
    #expect(try output("--strength", "0") == source.withAlpha(alpha))
    let mixed = try output("--strength", "0.25")
    for index in mixed.pixels.indices {
      let exact = 0.75 * Double(source.pixels[index]) + 0.25 * Double(stylized.pixels[index])
      #expect(abs(Double(mixed.pixels[index]) - exact) <= 0.51)
    }
  }

  @Test func colorsArePreserved() throws {
    let preserved = try output("--preserve-colors")
    #expect(preserved == source.withAlpha(alpha).preservingColors(in: try output()))
    #expect(difference(preserved, source) > 1)
  }

  @Test func masksPaintAPart() throws {
    let whole = try output()
    let mask = (0..<30).flatMap { _ in (0..<45).flatMap { [UInt8](repeating: $0 < 20 ? 0 : 255, count: 3) } }
    try PictureFile.write(Picture(width: 45, height: 30, pixels: mask), to: folder.file("mask.png"))
    func expectParts(_ result: Picture, left: Picture, right: Picture) {
      for y in 0..<30 {
        for x in 0..<45 { #expect(result[x, y] == (x < 20 ? left[x, y] : right[x, y]), "\(x), \(y)") }
      }
    }
    expectParts(try output("--mask", "mask.png"), left: source, right: whole)
    expectParts(try output("--mask", "mask.png", "--invert-mask"), left: whole, right: source)
    try randomModel(seed: 2).save(path: folder.file("other.safetensors"))
    let other = try output("--style", "other")
    expectParts(try output("--mask", "mask.png", "--outside-style", "other"), left: other, right: whole)
    // The picture's own alpha: 0 stays, 255 is painted, and the result is opaque.
    let cut = try output("--mask-alpha")
    #expect(cut.alpha == nil)
    for index in [0, 256, 512] { #expect(cut[index % 45, index / 45] == source[index % 45, index / 45]) }
    for index in [255, 511] { #expect(cut[index % 45, index / 45] != source[index % 45, index / 45]) }
    let json = try stylize(
      "in.png", "out.png", "--style", "random", "--mask", "mask.png", "--mask-feather", "2", "--json")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let named = try #require(report["mask"] as? [String: Any])
    #expect(named["file"] as? String == "mask.png" && named["feather"] as? Double == 2)
    #expect(named["inverted"] as? Bool == false && named["outsideStyle"] == nil)
  }

  @Test func unusableMasksAreRefused() throws {
    try folder.write([], to: "empty.png")
    try PictureFile.write(source, to: folder.file("opaque.png"))
    for name in ["missing.png", "empty.png", "random.safetensors"] {
      try expectRefused("in.png", "out.png", "--style", "random", "--mask", name, saying: "\(name): ")
    }
    try expectRefused("opaque.png", "out.png", "--style", "random", "--mask-alpha", saying: "the input has none")
    let both = try stylize("in.png", "out.png", "--mask", "in.png", "--mask-alpha")
    #expect(both.exitCode == 2 && both.errors.contains("cannot be combined"), "\(both.errors)")
    try PictureFile.write(Picture(width: 9, height: 30, red: 0, green: 0, blue: 0), to: folder.file("black.png"))
    let black = try stylize("in.png", "out.png", "--style", "random", "--mask", "black.png")
    #expect(black.exitCode == 0 && black.errors.contains("nothing is painted") && black.errors.contains("stretched"))
  }

  @Test func aSheetShowsEveryStyle() throws {
    try randomModel(seed: 2).save(path: folder.file("other.safetensors"))
    try folder.write(Array("A letter.\n".utf8), to: "letter.safetensors")
    let outcome = try stylize("in.png", "sheet.png", "--all-styles", "--quiet", "--json")
    #expect(outcome.exitCode == 0 && outcome.errors.contains("letter.safetensors"), "\(outcome.errors)")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let styles = try #require(report["styles"] as? [[String: Any]])
    #expect(styles.map { $0["name"] as? String } == ["other", "random"])
    #expect(report["workWidth"] as? Int == 45 && report["workHeight"] as? Int == 30)
    let sheet = try PictureFile.read(folder.file("sheet.png"))
    #expect(report["width"] as? Int == sheet.width && sheet.width > 90)
    // The first cell is the picture itself, over white.
    let shown = source.withAlpha(alpha).flattened()
    #expect((0..<30).allSatisfy { y in (0..<45).allSatisfy { sheet[8 + $0, 8 + y] == shown[$0, y] } })
    let small = try stylize("in.png", "sheet.png", "--all-styles", "--size", "15", "--quiet")
    #expect(small.exitCode == 0)
    #expect(try PictureFile.read(folder.file("sheet.png")).width < sheet.width)
  }

  @Test func workSizeChangesThePaintingOnly() throws {
    let original = try output()
    let smaller = try output("--size", "20")
    let exact = try output("--size", "30x20")
    #expect(smaller.width == 45 && smaller.height == 30)
    #expect(smaller == exact)
    #expect(smaller != original)
    #expect(try output("--size", "45x30") == original)
    // A work size that the network cannot halve twice still works.
    #expect(try output("--size", "1x1").width == 45)
  }

  @Test func sizeOfOnePixel() throws {
    let dot = Picture(width: 1, height: 1, red: 3, green: 200, blue: 90)
    try PictureFile.write(dot, to: folder.file("dot.png"))
    #expect(try stylize("dot.png", "out.png", "--style", "random").exitCode == 0)
    let result = try PictureFile.read(folder.file("out.png"))
    #expect(result.width == 1 && result.height == 1)
  }

  @Test func orientationIsRespected() throws {
    // A JPEG file with an EXIF segment after its first two bytes. Orientation 6 is a clockwise quarter turn.
    try PictureFile.write(source, to: folder.file("plain.jpg"))
    let tiff: [UInt8] = [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]
    let exif = Array("Exif".utf8) + [0, 0] + tiff
    let bytes = try folder.bytes(of: "plain.jpg")
    let segment: [UInt8] = [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif
    try folder.write(Array(bytes[..<2]) + segment + Array(bytes[2...]), to: "turned.jpg")
    #expect(try stylize("turned.jpg", "out.png", "--style", "random", "--strength", "0").exitCode == 0)
    let expected = try PictureFile.read(folder.file("plain.jpg")).oriented(.quarterTurnClockwise)
    #expect(try PictureFile.read(folder.file("out.png")) == expected)
  }

  @Test(arguments: ["jpg", "webp", "tiff", "bmp", "ppm", "exr"])
  func otherFormats(fileExtension: String) throws {
    let outcome = try stylize("in.png", "out.\(fileExtension)", "--style", "random.safetensors")
    #expect(outcome.exitCode == 0)
    let result = try PictureFile.read(folder.file("out.\(fileExtension)"))
    let format = try #require(PictureFormat(path: "a.\(fileExtension)"))
    #expect(result.alpha == (format.hasAlpha ? alpha : nil))
    // Lost transparency causes a warning.
    #expect(outcome.errors.contains("transparency") == !format.hasAlpha)
  }

  @Test func jsonReport() throws {
    let outcome = try stylize("in.png", "out.png", "--style", "random", "--size", "20", "--threads", "2", "--json")
    #expect(outcome.exitCode == 0)
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let report = try #require(object as? [String: Any])
    #expect(report["width"] as? Int == 45 && report["height"] as? Int == 30)
    #expect(report["workWidth"] as? Int == 30 && report["workHeight"] as? Int == 20)
    #expect(report["style"] as? String == "random" && report["network"] as? String == "johnson, width × 0.125")
    #expect(try #require(report["seconds"] as? Double) > 0)
    #expect(try #require(report["peakMemoryMB"] as? Double) > 1)
  }

  @Test(arguments: ["stylize-image", "stylize-video"])
  func listsStyles(program: String) throws {
    try folder.write(Array("A letter.\n".utf8), to: "letter.safetensors")
    func list(_ arguments: String...) throws -> String {
      let outcome = try BuiltProgram(program).run(
        ["--list-styles"] + arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
      #expect(outcome.exitCode == 0 && outcome.errors == "", "\(outcome.errors)")
      return outcome.output
    }
    let lines = try list().split(separator: "\n")
    #expect(lines.count == 2 && lines[0].hasPrefix("letter  unreadable"), "\(lines)")
    #expect(lines.last?.hasPrefix("random  johnson, width × 0.125") == true, "\(lines)")
    let object = try JSONSerialization.jsonObject(with: Data(try list("--json").utf8)) as? [String: [[String: Any]]]
    let styles = try #require(object?["styles"])
    #expect(styles.map { $0["name"] as? String } == ["letter", "random"])
    #expect(styles[1]["file"] as? String == folder.file("random.safetensors"))
    #expect(styles[0]["error"] != nil && styles[1]["error"] == nil)
  }

  // MARK: Errors

  /// Expects exit code 1, one sentence that starts with the program's name and contains `text`, and unchanged files.
  private func expectRefused(_ arguments: String..., saying text: String) throws {
    let before = try contents()
    let outcome = try program.run(arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
    #expect(outcome.exitCode == 1, "\(arguments)")
    #expect(outcome.output == "")
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(outcome.errors)")
    #expect(lines.first?.hasPrefix("stylize-image: ") == true && lines.first?.contains(text) == true, "\(lines)")
    #expect(try contents() == before)
  }

  private func contents() throws -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for name in try folder.names { result[name] = (try? folder.bytes(of: name)) ?? [] }
    return result
  }

  @Test func invalidInputs() throws {
    try folder.write([], to: "empty.png")
    try folder.write(Array("A letter.\n".utf8), to: "letter.png")
    let jpeg = folder.file("whole.jpg")
    try PictureFile.write(source, to: jpeg)
    try folder.write(Array(try folder.bytes(of: "whole.jpg")[..<150]), to: "cut.jpg")
    try folder.write(silence, to: "sound.wav")
    for name in ["missing.png", folder.path, "empty.png", "letter.png", "cut.jpg", "sound.wav", "random.safetensors"] {
      try expectRefused(name, "out.png", "--style", "random", saying: "\(name): ")
    }
  }

  private var silence: [UInt8] {
    func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    let format: [UInt8] = word(16) + [1, 0, 1, 0] + word(8000) + word(8000) + [1, 0, 8, 0]
    let data = [UInt8](repeating: 128, count: 800)
    return Array("RIFF".utf8) + word(836) + Array("WAVEfmt ".utf8) + format + Array("data".utf8) + word(800) + data
  }

  @Test func outputEqualToInput() throws {
    let input = folder.file("in.png")
    try FileManager.default.createSymbolicLink(atPath: folder.file("soft.png"), withDestinationPath: input)
    try FileManager.default.linkItem(atPath: input, toPath: folder.file("hard.png"))
    for name in ["in.png", "./in.png", "soft.png", "hard.png"] {
      try expectRefused("in.png", name, "--style", "random", saying: "same file")
    }
  }

  @Test func unwritableOutputs() throws {
    try expectRefused("in.png", "missing/out.png", "--style", "random", saying: "missing/out.png: ")
    try expectRefused("in.png", "/proc/out.png", "--style", "random", saying: "/proc/out.png: ")
    try expectRefused("in.png", folder.path, "--style", "random", saying: folder.path)
    try expectRefused("in.png", "out.gif", "--style", "random", saying: "out.gif: cannot be written: the extension")
    try expectRefused("in.png", "out", "--style", "random", saying: "out: cannot be written: the extension")
  }

  @Test func invalidModels() throws {
    let whole = try folder.bytes(of: "random.safetensors")
    try folder.write(Array(whole[..<(whole.count / 2)]), to: "half.safetensors")
    try folder.write(Array("A letter.\n".utf8), to: "letter.safetensors")
    let stranger = [(name: "weight", tensor: Tensor(Shape([2, 2])))]
    try SafetensorsWriter.write(tensors: stranger, to: folder.file("foreign.safetensors"))
    let model = try StyleModel.load(path: folder.file("random.safetensors"))
    let wide = NetworkDefinition.johnson(width: 0.25)
    try StyleModel(definition: wide, parameters: model.parameters, style: "wide").save(
      path: folder.file("wide.safetensors"))
    for name in ["half", "letter", "foreign", "wide", "missing"] {
      try expectRefused("in.png", "out.png", "--style", name, saying: name)
      try expectRefused("in.png", "out.png", "--style", "./\(name).safetensors", saying: name)
    }
  }

  @Test(arguments: [
    ["in.png"], [], ["in.png", "out.png", "more.png"], ["in.png", "out.png", "--strength", "1.1"],
    ["in.png", "out.png", "--strength", "nan"], ["in.png", "out.png", "--strength", "-0.1"],
    ["in.png", "out.png", "--strength", "much"], ["in.png", "out.png", "--size", "0"],
    ["in.png", "out.png", "--size", "-5"], ["in.png", "out.png", "--size", "20x"],
    ["in.png", "out.png", "--size", "20x20x20"], ["in.png", "out.png", "--size", "99999"],
    ["in.png", "out.png", "--threads", "0"], ["in.png", "out.png", "--threads", "many"],
    ["in.png", "out.png", "--unknown"],
  ])
  func wrongUsage(arguments: [String]) throws {
    let outcome = try program.run(
      arguments, environment: ["IMPASTO_MODELS": folder.path], folder: folder.path)
    #expect(outcome.exitCode == 2)
    #expect(outcome.output == "")
    #expect(outcome.errors.hasPrefix("stylize-image: "))
    #expect(try folder.names == ["in.png", "random.safetensors"])
  }

  @Test func existingOutputSurvivesAFailure() throws {
    try folder.write([1, 2, 3], to: "out.png")
    try folder.write(Array("A letter.\n".utf8), to: "letter.png")
    try expectRefused("letter.png", "out.png", "--style", "random", saying: "letter.png")
    #expect(try folder.bytes(of: "out.png") == [1, 2, 3])
  }
}

/// Returns the mean absolute difference of two pictures' samples.
private func difference(_ a: Picture, _ b: Picture) -> Double {
  zip(a.pixels, b.pixels).reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) } / Double(a.pixels.count)
}
