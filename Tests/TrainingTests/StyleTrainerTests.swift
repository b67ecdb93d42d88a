import Foundation
import Imaging
import Kernels
import Networks
import Tensors
import TestSupport
import Testing
import Threading
import Training

@Suite struct StyleTrainerTests {
  @Test func theSameSeedGivesBitIdenticalParameters() throws {
    let problem = try SmallTraining()
    let first = try problem.trainer()
    let second = try problem.trainer()
    try first.run(sampler: problem.sampler()) { _ in true }
    try second.run(sampler: problem.sampler()) { _ in true }
    #expect(try SmallTraining.parameters(first) == SmallTraining.parameters(second))
  }

  @Test func theNumberOfThreadsDoesNotChangeTheResult() throws {
    let problem = try SmallTraining(iterations: 3)
    let first = try problem.trainer(threads: 1)
    let second = try problem.trainer(threads: 3)
    try first.run(sampler: problem.sampler()) { _ in true }
    try second.run(sampler: problem.sampler()) { _ in true }
    #expect(try SmallTraining.parameters(first) == SmallTraining.parameters(second))
  }

  @Test func anotherSeedGivesOtherParameters() throws {
    let problem = try SmallTraining(iterations: 1)
    var settings = problem.settings
    settings.seed += 1
    #expect(
      try SmallTraining.parameters(problem.trainer()) != SmallTraining.parameters(problem.trainer(settings)))
  }

  @Test func resumingGivesBitIdenticalParameters() throws {
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

  @Test func theLossFalls() throws {
    let problem = try SmallTraining(iterations: 30)
    var losses: [Double] = []
    try problem.trainer().run(sampler: problem.sampler()) {
      losses.append($0.losses.total)
      return true
    }
    let start = losses.prefix(3).reduce(0, +)
    let end = losses.suffix(3).reduce(0, +)
    // Thirty steps from random weights halve the loss many times. With a gradient of the wrong sign or scale they do
    // not.
    #expect(end < start / 2, "from \(start / 3) to \(end / 3)")
  }

  @Test func divergenceNamesTheIterationAndTheTermAndKeepsTheCheckpoint() throws {
    let problem = try SmallTraining(iterations: 10)
    let path = problem.folder.file("checkpoint.safetensors")
    let trainer = try problem.trainer()
    try trainer.run(sampler: problem.sampler()) { $0.iteration < 2 }
    try trainer.saveCheckpoint(to: path)
    let before = try problem.folder.bytes(of: "checkpoint.safetensors")

    let batch = try problem.sampler().batch(2)
    batch.photos.pointer[5] = .nan
    #expect {
      _ = try trainer.step(batch)
    } throws: { error in
      guard case TrainingError.diverged(let iteration, let part, let checkpoint) = error else { return false }
      return iteration == 3 && part == "content loss" && checkpoint == path
    }
    #expect(try problem.folder.bytes(of: "checkpoint.safetensors") == before)
  }

  @Test func anExcessiveLearningRateIsReducedFourTimesAndThenAnError() throws {
    let problem = try SmallTraining(iterations: 40)
    var settings = problem.settings
    settings.learningRate = 1e38
    let trainer = try problem.trainer(settings)
    var recoveries: [String] = []
    #expect {
      try trainer.run(sampler: problem.sampler()) { step in
        if let recovery = step.recovery { recoveries.append(recovery) }
        return true
      }
    } throws: { error in
      if case TrainingError.unstable(_, let trouble, nil) = error { return trouble.contains("not a finite number") }
      return false
    }
    #expect(recoveries.count == 4)
    #expect(recoveries.last?.contains("0.0625") == true, "\(recoveries)")
    // The state is that of the last recovery, which can be saved.
    try trainer.saveCheckpoint(to: problem.folder.file("checkpoint.safetensors"))
  }

  @Test func resumingAfterRecoveriesGivesBitIdenticalParameters() throws {
    let problem = try SmallTraining(iterations: 8)
    var settings = problem.settings
    // So large that the squares of the next activations overflow, but the parameters do not.
    settings.learningRate = 1e18
    // Each failure takes two steps, so within eight steps the run recovers several times but does not fail.
    let whole = try problem.trainer(settings)
    var recoveries = 0
    try whole.run(sampler: problem.sampler()) { step in
      if step.recovery != nil { recoveries += 1 }
      return true
    }
    #expect(recoveries > 1)
    let path = problem.folder.file("checkpoint.safetensors")
    let interrupted = try problem.trainer(settings)
    try interrupted.run(sampler: problem.sampler()) { $0.iteration < 5 }
    try interrupted.saveCheckpoint(to: path)
    let resumed = try problem.trainer(settings)
    try resumed.resume(from: path)
    #expect(resumed.recoveries == interrupted.recoveries)
    try resumed.run(sampler: problem.sampler()) { _ in true }
    #expect(try SmallTraining.parameters(resumed) == SmallTraining.parameters(whole))
    #expect(resumed.recoveries == recoveries)
  }
}

