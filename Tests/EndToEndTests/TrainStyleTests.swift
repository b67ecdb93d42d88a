import Foundation
import Imaging
import Networks
import TestSupport
import Testing

/// Tests `train-style` and `evaluate-style` with the real feature extractor, on tiny pictures.
@Suite(.enabled(if: ExternalData.vgg16 != nil, "the VGG-16 weights are not on this machine"))
struct TrainStyleTests {
  private let folder: TemporaryFolder
  private let trainer: BuiltProgram
  private let evaluator: BuiltProgram

  init() throws {
    folder = try TemporaryFolder()
    trainer = try BuiltProgram("train-style")
    evaluator = try BuiltProgram("evaluate-style")
    try FileManager.default.createDirectory(atPath: folder.file("photos"), withIntermediateDirectories: true)
    for index in 0..<4 {
      let image = syntheticImage(width: 64 + 5 * index, height: 56, seed: UInt32(index))
      try PictureFile.write(Picture(tensor: image), to: folder.file("photos/\(index).png"))
    }
    try PictureFile.write(
      Picture(tensor: syntheticImage(width: 70, height: 60, seed: 50)), to: folder.file("painting.png"))
  }

  /// Trains on the folder's painting with small settings.
  private func train(_ arguments: [String], whileRunning: ((Int32) throws -> Void)? = nil) throws -> BuiltProgram.Result
  {
    try trainer.run(
      [
        "painting.png", "--content", "photos", "--network", "half", "--width", "0.5", "--batch-size", "2",
        "--image-size", "32", "--style-size", "48", "--threads", "2",
      ] + arguments, folder: folder.path, whileRunning: whileRunning)
  }

  /// Returns the option for a model in a new folder `name`. The file name is always the same, so that identical models
  /// have identical bytes.
  private func outputArguments(_ name: String) throws -> [String] {
    try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
    return ["--output", name + "/style.safetensors"]
  }

  @Test func theSameSeedGivesTheSameBytesEvenAfterAnInterruption() throws {
    let iterations = ["--iterations", "40", "--checkpoint-interval", "5"]
    let first = try train(iterations + outputArguments("a"))
    try #require(first.exitCode == 0, "\(first.errors)")
    let second = try train(iterations + outputArguments("b"))
    try #require(second.exitCode == 0, "\(second.errors)")
    let bytes = try folder.bytes(of: "a/style.safetensors")
    #expect(try folder.bytes(of: "b/style.safetensors") == bytes)

    let output = try outputArguments("c")
    let interrupted = try train(iterations + output) { process in
      let log = folder.file("c/style.training/losses.csv")
      let deadline = Date(timeIntervalSinceNow: 120)
      while Date() < deadline {
        let lines = ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n").count
        if lines > 3 { break }
        usleep(5_000)
      }
      kill(process, SIGINT)
    }
    #expect(interrupted.exitCode == 130, "\(interrupted.errors)")
    #expect(interrupted.errors.contains("--resume"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("c/style.safetensors")))
    let resumed = try train(iterations + output + ["--resume"])
    try #require(resumed.exitCode == 0, "\(resumed.errors)")
    #expect(try folder.bytes(of: "c/style.safetensors") == bytes)
  }

