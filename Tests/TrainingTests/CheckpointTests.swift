import Foundation
import Kernels
import Networks
import Safetensors
import TestSupport
import Testing
import Training

@Suite struct CheckpointTests {
  @Test func aCheckpointOfOtherSettingsIsRefusedAndTheSettingNamed() throws {
    let problem = try SmallTraining()
    let path = problem.folder.file("checkpoint.safetensors")
    try problem.trainer().saveCheckpoint(to: path)
    var changes: [(String, (inout TrainingSettings) -> Void)] = [
      ("width", { $0.width = 0.25 }),
      ("iterations", { $0.iterations += 1 }),
      ("batch size", { $0.batchSize += 1 }),
      ("image size", { $0.imageSize += 4 }),
      ("style size", { $0.styleSize += 1 }),
      ("style crop", { $0.styleCrop = (try? StyleCrop("0,0,1,0")) ?? .none }),
      ("content weight", { $0.weights.content += 1 }),
      ("style weight", { $0.weights.style += 1 }),
      ("total variation weight", { $0.weights.totalVariation += 1 }),
      ("temporal weight", { $0.temporalWeight += 1 }),
      ("norm schedule", { $0.norms.end = 0.7 }),
      ("base SHA-256", { $0.baseChecksum = "0123" }),
      ("learning rate", { $0.learningRate *= 2 }),
      ("seed", { $0.seed += 1 }),
    ]
    if ProductPrecision.bfloat16.isAvailable { changes.append(("precision", { $0.precision = .bfloat16 })) }
    for (name, change) in changes {
      var settings = problem.settings
      change(&settings)
      let trainer = try problem.trainer(settings)
      #expect {
        try trainer.resume(from: path)
      } throws: { error in
        guard case TrainingError.checkpointMismatch(_, let setting, _, _) = error else { return false }
        return setting == name
      }
    }
  }

  @Test func aDamagedCheckpointIsRefusedAndNamed() throws {
    let problem = try SmallTraining()
    let path = problem.folder.file("checkpoint.safetensors")
    let trainer = try problem.trainer()
    try trainer.saveCheckpoint(to: path)
    let whole = try problem.folder.bytes(of: "checkpoint.safetensors")
    for length in [0, 7, 100, whole.count / 2, whole.count - 1] {
      let cut = try problem.folder.write(Array(whole.prefix(length)), to: "cut.safetensors")
      #expect {
        try trainer.resume(from: cut)
      } throws: { error in
        "\(error)".contains("cut.safetensors")
      }
    }
  }

  /// Saves a checkpoint with another value of one key and returns its path.
  private func checkpoint(
    of trainer: StyleTrainer, in folder: TemporaryFolder, with key: String, as value: String
  ) throws -> String {
    let (path, changed) = (folder.file("checkpoint.safetensors"), folder.file("changed.safetensors"))
    try trainer.saveCheckpoint(to: path)
    let reader = try SafetensorsReader(path: path)
    var metadata = reader.metadata
    #expect(metadata[key] != nil)
    metadata[key] = value
    let tensors = try reader.entries.map { ($0.name, try reader.tensor($0.name)) }
    try SafetensorsWriter.write(tensors: tensors, metadata: metadata, to: changed)
    return changed
  }

  @Test func anotherFormatVersionIsRefused() throws {
    let problem = try SmallTraining()
    let trainer = try problem.trainer()
    let old = try checkpoint(of: trainer, in: problem.folder, with: "checkpoint_format", as: "1")
    #expect(
      throws: TrainingError.invalidCheckpoint(file: old, reason: "it has format 1, expected format 6")
    ) { try trainer.resume(from: old) }
  }

  @Test(arguments: [
    ("iteration", "-1"), ("iteration", "1000000"), ("good_iteration", "7"), ("good_iteration", "-1"),
    ("seconds", "nan"), ("seconds", "-1"),
    ("guard", #"{"rateScale":1,"recoveries":-1,"meanNorm":0,"sum":0,"count":0,"flatSteps":0}"#),
    ("guard", #"{"rateScale":1,"recoveries":0,"meanNorm":0,"sum":0,"count":9223372036854775807,"flatSteps":0}"#),
  ])
  func aStateThatNoRunCanBeInIsRefused(key: String, value: String) throws {
    let problem = try SmallTraining()
    let trainer = try problem.trainer()
    let odd = try checkpoint(of: trainer, in: problem.folder, with: key, as: value)
    #expect {
      try trainer.resume(from: odd)
    } throws: { error in
      guard case TrainingError.invalidCheckpoint(odd, let reason) = error else { return false }
      return reason.contains("expected a state that a run of")
    }
  }

  @Test func aModelIsRefusedAsACheckpoint() throws {
    let problem = try SmallTraining()
    let path = problem.folder.file("model.safetensors")
    let trainer = try problem.trainer()
    try trainer.model(style: "test", metadata: [:]).save(path: path)
    #expect {
      try trainer.resume(from: path)
    } throws: { error in
      guard case TrainingError.invalidCheckpoint(let file, _) = error else { return false }
      return file == path
    }
  }
}
