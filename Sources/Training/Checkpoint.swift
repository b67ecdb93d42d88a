import Foundation
import Kernels
import Networks
import Safetensors
import Tensors

/// The state of a run, from which it resumes with the same results as without interruption.
package struct Checkpoint {
  private enum Key {
    static let format = "checkpoint_format"
    static let iteration = "iteration"
    static let settings = "settings"
    static let seconds = "seconds"
    static let styleChecksum = "style_image_sha256"
    static let watch = "guard"
    static let goodIteration = "good_iteration"
    static let currentFormat = "6"
  }

  private static let statePrefix = "state."
  private static let goodPrefix = "good."

  /// The settings of the run.
  package let settings: TrainingSettings
  /// The SHA-256 of the painting's file.
  package let styleChecksum: String
  /// The number of completed steps.
  package let iteration: Int
  /// The time of these steps in seconds, including those before a resumption.
  package let seconds: Double
  /// The guard of the run.
  package let watch: TrainingGuard
  /// The current parameters and moments.
  let state: TrainingState.Snapshot
  /// The parameters and moments of the latest good state.
  let good: TrainingState.Snapshot
  /// The number of completed steps in the latest good state.
  let goodIteration: Int

  /// Writes the checkpoint atomically to the file at `path`.
  func save(path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let metadata = [
      Key.format: Key.currentFormat,
      Key.iteration: String(iteration),
      Key.seconds: String(seconds),
      Key.styleChecksum: styleChecksum,
      Key.settings: String(decoding: try encoder.encode(settings), as: UTF8.self),
      Key.watch: String(decoding: try encoder.encode(watch), as: UTF8.self),
      Key.goodIteration: String(goodIteration),
    ]
    let tensors = Self.tensors(state, Self.statePrefix) + Self.tensors(good, Self.goodPrefix)
    try SafetensorsWriter.write(tensors: tensors.sorted { $0.0 < $1.0 }, metadata: metadata, to: path)
  }

  /// Reads the checkpoint at `path`.
  ///
  /// - Throws: ``TrainingError/invalidCheckpoint(file:reason:)`` if the file is not a checkpoint,
  ///   ``TrainingError/checkpointMismatch(file:setting:found:expected:)`` if it belongs to other settings or another
  ///   painting, and `SafetensorsError` if it is damaged.
  package static func load(path: String, settings: TrainingSettings, styleChecksum: String) throws -> Checkpoint {
    let reader = try SafetensorsReader(path: path)
    let metadata = reader.metadata
    guard metadata[Key.format] == Key.currentFormat else {
      let found = metadata[Key.format].map { "format \($0)" } ?? "no format"
      throw TrainingError.invalidCheckpoint(
        file: path, reason: "it has \(found), expected format \(Key.currentFormat)")
    }
    guard let stored = metadata[Key.settings],
      let found = try? JSONDecoder().decode(TrainingSettings.self, from: Data(stored.utf8)),
      let iteration = metadata[Key.iteration].flatMap(Int.init),
      let seconds = metadata[Key.seconds].flatMap(Double.init),
      let watch = metadata[Key.watch].flatMap({ try? JSONDecoder().decode(TrainingGuard.self, from: Data($0.utf8)) }),
      let goodIteration = metadata[Key.goodIteration].flatMap(Int.init)
    else { throw TrainingError.invalidCheckpoint(file: path, reason: "its settings cannot be read") }
    try compare(found, settings, file: path)
    if let checksum = metadata[Key.styleChecksum], checksum != styleChecksum {
      throw TrainingError.checkpointMismatch(
        file: path, setting: "style image SHA-256", found: checksum, expected: styleChecksum)
    }
    guard (0...settings.iterations).contains(iteration), (0...iteration).contains(goodIteration),
      seconds.isFinite, seconds >= 0, watch.isPlausible(after: iteration)
    else {
      throw TrainingError.invalidCheckpoint(
        file: path,
        reason: "it tells of iteration \(iteration) after \(seconds) seconds, expected a state that a run of "
          + "\(settings.iterations) iterations can be in")
    }
    let definition = try settings.validate()
    return Checkpoint(
      settings: settings, styleChecksum: styleChecksum, iteration: iteration, seconds: seconds, watch: watch,
      state: try snapshot(statePrefix, of: definition, reader),
      good: try snapshot(goodPrefix, of: definition, reader), goodIteration: goodIteration)
  }

  private static func tensors(_ snapshot: TrainingState.Snapshot, _ prefix: String) -> [(String, Tensor)] {
    [
      ("parameter.", snapshot.parameters), ("moment1.", snapshot.firstMoments), ("moment2.", snapshot.secondMoments),
    ].flatMap { group, values in values.map { (prefix + group + $0.key, $0.value) } }
  }

  private static func snapshot(
    _ prefix: String, of definition: NetworkDefinition, _ reader: SafetensorsReader
  ) throws -> TrainingState.Snapshot {
    func group(_ name: String, _ specifications: [ParameterSpecification]) throws -> [String: Tensor] {
      var values: [String: Tensor] = [:]
      for specification in specifications {
        let name = prefix + name + specification.name
        guard let entry = reader.file.tensors[name], entry.shape.dimensions == specification.shape else {
          throw TrainingError.invalidCheckpoint(
            file: reader.path, reason: "tensor '\(name)' of shape \(specification.shape) is missing")
        }
        values[specification.name] = try reader.tensor(name)
      }
      return values
    }
    let all = definition.parameters
    let trained = all.filter(\.isTrained)
    return TrainingState.Snapshot(
      parameters: try group("parameter.", all), firstMoments: try group("moment1.", trained),
      secondMoments: try group("moment2.", trained))
  }

  private static func compare(_ found: TrainingSettings, _ expected: TrainingSettings, file: String) throws {
    let fields: [(String, (TrainingSettings) -> String)] = [
      ("network", { $0.network }), ("width", { "\($0.width)" }), ("iterations", { "\($0.iterations)" }),
      ("batch size", { "\($0.batchSize)" }), ("image size", { "\($0.imageSize)" }),
      ("style size", { "\($0.styleSize)" }), ("style crop", { "\($0.styleCrop)" }),
      ("content weight", { "\($0.weights.content)" }),
      ("style weight", { "\($0.weights.style)" }), ("total variation weight", { "\($0.weights.totalVariation)" }),
      ("temporal weight", { "\($0.temporalWeight)" }), ("learning rate", { "\($0.learningRate)" }),
      ("precision", { $0.precision.rawValue }),
      ("seed", { "\($0.seed)" }), ("base SHA-256", { $0.baseChecksum ?? "none" }),
      ("teacher SHA-256", { $0.teacherChecksum ?? "none" }), ("kept draft", { "\($0.keepsDraft)" }),
      ("objective", { $0.weights.objective.rawValue }),
      ("norm schedule", { "\($0.norms.start) to \($0.norms.end)" }),
    ]
    for (name, value) in fields where value(found) != value(expected) {
      throw TrainingError.checkpointMismatch(
        file: file, setting: name, found: value(found), expected: value(expected))
    }
  }
}
