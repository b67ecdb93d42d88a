import Foundation
import TestSupport
import Testing
import Training

@Suite struct StyleTrainerTests {
  @Test func sameSeedGivesTheSameBytes() throws {
    let problem = try SmallTraining()
    let first = try problem.trainer()
    let second = try problem.trainer()
    try first.run(sampler: problem.sampler()) { _ in true }
    try second.run(sampler: problem.sampler()) { _ in true }
    #expect(try SmallTraining.parameters(first) == SmallTraining.parameters(second))
  }

  @Test func threadsDoNotChangeTheResult() throws {
    let problem = try SmallTraining(iterations: 3)
    let first = try problem.trainer(threads: 1)
    let second = try problem.trainer(threads: 3)
    try first.run(sampler: problem.sampler()) { _ in true }
    try second.run(sampler: problem.sampler()) { _ in true }
    #expect(try SmallTraining.parameters(first) == SmallTraining.parameters(second))
  }

  @Test func anotherSeedGivesAnotherModel() throws {
    let problem = try SmallTraining(iterations: 1)
    var settings = problem.settings
    settings.seed += 1
    #expect(
      try SmallTraining.parameters(problem.trainer()) != SmallTraining.parameters(problem.trainer(settings)))
  }

  @Test func interruptedAndResumedRunEndsInTheSameBytes() throws {
    let problem = try SmallTraining()
    let whole = try problem.trainer()
    try whole.run(sampler: problem.sampler()) { _ in true }

    let path = problem.folder.file("checkpoint.safetensors")
    let interrupted = try problem.trainer()
    try interrupted.run(sampler: problem.sampler()) { $0.iteration < 4 }
    #expect(interrupted.iteration == 4)
    try interrupted.saveCheckpoint(to: path)

    let resumed = try problem.trainer()
    try resumed.resume(from: path)
    #expect(resumed.iteration == 4)
    try resumed.run(sampler: problem.sampler()) { _ in true }
    #expect(resumed.iteration == problem.settings.iterations)
    #expect(try SmallTraining.parameters(resumed) == SmallTraining.parameters(whole))
  }

  @Test func lossFalls() throws {
    let problem = try SmallTraining(iterations: 30)
    var losses: [Double] = []
    try problem.trainer().run(sampler: problem.sampler()) {
      losses.append($0.losses.total)
      return true
    }
    let start = losses.prefix(3).reduce(0, +)
    let end = losses.suffix(3).reduce(0, +)
    // Thirty steps from random weights halve the loss many times over; a gradient of the wrong sign or scale does not.
    #expect(end < start / 2, "from \(start / 3) to \(end / 3)")
  }

  @Test func divergenceNamesIterationAndPartAndKeepsTheCheckpoint() throws {
    let problem = try SmallTraining(iterations: 10)
    let path = problem.folder.file("checkpoint.safetensors")
    let trainer = try problem.trainer()
    try trainer.run(sampler: problem.sampler()) { $0.iteration < 2 }
    try trainer.saveCheckpoint(to: path)
    let before = try problem.folder.bytes(of: "checkpoint.safetensors")

    let photos = try problem.sampler().batch(2)
    photos.pointer[5] = .nan
    #expect {
      _ = try trainer.step(photos)
    } throws: { error in
      guard case TrainingError.diverged(let iteration, let part, let checkpoint) = error else { return false }
      return iteration == 3 && part == "content loss" && checkpoint == path
    }
    #expect(try problem.folder.bytes(of: "checkpoint.safetensors") == before)
  }

  @Test func parametersThatAreNoNumbersAreNotSaved() throws {
    let problem = try SmallTraining(iterations: 10)
    var settings = problem.settings
    settings.learningRate = 1e38
    let trainer = try problem.trainer(settings)
    #expect(throws: TrainingError.self) {
      try trainer.run(sampler: problem.sampler()) { _ in
        try trainer.saveCheckpoint(to: problem.folder.file("checkpoint.safetensors"))
        return true
      }
    }
  }
}
