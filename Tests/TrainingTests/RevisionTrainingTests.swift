import Networks
import TestSupport
import Tensors
import Testing
import Training

/// Training of a network with a canvas: first the draft, then the revision on the finished draft.
@Suite struct RevisionTrainingTests {
  /// The last two of ten steps train the revision.
  static let draftSteps = 8

  private func problem() throws -> (SmallTraining, TrainingSettings) {
    let problem = try SmallTraining(iterations: 10)
    var settings = problem.settings
    settings.network = "dense:channels=4-8-8,detail=4,blocks=1,norm=instance,canvas=64,revision=4"
    settings.width = 1
    return (problem, settings)
  }

  @Test func draftAndRevisionAreTrainedOneAfterTheOther() throws {
    let (problem, settings) = try problem()
    let trainer = try problem.trainer(settings)
    let start = try SmallTraining.parameters(trainer)
    var drafted = start
    try trainer.run(sampler: problem.sampler(settings)) { step in
      if step.iteration == Self.draftSteps { drafted = try SmallTraining.parameters(trainer) }
      return true
    }
    let finished = try SmallTraining.parameters(trainer)
    for name in start.keys {
      let isRevision = name.hasPrefix("revision.")
      #expect((drafted[name] == start[name]) == isRevision, "\(name) after the steps of the draft")
      #expect((finished[name] == drafted[name]) == !isRevision, "\(name) after the steps of the revision")
    }
  }

  @Test func resumingInTheRevisionGivesBitIdenticalParameters() throws {
    let (problem, settings) = try problem()
    let whole = try problem.trainer(settings)
    try whole.run(sampler: problem.sampler(settings)) { _ in true }

    let path = problem.folder.file("checkpoint.safetensors")
    let interrupted = try problem.trainer(settings)
    try interrupted.run(sampler: problem.sampler(settings)) { $0.iteration < Self.draftSteps + 1 }
    try interrupted.saveCheckpoint(to: path)
    let resumed = try problem.trainer(settings)
    try resumed.resume(from: path)
    try resumed.run(sampler: problem.sampler(settings)) { _ in true }
    #expect(try SmallTraining.parameters(resumed) == SmallTraining.parameters(whole))
  }

  @Test func theFinishedNetworkPaintsAtFullSize() throws {
    let (problem, settings) = try problem()
    let trainer = try problem.trainer(settings)
    try trainer.run(sampler: problem.sampler(settings)) { _ in true }
    let picture = syntheticImage(width: 150, height: 100, seed: 4)
    let painted = trainer.stylize(picture)
    #expect(painted.shape == picture.shape)
    #expect(painted.elements.count { !$0.isFinite } == 0)
  }

  /// For a constant input the four pixels of a block get the same colour: their kernels have equal sums and their
  /// biases are equal.
  @Test func aConstantPictureGetsNoGrid() throws {
    let (problem, settings) = try problem()
    let trainer = try problem.trainer(settings)
    try trainer.run(sampler: problem.sampler(settings)) { _ in true }
    let parameters = try SmallTraining.parameters(trainer)
    let weight = try #require(parameters["revision.conv2.weight"])
    let bias = try #require(parameters["revision.conv2.bias"])
    let channels = weight.count / (12 * 9)
    #expect(weight.contains { $0 != 0 } && bias.contains { $0 != 0 }, "the revision was not trained")
    for output in 0..<12 {
      let first = output / 4 * 4
      #expect(bias[output] == bias[first])
      for channel in 0..<channels {
        func sum(_ output: Int) -> Float {
          let start = (output * channels + channel) * 9
          return weight[start..<start + 9].reduce(0, +)
        }
        // The rounding error of sums of nine numbers below 0.01.
        #expect(abs(sum(output) - sum(first)) < 1e-7, "output \(output), channel \(channel)")
      }
    }
  }
}
