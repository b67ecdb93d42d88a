import Autograd
import Kernels
import Safetensors
import Tensors
import Threading

/// The layers whose features the losses use.
public enum VGG16Layer: String, CaseIterable, Sendable, Codable {
  // The names of the layers in the literature.
  // swift-format-ignore
  case relu1_2, relu2_2, relu3_3, relu4_1, relu4_3

  /// The block of convolutions, from 0, and the number of the layer's convolution in the block, from 1.
  var position: (block: Int, depth: Int) {
    switch self {
    case .relu1_2: (0, 2)
    case .relu2_2: (1, 2)
    case .relu3_3: (2, 3)
    case .relu4_1: (3, 1)
    case .relu4_3: (3, 3)
    }
  }
}

/// The fixed feature extractor: VGG-16 as released by the University of Oxford, `conv1_1` to `conv4_3`.
///
/// The input is RGB 0…255, converted to BGR minus (103.939, 116.779, 123.68). Convolutions use zero padding and ReLU,
/// and 2×2 max pooling separates the blocks. K. Simonyan, A. Zisserman: Very Deep Convolutional Networks for
/// Large-Scale Image Recognition, ICLR 2015.
public final class VGG16 {
  struct Stage {
    let weight: Variable
    let bias: Variable
    let name: String
    let prepared: PreparedWeights
  }

  /// The output channels of the convolutions in each block.
  static let blocks: [[Int]] = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512]]
  /// The mean of the training images, in BGR order.
  static let mean: (Float, Float, Float) = (103.939, 116.779, 123.68)

  let stages: [[Stage]]

  /// Reads the weights that `training/extract_vgg16.py` writes: `convB_N.weight`, `[O, I, 3, 3]`, and `convB_N.bias`,
  /// `[O]`.
  ///
  /// - Throws: `SafetensorsError` if the file is damaged, and ``TrainingError/invalidExtractor(file:found:expected:)``
  ///   if it contains other tensors.
  public init(path: String) throws {
    let reader = try SafetensorsReader(path: path)
    var inputs = 3
    var stages: [[Stage]] = []
    for (block, outputsOfBlock) in Self.blocks.enumerated() {
      var stagesOfBlock: [Stage] = []
      for (index, outputs) in outputsOfBlock.enumerated() {
        let name = "conv\(block + 1)_\(index + 1)"
        let weight = try Self.tensor(name + ".weight", shape: [outputs, inputs, 3, 3], reader)
        let bias = try Self.tensor(name + ".bias", shape: [outputs], reader)
        stagesOfBlock.append(
          Stage(
            weight: Variable(weight), bias: Variable(bias), name: name, prepared: PreparedWeights(weight)))
        inputs = outputs
      }
      stages.append(stagesOfBlock)
    }
    self.stages = stages
  }

  private static func tensor(_ name: String, shape: [Int], _ reader: SafetensorsReader) throws -> Tensor {
    guard let entry = reader.file.tensors[name] else {
      throw TrainingError.invalidExtractor(
        file: reader.path, found: "no tensor '\(name)'", expected: "one of shape \(shape)")
    }
    guard entry.shape.dimensions == shape else {
      throw TrainingError.invalidExtractor(
        file: reader.path, found: "'\(name)' of shape \(entry.shape)", expected: "shape \(shape)")
    }
    return try reader.tensor(name)
  }

  /// The minimum height and width of an input, of which three poolings leave one pixel.
  package static let minimumExtent = 8

  /// Calls `body` with the features of `image` at each layer, up to and including `last`.
  ///
  /// Features that neither `body` nor the tape keeps are released after the next layer has read them.
  ///
  /// - Parameter image: Pictures `[N, H, W, 3]`, RGB 0…255.
  package func forEachFeature(
    of image: Variable, upTo last: VGG16Layer = .relu4_3, on tape: Tape, _ body: (VGG16Layer, Variable) -> Void
  ) {
    var value = tape.caffePreprocessing(image, mean: Self.mean)
    for block in stages.indices {
      if block > 0 { value = tape.maxPool(value) }
      for (index, stage) in stages[block].enumerated() {
        value = tape.convolution(
          value, weight: stage.weight, bias: stage.bias, padding: 1, paddingMode: .zeros, appliesReLU: true,
          prepared: stage.prepared)
        guard let layer = VGG16Layer.allCases.first(where: { $0.position == (block, index + 1) }) else { continue }
        body(layer, value)
        if layer == last { return }
      }
    }
  }

  /// Returns the features of `image`, `[N, H, W, 3]`, RGB 0…255, at each layer up to and including `last`.
  package func features(of image: Variable, upTo last: VGG16Layer = .relu4_3, on tape: Tape) -> [VGG16Layer: Variable] {
    var features: [VGG16Layer: Variable] = [:]
    forEachFeature(of: image, upTo: last, on: tape) { features[$0] = $1 }
    return features
  }
}
