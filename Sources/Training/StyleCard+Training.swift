import Foundation
import Kernels
import Networks

/// The card of a style that has just been trained.
extension StyleCard {
  /// What a run leaves beside its settings.
  struct Result {
    /// The painting's file name, and the SHA-256 of the file.
    var painting: (file: String, sha256: String)
    /// The deviation of the noise that was taken out of the painting, in levels of 255.
    var noise: Double
    /// The usual width of the painting's strokes, as a share of its short side.
    var strokeWidth: Double
    /// The photos trained on.
    var photos: Photos
    /// The number of trained values.
    var parameters: Int
    /// The mean losses of the last steps, and their number.
    var losses: (mean: LossParts, iterations: Int)
    /// How often the run went back to an earlier state.
    var recoveries: Int
    /// The part of flat areas that is blotches.
    var blotches: Double?
    /// What half precision costs.
    var halfPrecision: HalfPrecisionCheck
    /// Time spent on the steps, and the threads that computed.
    var seconds: Double
    var threads: Int
    /// When training ended, as `2026-01-31`.
    var date: String
  }

  /// The card of the style `name`, trained with `settings`.
  init(name: String, settings: TrainingSettings, result: Result) {
    style = name
    painting = Painting(
      file: result.painting.file, sha256: result.painting.sha256,
      crop: settings.styleCrop == .none ? nil : settings.styleCrop, size: settings.styleSize, noise: result.noise,
      strokeWidth: result.strokeWidth)
    network = Network(name: settings.network, width: settings.width, parameters: result.parameters)
    photos = result.photos
    training = Training(
      draftIterations: settings.keepsDraft ? 0 : settings.draftIterations,
      revisionIterations: settings.revisionIterations, batchSize: settings.batchSize, imageSize: settings.imageSize,
      optimizers: [
        .init(name: "Muon", learningRate: settings.learningRate * Double(TrainingState.muonRate)),
        .init(name: "Adam", learningRate: settings.learningRate),
      ], risingIterations: settings.warmupSteps, recoveries: result.recoveries, seed: settings.seed,
      start: .init(baseSHA256: settings.baseChecksum, teacherSHA256: settings.teacherChecksum),
      objective: settings.weights, temporalWeight: settings.temporalWeight,
      lossScaling: settings.weights.objective.scaling, losses: Losses(result.losses.mean),
      lossIterations: result.losses.iterations, blotches: result.blotches, seconds: result.seconds,
      threads: result.threads, processor: Self.processor,
      precision: settings.precision == .float32 ? nil : settings.precision.rawValue, date: result.date)
    storage = Storage(result.halfPrecision)
  }

  /// The name of this machine's processor.
  private static var processor: String {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "an unnamed processor"
  }
}
