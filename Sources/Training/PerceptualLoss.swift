import Autograd
import Tensors

/// How far a picture is from having a photo's content in a painting's style, by one of two objectives.
///
/// For output `y`, photo `x`, painting `s`, VGG-16 features `φ_j` and Gram matrices `G_j`:
///
/// `johnson`: `w_c·mean((φ₃(y) − φ₃(x))²) + w_s·Σ_j mean((G_j(y) − G_j(s))²) + w_tv·TV(y)`.
/// J. Johnson, A. Alahi, L. Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016.
///
/// `balanced`: `w_c·(mean((N(φ₄(y)) − N(φ₄(x)))²) + T(y)) + w_s·(Σ_o Σ_j a_oj·mean((G_j(y_o) − G_j(s_o))²)/mean(G_j(s_o)²) + 3·P(y))
/// + w_tv·TV(y)`, where `φ₄` is `relu4_1`, `N` centres each channel and divides it by its deviation, `T` is the ``ToneLoss``, `P` the ``PaletteLoss``, `y_o` the output at octave
/// `o`, and `a_oj` what ``Objective/weight(of:octave:)`` says. Normalised, content asks where things are and not for the photo's own
/// colours and contrast, which belong to the style. Divided by the painting's own values, layers can be weighed against each other: as they
/// are, `relu4_3`, the only layer that sees more than 40 pixels, makes up a hundred-thousandth of the sum, and nothing asks for large
/// shapes.
public final class PerceptualLoss {
  /// The weights of the parts.
  public let weights: LossWeights
  private let extractor: VGG16
  /// What the style of each octave is compared with, from the picture's own size down by halves.
  private let octaves: [[VGG16Layer: StyleTarget]]
  private let pixelsAtOnce: Int
  /// What keeps large light and dark shapes; nil where the objective does not ask for it.
  private let tone: ToneLoss?
  /// What brings the painting's colours; nil where the objective does not ask for it.
  private let palette: PaletteLoss?

  /// The Gram matrix of the painting, and what a mean squared difference to it weighs.
  private struct StyleTarget {
    let gram: Tensor
    let weight: Double
  }

  /// The loss for a painting, `[1, H, W, 3]` RGB 0…255.
  ///
  /// Features of at most `pixelsAtOnce` pixels are in memory at a time, or of one image where it is larger. Twice the default took
  /// as long and a tenth more memory.
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
      // Each layer's losses right behind it: on the way back their gradients are then made where they are needed, not all at once.
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

  /// What of the content layer's `feature` is compared.
  private func content(of feature: Variable, on tape: Tape) -> Variable {
    guard weights.objective == .balanced else { return feature }
    let channels = Shape([feature.value.shape.channels])
    let one = Variable(Tensor(channels, elements: [Float](repeating: 1, count: channels.count)))
    return tape.instanceNorm(feature, gamma: one, beta: Variable(Tensor(channels)))
  }
}
