import Foundation
import Networks
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
    #expect(model.metadata["loss_scaling"] == LossWeights.scaling)
    let checksum = try #require(model.metadata["style_image_sha256"])
    #expect(checksum.count == 64)
    let card = try String(contentsOfFile: run.cardPath, encoding: .utf8)
    #expect(card.contains(checksum) && card.contains("5 photographs"))
    for file in [run.picturePath, run.workFolder + "/preview-000002.png", run.workFolder + "/preview-000005.png"] {
      #expect(FileManager.default.fileExists(atPath: file), "\(file)")
    }
    #expect(try logged(run) == [1, 2, 3, 4, 5])
  }

  @Test func interruptionLeavesACheckpointAndNoModelAndResumingFillsTheGap() throws {
    let problem = try SmallTraining(iterations: 6)
    let first = try TrainingRun(options: options(problem), settings: problem.settings)
    var seen = 0
    let outcome = try first.run(shouldStop: { seen >= 3 }) { step, _ in seen = step.iteration }
    #expect(outcome == .interrupted(iteration: 3, checkpoint: first.workFolder + "/checkpoint.safetensors"))
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

  @Test func resumingWithoutACheckpointIsAnError() throws {
    let problem = try SmallTraining()
    #expect {
      _ = try TrainingRun(options: options(problem, resumes: true), settings: problem.settings)
    } throws: { error in
      "\(error)".contains("checkpoint.safetensors")
    }
  }

  private func logged(_ run: TrainingRun) throws -> [Int] {
    try String(contentsOfFile: run.workFolder + "/losses.csv", encoding: .utf8)
      .split(separator: "\n").dropFirst().compactMap { $0.split(separator: ",").first.flatMap { Int($0) } }
  }
}
