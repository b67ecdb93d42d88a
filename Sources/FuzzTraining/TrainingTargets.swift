import Foundation
import FuzzTargets
import Safetensors
import TestSupport
import Training

extension FuzzTarget {
  /// The targets of training.
  public static let training = [checkpoint, card, crop, photos]

  /// A checkpoint of a run with a small network.
  static let checkpoint = FuzzTarget("checkpoint") { input in
    let path = try input.file()
    try attempt(TrainingError.self, SafetensorsError.self) {
      let checkpoint = try Checkpoint.load(path: path, settings: settings, styleChecksum: "")
      var watch = checkpoint.watch
      // The next steps of the run: without contrast, and at the end of a window.
      for iteration in checkpoint.iteration..<checkpoint.iteration + 2 * TrainingGuard.window {
        _ = watch.observe(
          TrainingGuard.Observation(iteration: iteration + 1, total: 1, output: 0, photos: 64, painting: 64))
      }
      _ = watch.recover()
    }
  }

  /// The card of a style.
  static let card = FuzzTarget("card") { input in
    let path = try input.file()
    try attempt(TrainingError.self) { _ = try StyleCard(path: path).markdown }
  }

  /// The margins of a painting, as `--style-crop` takes them.
  static let crop = FuzzTarget("crop") { input in
    try attempt(TrainingError.self) { _ = try StyleCrop(StyleCrop(input.text).description) }
  }

  /// A list of photos.
  static let photos = FuzzTarget("photos") { input in
    let path = try input.file()
    try attempt(TrainingError.self) { _ = try PhotoList(path: path).names }
  }

  private static let settings = TrainingSettings(network: canvasNetwork, iterations: 100)
}