  @Test func defaultOutputIsNamedAfterThePaintingAndCanBeEvaluated() throws {
    let trained = try train(["--iterations", "2", "--json"])
    try #require(trained.exitCode == 0, "\(trained.errors)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(trained.output.utf8)) as? [String: Any])
    #expect(report["model"] as? String == "models/painting.safetensors")
    #expect(report["iterations"] as? Int == 2)
    #expect(report["card"] as? String == "models/painting.json")
    for name in ["models/painting.safetensors", "models/painting.json", "models/painting.md", "models/painting.jpg"] {
      #expect(FileManager.default.fileExists(atPath: folder.file(name)), "\(name)")
    }
    #expect(report["report"] as? String == "models/painting.html")
    let page = try String(contentsOfFile: folder.file("models/painting.html"), encoding: .utf8)
    for text in ["Training of painting", "likeness", "noisy still", "<polyline", "after 2 steps", "type=\"range\""] {
      #expect(page.contains(text), "\(text)")
    }

    let evaluated = try evaluator.run(
      ["--style", "painting", "--style-image", "painting.png", "--content", "photos", "--size", "48", "--json"],
      folder: folder.path)
    try #require(evaluated.exitCode == 0, "\(evaluated.errors)")
    let losses = try JSONDecoder().decode(Evaluation.self, from: Data(evaluated.output.utf8))
    #expect(losses.photos.map(\.file).sorted() == ["0.png", "1.png", "2.png", "3.png"])
    for photo in losses.photos {
      #expect(Set(photo.styleLayers.keys) == ["relu1_2", "relu2_2", "relu3_3", "relu4_3"])
      #expect(isClose(photo.styleLayers.values.reduce(photo.palette, +), photo.style))
      #expect(isClose(photo.content + photo.style + photo.tv, photo.total))
    }
    let mean = losses.photos.map(\.total).reduce(0, +) / 4
    #expect(isClose(mean, losses.mean.total))

    let compared = try evaluator.run(
      ["--report", "page.html", "--content", "photos", "--lines", "64", "--quiet", "painting", "painting"],
      folder: folder.path)
    try #require(compared.exitCode == 0, "\(compared.errors)")
    let comparison = try String(contentsOfFile: folder.file("page.html"), encoding: .utf8)
    #expect(comparison.contains("2 styles compared") && comparison.contains("3.png, original"))
    #expect(comparison.contains("no measured likeness"))

    // The default objective is that of the training.
    func total(_ objective: [String]) throws -> Double {
      let arguments = ["--style", "painting", "--style-image", "painting.png", "--content", "photos", "--size", "48"]
      let result = try evaluator.run(arguments + objective + ["--json"], folder: folder.path)
      return try JSONDecoder().decode(Evaluation.self, from: Data(result.output.utf8)).mean.total
    }
    let weight = try #require(report["styleWeight"] as? Double)
    #expect(try total(["--style-size", "48", "--style-weight", "\(weight)"]) == losses.mean.total)
    #expect(try total(["--style-size", "40"]) != losses.mean.total)
  }

  @Test func theEvaluationUsesTheCropOfTheTraining() throws {
    let trained = try train(["--iterations", "2", "--style-crop", "10,0,20,12.5"])
    try #require(trained.exitCode == 0, "\(trained.errors)")
    #expect(trained.errors.contains("of its short side wide"))
    let card = try String(contentsOfFile: folder.file("models/painting.md"), encoding: .utf8)
    #expect(card.contains("cut by 10,0,20,12.5 %"))
    func total(_ crop: [String]) throws -> Double {
      let arguments = ["--style", "painting", "--style-image", "painting.png", "--content", "photos", "--size", "48"]
      let result = try evaluator.run(arguments + crop + ["--json"], folder: folder.path)
      return try JSONDecoder().decode(Evaluation.self, from: Data(result.output.utf8)).mean.total
    }
    let usual = try total([])
    #expect(try total(["--style-crop", "10,0,20,12.5"]) == usual)
    #expect(try total(["--style-crop", "0,0,0,0"]) != usual)
  }

