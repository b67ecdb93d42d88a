import Foundation
import Networks
import Safetensors
import Tensors
import TestSupport
import Testing
import Training

@Suite struct TrainingRunTests {
  private func options(_ problem: SmallTraining, resumes: Bool = false) -> TrainingRun.Options {
    TrainingRun.Options(
      stylePath: problem.paintingPath, contentPath: problem.photosPath,
      outputPath: problem.folder.file("painted.safetensors"), extractorPath: problem.extractorPath, previewInterval: 2,
      checkpointInterval: 4, resumes: resumes, threads: 2)
  }

  @Test func leavesModelCardPictureLogAndPreviews() throws {
    let problem = try SmallTraining(iterations: 5)
    let run = try TrainingRun(options: options(problem), settings: problem.settings)
    var steps = 0
    let outcome = try run.run(shouldStop: { false }) { _, _ in steps += 1 }
    #expect(outcome == .finished)
    #expect(steps == 5)

    let model = try StyleModel.load(path: problem.folder.file("painted.safetensors"))
    #expect(model.style == "painted")
    #expect(model.metadata["iterations"] == "5")
    #expect(model.metadata["loss_scaling"] == Objective.balanced.scaling)
    #expect(model.trainedStyleSize == problem.settings.styleSize)
    #expect(model.trainedStyleCrop == problem.settings.styleCrop)
    #expect(model.trainedWeights == problem.settings.weights)
    let checksum = try #require(model.metadata["style_image_sha256"])
    #expect(checksum.count == 64)
    let card = try StyleCard(path: run.files.card)
    #expect(card.style == "painted" && card.painting.file == "painting.png" && card.painting.sha256 == checksum)
    #expect(card.photos.count == 5 && card.photos.excluded == 0 && card.storage?.precision == .half)
    #expect(card.training.objective == problem.settings.weights && card.training.losses.total > 0)
    #expect(card.training.draftIterations == 5 && card.training.lossIterations == 5)
    #expect(card.evaluation == nil && card.likeness == nil && card.credits == nil)
    #expect(try String(contentsOfFile: run.files.cardText, encoding: .utf8) == card.markdown)
    let stored = try SafetensorsReader(path: problem.folder.file("painted.safetensors")).entries
    for entry in stored {
      #expect(entry.dataType == (entry.shape.dimensions.count == 4 ? .float16 : .float32), "\(entry.name)")
    }
    #expect(FileManager.default.fileExists(atPath: run.files.picture))
    #expect(
      try String(contentsOfFile: run.files.report, encoding: .utf8).contains("<title>Training of painted</title>"))
    #expect(run.files.training.previews.sorted() == [2, 4, 5])
    #expect(try logged(run) == [1, 2, 3, 4, 5])
  }

  @Test func missingAndInvalidMetadataGiveTheDefaultObjective() throws {
    let definition = try NetworkDefinition.named("quarter")
    for metadata in [
      [:],
      ["style_size": "5", "style_crop": "1,2", "style_weight": "nan", "content_weight": "-1", "tv_weight": "much"],
    ] {
      let model = StyleModel(definition: definition, parameters: [:], style: "a", metadata: metadata)
      #expect(model.trainedStyleSize == nil && model.trainedStyleCrop == .none)
      #expect(model.trainedWeights == LossWeights(objective: .johnson))
    }
  }

  @Test func interruptionLeavesACheckpointAndNoModelAndResumingFillsTheGap() throws {
    let problem = try SmallTraining(iterations: 6)
    let first = try TrainingRun(options: options(problem), settings: problem.settings)
    var seen = 0
    let outcome = try first.run(shouldStop: { seen >= 3 }) { step, _ in seen = step.iteration }
    #expect(outcome == .interrupted(iteration: 3, checkpoint: first.files.training.checkpoint))
    #expect(!FileManager.default.fileExists(atPath: problem.folder.file("painted.safetensors")))

    let second = try TrainingRun(options: options(problem, resumes: true), settings: problem.settings)
    #expect(second.iteration == 3)
    #expect(try second.run(shouldStop: { false }) { _, _ in } == .finished)
    #expect(try logged(second) == [1, 2, 3, 4, 5, 6])
    let resumed = try problem.folder.bytes(of: "painted.safetensors")

    let third = try TrainingRun(options: options(problem), settings: problem.settings)
    #expect(try third.run(shouldStop: { false }) { _, _ in } == .finished)
    #expect(try problem.folder.bytes(of: "painted.safetensors") == resumed)
  }

  @Test func theLogHasAColumnForEachLoss() throws {
    let problem = try SmallTraining(iterations: 2)
    let run = try TrainingRun(options: options(problem), settings: problem.settings)
    _ = try run.run(shouldStop: { false }) { _, _ in }
    let rows = try log(run)
    let header = try #require(rows.first)
    let losses = LossName.reported.map(\.name)
    let others = ["iteration", "total", "content", "style", "total_variation", "temporal", "learning_rate"]
    #expect(header.count == Set(header).count && Set(header) == Set(others + losses))
    #expect(header.first == "iteration" && header.last == "learning_rate" && rows.count == 3)
    for row in rows.dropFirst() {
      try #require(row.count == header.count)
      let values = Dictionary(uniqueKeysWithValues: zip(header, try row.map { try #require(Double($0)) }))
      func difference(_ sum: String, _ parts: [String]) throws -> Double {
        let sum = try #require(values[sum])
        return abs(sum - parts.compactMap { values[$0] }.reduce(0, +)) / sum
      }
      // Both the sum and its parts are rounded to six digits, by at most 5e-6 of their values.
      #expect(try difference("total", ["content", "style", "total_variation", "temporal"]) <= 2e-5, "\(values)")
      let style = LossName.reported.filter { $0.group == .style }.map(\.name)
      #expect(try difference("style", style) <= 2e-5, "\(values)")
      #expect((["content"] + style).allSatisfy { values[$0] ?? 0 > 0 }, "\(values)")
    }
  }

  @Test func aLogWithOtherColumnsIsResumedByTheirNames() throws {
    let problem = try SmallTraining(iterations: 4)
    let first = try TrainingRun(options: options(problem), settings: problem.settings)
    var seen = 0
    _ = try first.run(shouldStop: { seen >= 2 }) { step, _ in seen = step.iteration }
    let before = try log(first)
    let palette = try #require(before.first?.firstIndex(of: "palette"))
    // Without the palette, in another order, with an unknown column and with a line that is not complete.
    let other = before.map { row in
      [row[0], row[0] == "iteration" ? "other" : "7"]
        + row.indices.dropFirst().reversed().filter { $0 != palette }.map { row[$0] }
    }
    let text = other.map { $0.joined(separator: ",") }.joined(separator: "\n") + "\n2,7,0.5"
    try Data(text.utf8).write(to: URL(fileURLWithPath: first.files.training.losses))

    let second = try TrainingRun(options: options(problem, resumes: true), settings: problem.settings)
    #expect(try second.run(shouldStop: { false }) { _, _ in } == .finished)
    let after = try log(second)
    #expect(after.map(\.first) == ["iteration", "1", "2", "3", "4"])
    #expect(after.first == before.first)
    for (old, new) in zip(before, after).dropFirst() {
      #expect(new == old.indices.map { $0 == palette ? "0" : old[$0] })
    }
  }

  @Test func filesThatCannotBeWrittenDoNotEndTheRun() throws {
    let problem = try SmallTraining(iterations: 5)
    let run = try TrainingRun(options: options(problem), settings: problem.settings)
    // Folders block the paths of the checkpoint and a preview.
    for name in ["checkpoint.safetensors", "preview-000002.png"] {
      try FileManager.default.createDirectory(
        atPath: run.files.training.folder + "/" + name, withIntermediateDirectories: false)
    }
    var notices: [String] = []
    let outcome = try run.run(shouldStop: { false }, onNotice: { notices.append($0) }) { _, _ in }
    #expect(outcome == .finished)
    #expect(notices.count == 3, "\(notices)")
    #expect(notices.contains { $0.contains("preview-000002.png") && $0.contains("continues") })
    #expect(FileManager.default.fileExists(atPath: problem.folder.file("painted.safetensors")))

    // Without its checkpoint a stopped run would be lost, so here the failure is an error.
    let stopped = try TrainingRun(options: options(problem), settings: problem.settings)
    #expect {
      _ = try stopped.run(shouldStop: { true }) { _, _ in }
    } throws: { "\($0)".contains("checkpoint.safetensors") }
  }

  @Test func aModelThatCannotBeWrittenLeavesTheCheckpoint() throws {
    let problem = try SmallTraining(iterations: 4)
    let run = try TrainingRun(options: options(problem), settings: problem.settings)
    try FileManager.default.createDirectory(
      atPath: problem.folder.file("painted.safetensors"), withIntermediateDirectories: false)
    #expect {
      _ = try run.run(shouldStop: { false }) { _, _ in }
    } throws: { "\($0)".contains("--resume") && "\($0)".contains("checkpoint.safetensors") }
    try FileManager.default.removeItem(atPath: problem.folder.file("painted.safetensors"))
    let again = try TrainingRun(options: options(problem, resumes: true), settings: problem.settings)
    #expect(try again.run(shouldStop: { false }) { _, _ in } == .finished)
    #expect(FileManager.default.fileExists(atPath: problem.folder.file("painted.safetensors")))
    // All steps are complete, so the losses come from the log.
    let card = try StyleCard(path: again.files.card)
    #expect(card.training.lossIterations == 4 && card.training.losses.total > 0, "\(card)")
  }

  @Test func theBaseIsRecordedAndAnIncompatibleOneRefused() throws {
    let problem = try SmallTraining(iterations: 2)
    let first = try TrainingRun(options: options(problem), settings: problem.settings)
    _ = try first.run(shouldStop: { false }) { _, _ in }
    let base = problem.folder.file("base.safetensors")
    try FileManager.default.moveItem(atPath: problem.folder.file("painted.safetensors"), toPath: base)

    var withBase = options(problem)
    withBase.basePath = base
    let second = try TrainingRun(options: withBase, settings: problem.settings)
    #expect(second.settings.norms == .fromBase)
    _ = try second.run(shouldStop: { false }) { _, _ in }
    let model = try StyleModel.load(path: problem.folder.file("painted.safetensors"))
    #expect(model.metadata["base_sha256"] == second.settings.baseChecksum)
    #expect(second.settings.baseChecksum?.count == 64)

    var settings = problem.settings
    settings.width = 0.25
    #expect {
      _ = try TrainingRun(options: withBase, settings: settings)
    } throws: { error in
      guard case TrainingError.incompatibleBase(let file, _, _) = error else { return false }
      return file == base && "\(error)".contains("--from-scratch")
    }
  }

  @Test func creditsOfThePaintingOutliveAnotherTraining() throws {
    let problem = try SmallTraining(iterations: 1)
    let first = try TrainingRun(options: options(problem), settings: problem.settings)
    _ = try first.run(shouldStop: { false }) { _, _ in }
    var card = try StyleCard(path: first.files.card)
    let painting = StyleCredits.Painting(painter: "P", title: "T", year: "1831", licence: "public domain")
    card.credits = StyleCredits(painting: painting, picture: .init(work: "F", holder: "H", licence: "CC0"))
    card.notes = ["Of the first training."]
    try card.write(to: first.files)

    func trained() throws -> StyleCard {
      let run = try TrainingRun(options: options(problem), settings: problem.settings)
      _ = try run.run(shouldStop: { false }) { _, _ in }
      return try StyleCard(path: run.files.card)
    }
    let again = try trained()
    // The picture is a new one, and the training another.
    #expect(again.credits == StyleCredits(painting: painting) && again.notes == nil)
    card.painting.sha256 = "another"
    try card.write(to: first.files)
    #expect(try trained().credits == nil)
  }

  @Test func settingsCanBeChosenForThePainting() throws {
    let problem = try SmallTraining(iterations: 1)
    var choosing = options(problem)
    (choosing.strokeSize, choosing.choosesStyleWeight) = (.large, true)
    let run = try TrainingRun(options: choosing, settings: problem.settings)
    // 1.4 times the canvas of 256. The painting of 50 lines has no fine strokes that need more.
    #expect(run.settings.styleSize == 358)
    #expect(run.settings.weights.style != problem.settings.weights.style)
    #expect(run.notes.contains { $0.contains("only 5 photos") })
  }

  @Test func resumingWithoutACheckpointIsAnError() throws {
    let problem = try SmallTraining()
    #expect {
      _ = try TrainingRun(options: options(problem, resumes: true), settings: problem.settings)
    } throws: { error in
      "\(error)".contains("checkpoint.safetensors")
    }
  }

  /// The fields of the log's lines, the header first.
  private func log(_ run: TrainingRun) throws -> [[String]] {
    try String(contentsOfFile: run.files.training.losses, encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
  }

  private func logged(_ run: TrainingRun) throws -> [Int] {
    try log(run).dropFirst().compactMap { $0.first.flatMap { Int($0) } }
  }
}
