import Foundation
import Safetensors
import Tensors

/// All that a run needs to go on as if it had never stopped: parameters, Adam's moments, and the number of steps done.
struct Checkpoint {
  private enum Key {
    static let format = "checkpoint_format"
    static let iteration = "iteration"
    static let settings = "settings"
    static let seconds = "seconds"
    static let styleChecksum = "style_image_sha256"
    static let currentFormat = "1"
  }

  private static let parameterPrefix = "parameter."
  private static let firstMomentPrefix = "moment1."
  private static let secondMomentPrefix = "moment2."

  var settings: TrainingSettings
  var styleChecksum: String
  /// Steps done.
  var iteration: Int
  /// Time spent on them, in seconds, over all sessions of the run.
  var seconds: Double
  var parameters: [String: Tensor]
  var firstMoments: [String: Tensor]
  var secondMoments: [String: Tensor]

  /// Writes the file at `path`, whole or not at all.
  func save(path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let metadata = [
      Key.format: Key.currentFormat,
      Key.iteration: String(iteration),
      Key.seconds: String(seconds),
      Key.styleChecksum: styleChecksum,
      Key.settings: String(decoding: try encoder.encode(settings), as: UTF8.self),
    ]
    let groups = [
      (Self.parameterPrefix, parameters), (Self.firstMomentPrefix, firstMoments),
      (Self.secondMomentPrefix, secondMoments),
    ]
    let tensors = groups.flatMap { prefix, values in values.map { (prefix + $0.key, $0.value) } }
    try SafetensorsWriter.write(tensors: tensors.sorted { $0.0 < $1.0 }, metadata: metadata, to: path)
  }

  /// Reads the file at `path`, which must hold a run with `settings` and the painting of `styleChecksum`.
  static func load(path: String, settings: TrainingSettings, styleChecksum: String) throws -> Checkpoint {
    let reader = try SafetensorsReader(path: path)
    let metadata = reader.metadata
    guard metadata[Key.format] == Key.currentFormat else {
      let found = metadata[Key.format].map { "format \($0)" } ?? "no format"
      throw TrainingError.invalidCheckpoint(
        file: path, reason: "it names \(found), expected format \(Key.currentFormat)")
    }
    guard let stored = metadata[Key.settings],
      let found = try? JSONDecoder().decode(TrainingSettings.self, from: Data(stored.utf8)),
      let iteration = metadata[Key.iteration].flatMap(Int.init), iteration >= 0,
      let seconds = metadata[Key.seconds].flatMap(Double.init)
    else { throw TrainingError.invalidCheckpoint(file: path, reason: "its settings cannot be read") }
    try compare(found, settings, file: path)
    if let checksum = metadata[Key.styleChecksum], checksum != styleChecksum {
      throw TrainingError.checkpointMismatch(
        file: path, setting: "a style image of SHA-256", found: checksum, expected: styleChecksum)
    }
    let definition = try settings.validate()
    func group(_ prefix: String) throws -> [String: Tensor] {
      var values: [String: Tensor] = [:]
      for specification in definition.parameters {
        let name = prefix + specification.name
        guard let entry = reader.file.tensors[name], entry.shape.dimensions == specification.shape else {
          throw TrainingError.invalidCheckpoint(
            file: path, reason: "tensor '\(name)' of shape \(specification.shape) is missing")
        }
        values[specification.name] = try reader.tensor(name)
      }
      return values
    }
    return Checkpoint(
      settings: settings, styleChecksum: styleChecksum, iteration: iteration, seconds: seconds,
      parameters: try group(parameterPrefix), firstMoments: try group(firstMomentPrefix),
      secondMoments: try group(secondMomentPrefix))
  }

  private static func compare(_ found: TrainingSettings, _ expected: TrainingSettings, file: String) throws {
    let fields: [(String, (TrainingSettings) -> String)] = [
      ("network", { $0.network }), ("width", { "\($0.width)" }), ("iterations", { "\($0.iterations)" }),
      ("batch size", { "\($0.batchSize)" }), ("image size", { "\($0.imageSize)" }),
      ("style size", { "\($0.styleSize)" }), ("content weight", { "\($0.weights.content)" }),
      ("style weight", { "\($0.weights.style)" }), ("total variation weight", { "\($0.weights.totalVariation)" }),
      ("learning rate", { "\($0.learningRate)" }), ("seed", { "\($0.seed)" }),
    ]
    for (name, value) in fields where value(found) != value(expected) {
      throw TrainingError.checkpointMismatch(
        file: file, setting: name, found: value(found), expected: value(expected))
    }
  }
}
