import Foundation
import Safetensors
import Tensors

/// The state of an optimisation, from which it goes on with the same result as without an interruption.
struct OptimizationCheckpoint {
  private enum Key {
    static let format = "optimization_format"
    static let settings = "settings"
    static let inputs = "inputs"
    static let canvas = "canvas"
    static let iteration = "iteration"
    static let history = "history"
    static let seconds = "seconds"
    static let numbers = "numbers"
    static let currentFormat = "1"
  }

  /// The settings of the run.
  var settings: OptimizationSettings
  /// What the result depends on besides the settings, see ``PictureOptimization``.
  var inputs: [String]
  /// The index of the canvas.
  var canvas: Int
  /// The number of completed steps on the canvas.
  var iteration: Int
  /// The number of pairs for which there was memory.
  var history: Int
  /// The seconds of the run so far.
  var seconds: Double
  /// The state of the minimiser; only the vector `start` if it has not begun on the canvas.
  var state: MinimizerState

  /// Writes the checkpoint atomically to the file at `path`.
  func save(path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
    let metadata = [
      Key.format: Key.currentFormat, Key.settings: try text(settings), Key.inputs: try text(inputs),
      Key.canvas: String(canvas), Key.iteration: String(iteration), Key.history: String(history),
      Key.seconds: String(seconds), Key.numbers: try text(state.numbers),
    ]
    try SafetensorsWriter.write(
      tensors: state.vectors.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }, metadata: metadata, to: path)
  }

  /// Reads the checkpoint at `path` of a run with these settings and inputs.
  ///
  /// - Throws: ``OptimizationError`` if the file is not a checkpoint or belongs to another run, and `SafetensorsError`
  ///   if it is damaged.
  static func load(
    path: String, settings: OptimizationSettings, inputs: [String]
  ) throws -> OptimizationCheckpoint {
    let reader = try SafetensorsReader(path: path)
    let metadata = reader.metadata
    func invalid(_ reason: String) -> OptimizationError { .invalidCheckpoint(file: path, reason: reason) }
    func decoded<Value: Decodable>(_ key: String, as type: Value.Type) throws -> Value {
      guard let text = metadata[key], let value = try? JSONDecoder().decode(type, from: Data(text.utf8)) else {
        throw invalid("its \(key) cannot be read")
      }
      return value
    }
    guard metadata[Key.format] == Key.currentFormat else {
      throw invalid("it has \(metadata[Key.format].map { "format \($0)" } ?? "no format"), expected format 1")
    }
    guard try decoded(Key.settings, as: OptimizationSettings.self) == settings else {
      throw OptimizationError.otherRun(file: path, difference: "the settings")
    }
    guard try decoded(Key.inputs, as: [String].self) == inputs else {
      throw OptimizationError.otherRun(file: path, difference: "the pictures, masks, shares or the crop")
    }
    guard let canvas = metadata[Key.canvas].flatMap(Int.init), settings.canvasSizes.indices.contains(canvas),
      let iteration = metadata[Key.iteration].flatMap(Int.init), (0...settings.iterations).contains(iteration),
      let history = metadata[Key.history].flatMap(Int.init), (1...settings.history).contains(history),
      let seconds = metadata[Key.seconds].flatMap(Double.init), seconds.isFinite, seconds >= 0
    else { throw invalid("it tells of no state that the run can be in") }
    var vectors: [String: Tensor] = [:]
    for name in reader.file.tensors.keys {
      let vector = try reader.tensor(name)
      guard vector.buffer.allSatisfy(\.isFinite) else { throw invalid("its vector '\(name)' is not finite") }
      vectors[name] = vector
    }
    return OptimizationCheckpoint(
      settings: settings, inputs: inputs, canvas: canvas, iteration: iteration, history: history,
      seconds: seconds,
      state: MinimizerState(vectors: vectors, numbers: try decoded(Key.numbers, as: [String: Double].self)))
  }
}