/// Networks with running statistics, trained for temporal stability.
@Suite struct BatchNormTrainingTests {
  private func problem(iterations: Int, temporalWeight: Double = 20) throws -> (SmallTraining, TrainingSettings) {
    let problem = try SmallTraining(iterations: iterations)
    var settings = problem.settings
    (settings.network, settings.width) = ("dense:channels=4-8-16,blocks=1,head=unshuffle2,tail=shuffle2", 1)
    settings.temporalWeight = temporalWeight
    return (problem, settings)
  }

  @Test func resumingGivesBitIdenticalParameters() throws {
    let (problem, settings) = try problem(iterations: 8)
    let whole = try problem.trainer(settings)
    var temporal = 0.0
    try whole.run(sampler: problem.sampler()) { step in
      temporal += step.losses[.temporal]
      return true
    }
    #expect(temporal > 0)
    let path = problem.folder.file("checkpoint.safetensors")
    let interrupted = try problem.trainer(settings, threads: 1)
    try interrupted.run(sampler: problem.sampler()) { $0.iteration < 3 }
    try interrupted.saveCheckpoint(to: path)
    let resumed = try problem.trainer(settings)
    try resumed.resume(from: path)
    try resumed.run(sampler: problem.sampler()) { _ in true }
    #expect(try SmallTraining.parameters(resumed) == SmallTraining.parameters(whole))
  }

  @Test func theFinishedModelComputesTheTrainersOutput() throws {
    let (problem, settings) = try problem(iterations: 10)
    let trainer = try problem.trainer(settings)
    let start = try SmallTraining.parameters(trainer)
    try trainer.run(sampler: problem.sampler()) { _ in true }
    let model = try trainer.model(style: "test", metadata: [:])
    #expect(model.parameters["head.norm.running_mean"]?.elements != start["head.norm.running_mean"])
    #expect(model.parameters["head.norm.running_var"]?.elements.allSatisfy { $0 > 0 } == true)
    let photo = syntheticImage(width: 32, height: 32, seed: 5)
    let evaluator = try StyleEvaluator(
      extractor: SmallTraining.extractor(), style: PictureFile.read(problem.paintingPath), styleSize: 48,
      pool: ComputePool(threads: 2))
    #expect(evaluator.output(of: model, photo: photo).elements == trainer.stylize(photo).elements)
  }

  @Test(
    "Training with products of bfloat16 follows training in single precision",
    .enabled(if: ProductPrecision.bfloat16.isAvailable, "the processor has no instructions for products of bfloat16"))
  func bfloat16FollowsSinglePrecision() throws {
    func losses(_ precision: ProductPrecision) throws -> [Double] {
      let (problem, single) = try problem(iterations: 12)
      var settings = single
      settings.precision = precision
      let trainer = try problem.trainer(settings)
      var totals: [Double] = []
      try trainer.run(sampler: problem.sampler()) { step in
        totals.append(step.losses.total)
        return true
      }
      return totals
    }
    let (single, half) = (try losses(.float32), try losses(.bfloat16))
    #expect(single.count == 12 && half != single)
    for (step, (expected, found)) in zip(single, half).enumerated() {
      // Features differ by about 1 %, independently of each other: their sums of squares agree much better. After the
      // first step the parameters differ, too, and small networks on random features amplify it.
      #expect(abs(found - expected) <= (step == 0 ? 0.01 : 0.1) * expected, "\(found) instead of \(expected)")
    }
  }

  @Test func theTemporalWeightImprovesTemporalStability() throws {
    let photo = Picture(tensor: syntheticImage(width: 90, height: 80, seed: 8))
    func report(_ weight: Double) throws -> TemporalReport {
      let (problem, settings) = try problem(iterations: 40, temporalWeight: weight)
      let trainer = try problem.trainer(settings)
      try trainer.run(sampler: problem.sampler()) { _ in true }
      return TemporalEvaluator(size: 32, pool: ComputePool(threads: 2)) { trainer.stylize($0) }.report(photo: photo)
    }
    let (without, with) = (try report(0), try report(1e5))
    // With so large a weight the temporal loss dominates. A gradient of the wrong sign would increase both figures.
    #expect(with.warping.output < 0.7 * without.warping.output, "\(with.warping) for \(without.warping)")
    #expect(with.still.output < without.still.output, "\(with.still) for \(without.still)")
  }

  @Test func trainingStartsFromTheBaseAndDoesNotChangeIt() throws {
    let (problem, settings) = try problem(iterations: 4)
    let trainer = try problem.trainer(settings)
    try trainer.run(sampler: problem.sampler()) { _ in true }
    let base = try trainer.model(style: "base", metadata: [:])
    let continued = try StyleTrainer(
      settings: settings, style: PictureFile.read(problem.paintingPath), styleChecksum: "checksum",
      extractor: SmallTraining.extractor(), pool: ComputePool(threads: 2), base: base.parameters)
    #expect(try SmallTraining.parameters(continued) == base.parameters.mapValues(\.elements))
    _ = try continued.step(try problem.sampler().batch(0))
    let other = try trainer.model(style: "base", metadata: [:])
    #expect(
      other.parameters.mapValues(\.elements) == base.parameters.mapValues(\.elements), "training changed the base")
  }
}