  @Test func invalidCropsAreRejected() throws {
    let nonsense = try train(["--style-crop", "60,0,40,0"])
    #expect(
      nonsense.exitCode != 0 && nonsense.errors.contains("'60,0,40,0', expected LEFT,TOP,RIGHT,BOTTOM"),
      "\(nonsense.errors)")
    let narrow = try train(["--style-crop", "45,0,45,0"])
    #expect(narrow.exitCode == 1 && narrow.errors.contains("7×60 pixels after the crop"), "\(narrow.errors)")
    let both = try train(["--stroke-size", "large"])
    #expect(both.exitCode != 0 && both.errors.contains("--stroke-size cannot be combined"), "\(both.errors)")
  }

  @Test func heldOutPhotosAreExcludedFromTrainingAndEvaluated() throws {
    _ = try folder.write(Array("# kept out\n1.png\n3.png\n".utf8), to: "held_out.txt")
    let trained = try train(
      [
        "--iterations", "3", "--network", "dense:channels=4-8-8,blocks=1", "--width", "1", "--exclude-list",
        "held_out.txt",
      ])
    try #require(trained.exitCode == 0, "\(trained.errors)")
    #expect(trained.errors.contains("2 photos in photos") && trained.errors.contains("2 photos left out"))
    #expect(trained.errors.contains("ETA"), "the remaining time is missing: \(trained.errors)")
    #expect(trained.errors.contains("only 2 photos"))
    let card = String(decoding: try folder.bytes(of: "models/painting.md"), as: UTF8.self)
    #expect(card.contains("2 photographs, 2 others kept out") && card.contains("random values"))

    let evaluated = try evaluator.run(
      [
        "--style", "painting", "--style-image", "painting.png", "--content", "photos", "--photo-list", "held_out.txt",
        "--size", "48", "--temporal", "--card", "models/painting.json", "--json",
      ], folder: folder.path)
    try #require(evaluated.exitCode == 0, "\(evaluated.errors)")
    let result = try JSONDecoder().decode(Evaluation.self, from: Data(evaluated.output.utf8))
    #expect(result.photos.map(\.file).sorted() == ["1.png", "3.png"])
    let temporal = try #require(result.temporal)
    #expect(temporal.warping.input > 0 && temporal.warping.output > 0)
    #expect(abs(temporal.still.input - 2) < 0.2, "\(temporal.still)")

    let likeness = try evaluator.run(
      [
        "--likeness", "--style-image", "painting.png", "--content", "photos", "--photo-list",
        "held_out.txt", "--lines", "64", "48", "--card", "models/painting.json", "--save", "painted", "--json",
      ], folder: folder.path)
    try #require(likeness.exitCode == 0, "\(likeness.errors)")
    let sizes = try JSONDecoder().decode(LikenessEvaluation.self, from: Data(likeness.output.utf8)).sizes
    #expect(sizes.map(\.lines) == [64, 48] && sizes.allSatisfy { $0.photos.map(\.file) == ["1.png", "3.png"] })
    for name in ["1.png-64.png", "1.png-48.png", "3.png-64.png", "3.png-48.png"] {
      let picture = try PictureFile.read(folder.file("painted/" + name))
      #expect(min(picture.width, picture.height) == (name.hasSuffix("-64.png") ? 64 : 48), "\(name)")
    }

    // The card and the gallery contain the same values.
    let noted = String(decoding: try folder.bytes(of: "models/painting.md"), as: UTF8.self)
    let (output, input) = (
      String(format: "%.2f", temporal.warping.output), String(format: "%.2f", temporal.warping.input)
    )
    #expect(noted.hasPrefix(card.dropLast(1)), "the trainer's part of the card has changed")
    let (score, kept) = (
      String(format: "%.1f", sizes[0].mean.likeness), String(format: "%.3f", sizes[0].mean.content)
    )
    #expect(noted.contains("| likeness | \(score): fine ") && noted.contains("; content \(kept), "), "\(noted)")
    #expect(noted.contains("| warping error | \(output) of 255 (the photos' own \(input)): pan "), "\(noted)")
    #expect(noted.contains("; mean of 2 photos of `held_out.txt` of 48×48, "), "\(noted)")
    let gallery = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../models/gallery.py")
    let shown = try #require(BuiltProgram.onPath("python3")).run([
      gallery.standardizedFileURL.path, "--models", folder.file("models"),
    ])
    try #require(shown.exitCode == 0, "\(shown.errors)")
    let row = try #require(
      String(decoding: try folder.bytes(of: "models/README.md"), as: UTF8.self).split(separator: "\n").last {
        $0.hasPrefix("| [painting](painting.md) |")
      })
    let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(cells.count == 15 && !cells.contains(""), "a value of the card is missing: \(row)")
    #expect(cells.contains(score) && cells.contains(kept), "\(row)")
    #expect(cells.contains("\(output) (\(input))") && cells.contains("48"), "\(row)")

    // The readable card can be recreated from the JSON card.
    try FileManager.default.removeItem(atPath: folder.file("models/painting.md"))
    let rendered = try evaluator.run(["--card", "models/painting.json"], folder: folder.path)
    #expect(rendered.exitCode == 0 && rendered.output.isEmpty, "\(rendered.errors)")
    #expect(try folder.bytes(of: "models/painting.md") == Array(noted.utf8))

    _ = try folder.write(Array("{}".utf8), to: "empty.json")
    for (file, words) in [
      ("missing.json", "missing.json"), ("painting.png", "found a file of another name, expected painting.json"),
      ("models/painting.md", "expected models/painting.json"), ("empty.json", "found no formatVersion, expected"),
    ] {
      let refused = try evaluator.run(
        ["--style", "painting", "--style-image", "painting.png", "--content", "photos", "--card", file],
        folder: folder.path)
      #expect(refused.exitCode == 1 && refused.errors.contains(words), "\(refused.errors)")
      #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
    }

    // The trained model can be the base of another style, but not of another network.
    let base = ["--base", "models/painting.safetensors", "--output", "next.safetensors", "--iterations", "2"]
    let continued = try train(base + ["--network", "dense:channels=4-8-8,blocks=1", "--width", "1"])
    #expect(continued.exitCode == 0, "\(continued.errors)")
    let foreign = try train(base)
    #expect(foreign.exitCode == 1)
    #expect(foreign.errors.contains("models/painting.safetensors") && foreign.errors.contains("--from-scratch"))
  }

  @Test func progressIsTextOrOneJSONObjectPerLine() throws {
    let json = try train(["--iterations", "3", "--progress", "json"])
    try #require(json.exitCode == 0, "\(json.errors)")
    let lines = json.errors.split(separator: "\n")
    let records = lines.compactMap { try? JSONDecoder().decode(ProgressLine.self, from: Data($0.utf8)) }
    // All other lines are warnings, such as the one about few photos.
    #expect(
      lines.filter { !$0.hasPrefix("{") }.allSatisfy { $0.hasPrefix("train-style: warning: ") }, "\(lines)")
    #expect(records.count >= 2 && records.first?.iteration == 1)
    let last = try #require(records.last)
    #expect(last.iteration == 3 && last.iterations == 3 && last.eta == 0 && last.rate > 0)
    #expect(Set(last.losses.keys).isSuperset(of: ["total", "content", "style", "tv"]))
    #expect(last.losses.values.allSatisfy { $0 >= 0 })

    for option in [["--quiet"], ["--progress", "none"]] {
      let silent = try train(["--iterations", "1"] + option)
      #expect(silent.exitCode == 0)
      #expect(
        silent.errors.split(separator: "\n").allSatisfy { $0.hasPrefix("train-style: warning: ") }, "\(silent.errors)")
    }
    let both = try train(["--quiet", "--progress", "json"])
    #expect(both.exitCode == 2 && both.errors.contains("cannot be combined"), "\(both.errors)")
    let ambiguous = try train(["--output", "painting.json"])
    #expect(ambiguous.exitCode == 2 && ambiguous.errors.contains("name of the card"), "\(ambiguous.errors)")
  }

  private struct ProgressLine: Decodable {
    var iteration, iterations: Int
    var rate, eta: Double
    var losses: [String: Double]
  }

  private struct LikenessEvaluation: Decodable {
    struct Figures: Decodable { var likeness, fine, stroke, form, content, contrast, chroma, grain: Double }
    struct Photo: Decodable { var file: String }
    struct Size: Decodable {
      var lines: Int
      var mean: Figures
      var photos: [Photo]
    }

    var sizes: [Size]
  }

  private struct Evaluation: Decodable {
    struct Temporal: Decodable {
      struct Measurement: Decodable { var input, output: Double }
      var warping, still: Measurement
    }
    struct Mean: Decodable { var content, style, tv, total: Double }
    struct Photo: Decodable {
      var file: String
      var content, style, palette, tv, total: Double
      var styleLayers: [String: Double]
    }

    var mean: Mean
    var photos: [Photo]
    var temporal: Temporal?
  }

  /// Compares sums of the same numbers in different orders.
  private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(abs(a), abs(b)) }

  @Test func badInputIsReportedInOneSentenceAndLeavesNoFiles() throws {
    _ = try folder.write(Array("text".utf8), to: "text.png")
    _ = try folder.write([], to: "empty.png")
    try FileManager.default.createDirectory(atPath: folder.file("none"), withIntermediateDirectories: true)
    try PictureFile.write(Picture(width: 20, height: 300, red: 1, green: 2, blue: 3), to: folder.file("strip.png"))
    try PictureFile.write(Picture(width: 64, height: 64, red: 1, green: 2, blue: 3), to: folder.file("blank.png"))
    _ = try folder.write(hugeBitmap, to: "huge.bmp")
    let cases: [(arguments: [String], code: Int32, words: String)] = [
      (["huge.bmp", "--content", "photos"], 1, "huge.bmp"),
      (["missing.png", "--content", "photos"], 1, "missing.png"),
      (["photos", "--content", "photos"], 1, "photos"),
      (["text.png", "--content", "photos"], 1, "text.png"),
      (["empty.png", "--content", "photos"], 1, "empty.png"),
      (["strip.png", "--content", "photos"], 1, "strip.png: found a style image of 20×300 pixels"),
      (["blank.png", "--content", "photos"], 1, "blank.png: found a style image of one colour"),
      (["painting.png", "--content", "photos", "--exclude-list", "missing.txt"], 1, "missing.txt"),
      (["painting.png", "--content", "photos", "--base", "missing.safetensors"], 1, "missing.safetensors"),
      (["painting.png", "--content", "photos", "--network", "dense:blocks=99"], 1, "0 to 32"),
      (["painting.png", "--content", "photos", "--quality", "perfect"], 2, "quality"),
      (["painting.png", "--content", "photos", "--base", "a.safetensors", "--from-scratch"], 2, "cannot be combined"),
      (["painting.png", "--content", "none"], 1, "none"),
      (["painting.png", "--content", "painting.png"], 1, "painting.png"),
      (["painting.png", "--content", "photos", "--network", "resnet"], 1, "resnet"),
      (["painting.png", "--content", "photos", "--output", "no/such/folder/a.safetensors"], 1, "no/such/folder"),
      (["painting.png", "--content", "photos", "--iterations", "0"], 2, "iterations"),
      (["painting.png", "--content", "photos", "--style-weight", "heavy"], 2, "style-weight"),
      ([], 2, "painting"),
    ]
    for (arguments, code, words) in cases {
      let result = try trainer.run(arguments, folder: folder.path)
      #expect(result.exitCode == code, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
      if code == 1 { #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)") }
    }
    #expect(!(try folder.names).contains("painting.safetensors"))
  }

  /// The header of a bitmap of 20000×20000 pixels and the start of its pixels.
  private var hugeBitmap: [UInt8] {
    func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    let information = word(40) + word(20_000) + word(20_000) + [1, 0, 24, 0] + word(0) + word(1_200_000_000)
    return Array("BM".utf8) + word(1_200_000_054) + word(0) + word(54) + information
      + [UInt8](repeating: 0, count: 16) + [UInt8](repeating: 7, count: 3000)
  }

  /// A file size limit simulates a disk that is full during a checkpoint: the same call fails.
  @Test func aFullDiskKeepsThePreviousCheckpointAndTheModel() throws {
    let arguments =
      [
        "painting.png", "--content", "photos", "--network", "half", "--width", "0.5", "--batch-size", "1",
        "--image-size", "32", "--style-size", "48", "--iterations", "4", "--checkpoint-interval", "2",
      ] + (try outputArguments("full"))
    let whole = try trainer.run(arguments, folder: folder.path)
    try #require(whole.exitCode == 0, "\(whole.errors)")
    let checkpoint = try folder.bytes(of: "full/style.training/checkpoint.safetensors")
    let model = try folder.bytes(of: "full/style.safetensors")
    // In units of 512 or 1024 bytes: more than all other files and less than the checkpoint.
    let others = try ["style.safetensors", "style.jpg", "style.training/preview-000004.png"].map {
      try folder.bytes(of: "full/" + $0).count
    }
    let limit = (others.max() ?? 0) / 512 + 64
    try #require(limit * 1024 < checkpoint.count)
    let limited = try BuiltProgram(path: "/bin/sh").run(
      ["-c", "ulimit -f \(limit); trap '' XFSZ; exec \"$0\" \"$@\"", trainer.path] + arguments, folder: folder.path)
    #expect(limited.exitCode == 0, "\(limited.errors)")
    let warnings = limited.errors.split(separator: "\n").filter { $0.contains("checkpoint could not be written") }
    #expect(warnings.count == 2 && warnings.allSatisfy { $0.contains("training continues") }, "\(limited.errors)")
    #expect(try folder.bytes(of: "full/style.training/checkpoint.safetensors") == checkpoint)
    #expect(try folder.bytes(of: "full/style.safetensors") == model)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("full/style.training"))
    #expect(!left.contains { $0.hasSuffix(".part") }, "\(left)")
  }

  @Test func aMissingExtractorIsReportedWithTheCommandThatInstallsIt() throws {
    let result = try trainer.run(
      ["painting.png", "--content", "photos"], environment: ["IMPASTO_DATA": folder.file("nowhere")],
      folder: folder.path)
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("make setup"))
  }
}
