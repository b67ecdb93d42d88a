import Autograd
import Tensors

/// The weights of the objective's parts.
public struct LossWeights: Codable, Hashable, Sendable {
  /// Of the mean squared difference of `relu3_3` features.
  public var content: Double
  /// Of the sum, over four layers, of the mean squared difference of Gram matrices.
  public var style: Double
  /// Of the sum of squared neighbour differences of one 0…255 image.
  public var totalVariation: Double

  /// Johnson's scaling: content 1, style 5, total variation 1e-6.
  public init(content: Double = 1, style: Double = 5, totalVariation: Double = 1e-6) {
    self.content = content
    self.style = style
    self.totalVariation = totalVariation
  }

  /// One line for cards and metadata: without it no loss can be compared with another.
  public static let scaling =
    "VGG-16 (Caffe), input 0-255; content: MSE of relu3_3; style: sum of MSE of Gram matrices F F^T/(C H W) of relu1_2, "
    + "relu2_2, relu3_3, relu4_3; total variation: sum of squared neighbour differences per image"
}

/// The objective's parts, weights applied, as the mean over the images of a batch.
public struct LossParts: Sendable, Equatable {
  /// The content part.
  public var content: Double
  /// The style part of each layer.
  public var styleLayers: [VGG16Layer: Double]
  /// The total variation part.
  public var totalVariation: Double
  /// What unsteadiness costs; no part of the objective of a still picture.
  public var temporal: Double = 0

  /// The style part.
  public var style: Double { VGG16Layer.allCases.reduce(0) { $0 + (styleLayers[$1] ?? 0) } }
  /// The whole objective.
  public var total: Double { content + style + totalVariation + temporal }

  /// The first part that is not a finite number, if any.
  public var suspect: String? {
    if !content.isFinite { return "content loss" }
    for layer in VGG16Layer.allCases where !(styleLayers[layer] ?? 0).isFinite {
      return "style loss at \(layer.rawValue)"
    }
    if !temporal.isFinite { return "temporal loss" }
    return totalVariation.isFinite ? nil : "total variation"
  }

  /// The mean of several.
  public static func mean(_ parts: [LossParts]) -> LossParts {
    let scale = 1 / Double(max(parts.count, 1))
    var layers: [VGG16Layer: Double] = [:]
    for layer in VGG16Layer.allCases {
      layers[layer] = parts.reduce(0) { $0 + ($1.styleLayers[layer] ?? 0) } * scale
    }
    return LossParts(
      content: parts.reduce(0) { $0 + $1.content } * scale, styleLayers: layers,
      totalVariation: parts.reduce(0) { $0 + $1.totalVariation } * scale,
      temporal: parts.reduce(0) { $0 + $1.temporal } * scale)
  }
}

/// The objective's parts under the names that reports in JSON give them.
public struct LossSummary: Encodable, Sendable {
  /// The content part.
  public var content: Double
  /// The style part.
  public var style: Double
  /// The total variation part.
  public var tv: Double
  /// What unsteadiness cost in training; absent where it was not trained.
  public var temporal: Double?
  /// The whole objective.
  public var total: Double

  /// The summary of `parts`, weights applied as there.
  public init(_ parts: LossParts) {
    content = parts.content
    style = parts.style
    tv = parts.totalVariation
    temporal = parts.temporal == 0 ? nil : parts.temporal
    total = parts.total
  }
}

/// How far a picture is from having a photo's content in a painting's style.
///
/// `L = w_c·mean((φ₃(y) − φ₃(x))²) + w_s·Σ_j mean((G_j(y) − G_j(s))²) + w_tv·TV(y)` for output `y`, photo `x`, painting `s`,
/// VGG-16 features `φ` and Gram matrices `G`.
/// J. Johnson, A. Alahi, L. Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016.
public final class PerceptualLoss {
  /// The weights of the parts.
  public let weights: LossWeights
  private let extractor: VGG16
  private let styleGrams: [VGG16Layer: Tensor]

  /// The loss for a painting, `[1, H, W, 3]` RGB 0…255.
  public init(extractor: VGG16, style: Tensor, weights: LossWeights, tape: Tape) {
    self.extractor = extractor
    self.weights = weights
    styleGrams = extractor.features(of: Variable(style), on: tape).mapValues { tape.gram($0).value.copy() }
  }

  /// The parts for `output` and the `photos` it was made from, both `[N, H, W, 3]`; seeds the gradient of `output`.
  public func callAsFunction(output: Variable, photos: Tensor, on tape: Tape) -> LossParts {
    var wanted: Variable?
    extractor.forEachFeature(of: Variable(photos), upTo: .content, on: tape) { layer, feature in
      if layer == .content { wanted = feature }
    }
    var parts = LossParts(content: 0, styleLayers: [:], totalVariation: 0)
    // Each layer's losses right behind it: on the way back their gradients are then made where they are needed, not all at once.
    extractor.forEachFeature(of: output, on: tape) { layer, feature in
      if layer == .content, let wanted {
        parts.content =
          weights.content * tape.meanSquaredError(feature, target: wanted.value, weight: Float(weights.content))
      }
      guard let gram = styleGrams[layer] else { return }
      parts.styleLayers[layer] =
        weights.style * tape.meanSquaredError(tape.gram(feature), target: gram, weight: Float(weights.style))
    }
    let perImage = weights.totalVariation / Double(output.value.shape.batch)
    parts.totalVariation = perImage * tape.totalVariation(output, weight: Float(perImage))
    return parts
  }
}
