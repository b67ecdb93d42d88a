import Autograd
import Tensors

/// The perceptual loss of a picture: how far it is from the content of a photo in the style of a painting.
///
/// There are two objectives. For output `y`, photo `x`, painting `s`, VGG-16 features `φ_j` and Gram matrices `G_j`:
///
/// `johnson`: `w_c·mean((φ₃(y) − φ₃(x))²) + w_s·Σ_j mean((G_j(y) − G_j(s))²) + w_tv·TV(y)`.
/// J. Johnson, A. Alahi, L. Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016.
///
/// `balanced`: `w_c·(mean((N(φ₄(y)) − N(φ₄(x)))²) + T(y)) + w_s·(Σ_o Σ_j a_oj·mean((G_j(y_o) −
/// G_j(s_o))²)/mean(G_j(s_o)²) + 3·P(y)) + w_tv·TV(y)`, where `φ₄` is `relu4_1`, `N` centres each channel and divides
/// it by its standard deviation, `T` is the ``ToneLoss``, `P` the ``PaletteLoss``, `y_o` the output at octave `o`, and
/// `a_oj` is ``Objective/weight(of:octave:)``.
///
/// The normalisation makes content independent of the photo's colours and contrast, which belong to the style. The
/// division by the painting's mean squares makes the layers comparable: without it `relu4_3`, the only layer whose
/// receptive field exceeds 40 pixels, contributes a hundred-thousandth of the sum, and large shapes are not learned.
public final class PerceptualLoss {
  /// The weights of the terms.
  public let weights: LossWeights
  private let extractor: VGG16
  /// The style targets of each octave. The first is the picture's own size, and each following one is half as large.
  private let octaves: [[VGG16Layer: StyleTarget]]
  private let pixelsAtOnce: Int
  /// The tone loss; nil if the objective has none.
  private let tone: ToneLoss?
  /// The palette loss; nil if the objective has none.
  private let palette: PaletteLoss?

  /// The Gram matrix of the painting and the weight of the mean squared difference from it.
  private struct StyleTarget {
    let gram: Tensor
    let weight: Double
  }

  /// Creates the loss for a painting.
  ///
  /// - Parameters: - style: The painting, `[1, H, W, 3]`, RGB 0…255. - pixelsAtOnce: The maximum number of pixels whose
  ///   features are in memory at a time, or one image if it is larger. Doubling the default did not save time and took
  ///   a tenth more memory.
  public init(extractor: VGG16, style: Tensor, weights: LossWeights, tape: Tape, pixelsAtOnce: Int = 256 * 256) {
    self.extractor = extractor
    self.weights = weights
    self.pixelsAtOnce = pixelsAtOnce
    var octaves: [[VGG16Layer: StyleTarget]] = []
    var painting = Variable(style)
    for octave in weights.objective.octaves.indices {
      if octave > 0 { painting = tape.halved(painting) }
      var targets: [VGG16Layer: StyleTarget] = [:]
      extractor.forEachFeature(of: painting, on: tape) { layer, feature in
        let weight = weights.style * weights.objective.weight(of: layer, octave: octave)
        guard VGG16Layer.styles.contains(layer), weight > 0 else { return }
        let gram = tape.gram(feature).value.copy()
        let scale = weights.objective == .balanced ? 1 / gram.meanSquare : 1
        targets[layer] = StyleTarget(gram: gram, weight: weight * scale)
      }
      octaves.append(targets)
    }
    self.octaves = octaves
    tone = weights.objective == .balanced ? ToneLoss(painting: style, tape: tape) : nil
    palette = weights.objective == .balanced ? PaletteLoss(painting: style, tape: tape) : nil
  }

  /// Computes the losses of `output` and adds their gradients to the gradient of `output`.
  ///
  /// The extractor's features need more memory than the rest of a step. As images are independent, only a few at a time
  /// go forward through the extractor and back.
  ///
  /// - Parameters:
  ///   - output: The stylized pictures, `[N, H, W, 3]`.
  ///   - photos: The photos that they were made from, of the same shape.
  public func callAsFunction(output: Variable, photos: Tensor, on tape: Tape) -> LossParts {
    let shape = output.value.shape
    precondition(photos.shape == shape, "photos of shape \(photos.shape) for an output of shape \(shape)")
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

  /// Returns the number of images in a group. All groups have the same size, so the extractor prepares its weights
  /// once.
  private func imagesAtOnce(of shape: Shape) -> Int {
    let limit = max(1, pixelsAtOnce / max(1, shape.height * shape.width))
    return (1...max(1, shape.batch)).last { $0 <= limit && shape.batch % $0 == 0 } ?? 1
  }

  /// Computes the content and style losses of a group of images that is the given share of the batch.
  private func losses(of output: Variable, photos: Tensor, share: Double, on tape: Tape) -> LossParts {
    let objective = weights.objective
    let contentWeight = weights.content * share
    var wanted: Variable?
    extractor.forEachFeature(of: Variable(photos), upTo: objective.contentLayer, on: tape) { layer, feature in
      if layer == objective.contentLayer { wanted = content(of: feature, on: tape) }
    }
    var parts = LossParts(content: 0, styleLayers: [:], totalVariation: 0)
    if let palette {
      let weight = weights.style * objective.paletteWeight * share
      parts.palette = weight * palette(output: output, weight: weight, on: tape)
    }
    var image = output
    for (octave, targets) in octaves.enumerated() {
      if octave > 0 { image = tape.halved(image) }
      if octave == 0, let tone {
        let weight = weights.content * share
        parts.content += weight * tone(output: output, photos: photos, weight: weight, on: tape)
      }
      // Record each layer's losses right after it: the backward pass then creates their gradients when they are needed,
      // not all at once.
      extractor.forEachFeature(of: image, on: tape) { layer, feature in
        if octave == 0, layer == objective.contentLayer, let wanted {
          parts.content +=
            contentWeight
            * tape.meanSquaredError(
              content(of: feature, on: tape), target: wanted.value, weight: Float(contentWeight))
        }
        guard let target = targets[layer] else { return }
        let weight = target.weight * share
        let loss = tape.meanSquaredError(tape.gram(feature), target: target.gram, weight: Float(weight))
        parts.styleLayers[layer, default: 0] += weight * loss
      }
    }
    return parts
  }

  /// Returns the content features, which the balanced objective normalises.
  private func content(of feature: Variable, on tape: Tape) -> Variable {
    guard weights.objective == .balanced else { return feature }
    let channels = Shape([feature.value.shape.channels])
    let one = Variable(Tensor(channels, elements: [Float](repeating: 1, count: channels.count)))
    return tape.instanceNorm(feature, gamma: one, beta: Variable(Tensor(channels)))
  }
}
