import Foundation
import Imaging
import Networks
import Safetensors
import Tensors
import TestSupport
import Threading
import Training

/// A small training problem: tiny photos, a quarter-width network and an extractor with random weights.
struct SmallTraining {
  let folder: TemporaryFolder
  let settings: TrainingSettings

  /// Random filters that preserve the scale of the features (He et al., 2015), so that gradients have a reasonable
  /// size.
  private static let extractorTensors: [(String, Tensor)] = {
    var random = Random(seed: 7)
    var tensors: [(String, Tensor)] = []
    var inputs = 3
    for (block, widths) in [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512]].enumerated() {
      for (index, outputs) in widths.enumerated() {
        let name = "conv\(block + 1)_\(index + 1)"
        let bound = (6 / Float(9 * inputs)).squareRoot()
        tensors.append((name + ".weight", random.tensor(Shape([outputs, inputs, 3, 3]), in: -bound...bound)))
        tensors.append((name + ".bias", Tensor(Shape([outputs]))))
        inputs = outputs
      }
    }
    return tensors
  }()

  nonisolated(unsafe) private static let sharedExtractor = Result {
    let folder = try TemporaryFolder()
    let path = folder.file("vgg16.safetensors")
    try SafetensorsWriter.write(tensors: extractorTensors, metadata: [:], to: path)
    return try VGG16(path: path)
  }

  /// Returns the extractor. All tests share it, as preparing its weights takes longer than most of them. Only reading
  /// changes it, and several threads may do that.
  static func extractor() throws -> VGG16 { try sharedExtractor.get() }

  init(iterations: Int = 6) throws {
    folder = try TemporaryFolder()
    settings = TrainingSettings(
      network: "half", width: 0.5, iterations: iterations, batchSize: 2, imageSize: 32, styleSize: 48, seed: 3)
    try SafetensorsWriter.write(tensors: Self.extractorTensors, metadata: [:], to: extractorPath)
    try FileManager.default.createDirectory(atPath: photosPath + "/nested", withIntermediateDirectories: true)
    for index in 0..<5 {
      let image = syntheticImage(width: 40 + 7 * index, height: 52 - 3 * index, seed: UInt32(index))
      let name = index == 4 ? "nested/4.png" : "\(index).png"
      try PictureFile.write(Picture(tensor: image), to: photosPath + "/" + name)
    }
    try PictureFile.write(Picture(tensor: syntheticImage(width: 60, height: 50, seed: 99)), to: paintingPath)
  }

  var extractorPath: String { folder.file("vgg16.safetensors") }
  var photosPath: String { folder.file("photos") }
  var paintingPath: String { folder.file("painting.png") }

  func trainer(_ settings: TrainingSettings? = nil, threads: Int = 2) throws -> StyleTrainer {
    try StyleTrainer(
      settings: settings ?? self.settings, style: PictureFile.read(paintingPath), styleChecksum: "checksum",
      extractor: Self.extractor(), pool: ComputePool(threads: threads))
  }

  func sampler(_ settings: TrainingSettings? = nil) throws -> PhotoSampler {
    PhotoSampler(folder: try PhotoFolder(path: photosPath), settings: settings ?? self.settings)
  }

  /// Returns the parameters of the trainer's model by name.
  static func parameters(_ trainer: StyleTrainer) throws -> [String: [Float]] {
    try trainer.model(style: "test", metadata: [:]).parameters.mapValues(\.elements)
  }
}
