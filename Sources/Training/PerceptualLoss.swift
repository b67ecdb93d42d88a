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
  public var style: Double { VGG16Layer.styles.reduce(0) { $0 + (styleLayers[$1] ?? 0) } }
  /// The whole objective.
  public var total: Double { content + style + totalVariation + temporal }

  /// The first part that is not a finite number, if any.
  public var suspect: String? {
    if !content.isFinite { return "content loss" }
    for layer in VGG16Layer.styles where !(styleLayers[layer] ?? 0).isFinite {
      return "style loss at \(layer.rawValue)"
    }
    if !temporal.isFinite { return "temporal loss" }
    return totalVariation.isFinite ? nil : "total variation"
  }

  /// Part by part.
  static func + (_ a: LossParts, _ b: LossParts) -> LossParts {
    LossParts(
      content: a.content + b.content, styleLayers: a.styleLayers.merging(b.styleLayers, uniquingKeysWith: +),
      totalVariation: a.totalVariation + b.totalVariation, temporal: a.temporal + b.temporal)
  }

  /// The mean of several.
  public static func mean(_ parts: [LossParts]) -> LossParts {
    let scale = 1 / Double(max(parts.count, 1))
    let sum = parts.reduce(LossParts(content: 0, styleLayers: [:], totalVariation: 0), +)
    return LossParts(
      content: sum.content * scale, styleLayers: sum.styleLayers.mapValues { $0 * scale },
      totalVariation: sum.totalVariation * scale, temporal: sum.temporal * scale)
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
  private let pixelsAtOnce: Int

  /// The loss for a painting, `[1, H, W, 3]` RGB 0…255.
  ///
  /// Features of at most `pixelsAtOnce` pixels are in memory at a time, or of one image where it is larger. Twice the default took
  /// as long and a tenth more memory.
  public init(extractor: VGG16, style: Tensor, weights: LossWeights, tape: Tape, pixelsAtOnce: Int = 256 * 256) {
    self.extractor = extractor
    self.weights = weights
    self.pixelsAtOnce = pixelsAtOnce
    styleGrams = extractor.features(of: Variable(style), on: tape).mapValues { tape.gram($0).value.copy() }
  }

  /// The parts for `output` and the `photos` it was made from, both `[N, H, W, 3]`; seeds the gradient of `output`.
  ///
  /// The extractor's features need more memory than everything else in a step. No image's depend on another's: a few images at a time
  /// go forward and all the way back to the output.
  public func callAsFunction(output: Variable, photos: Tensor, on tape: Tape) -> LossParts {
    let shape = output.value.shape
    precondition(photos.shape == shape, "photos \(photos.shape) for an output of \(shape)")
    let count = imagesAtOnce(of: shape)
    let share = Double(count) / Double(max(1, shape.batch))
    var sum = LossParts(content: 0, styleLayers: [:], totalVariation: 0)
    for first in stride(from: 0, to: shape.batch, by: count) {
      let images = first..<first + count
      let group = Variable(output.value.images(images), requiresGradient: output.requiresGradient)
      let groupTape = Tape(pool: tape.pool, allocator: tape.allocator)
      groupTape.times = tape.times
      sum = sum + losses(of: group, photos: photos.images(images), share: share, on: groupTape)
      groupTape.backward()
      if let gradient = group.gradient { tape.seed(output, from: first, gradient: gradient) }
    }
    let perImage = weights.totalVariation / Double(shape.batch)
    sum.totalVariation = perImage * tape.totalVariation(output, weight: Float(perImage))
    return sum
  }

  /// The images of a group: groups are of one size, for which the extractor has prepared itself.
  private func imagesAtOnce(of shape: Shape) -> Int {
    let limit = max(1, pixelsAtOnce / max(1, shape.height * shape.width))
    return (1...max(1, shape.batch)).last { $0 <= limit && shape.batch % $0 == 0 } ?? 1
  }

  /// The content and style parts of a group of images that makes up `share` of the batch.
  private func losses(of output: Variable, photos: Tensor, share: Double, on tape: Tape) -> LossParts {
    let contentWeight = weights.content * share
    let styleWeight = weights.style * share
    var wanted: Variable?
    extractor.forEachFeature(of: Variable(photos), upTo: .relu3_3, on: tape) { layer, feature in
      if layer == .relu3_3 { wanted = feature }
    }
    var parts = LossParts(content: 0, styleLayers: [:], totalVariation: 0)
    // Each layer's losses right behind it: on the way back their gradients are then made where they are needed, not all at once.
    extractor.forEachFeature(of: output, on: tape) { layer, feature in
      if layer == .relu3_3, let wanted {
        parts.content =
          contentWeight * tape.meanSquaredError(feature, target: wanted.value, weight: Float(contentWeight))
      }
      guard let gram = styleGrams[layer] else { return }
      parts.styleLayers[layer] =
        styleWeight * tape.meanSquaredError(tape.gram(feature), target: gram, weight: Float(styleWeight))
    }
    return parts
  }
}
