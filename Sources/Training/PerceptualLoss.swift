import Autograd
import Tensors

/// The perceptual loss of a picture: how far it is from the content of a photo in the style of a painting.
///
/// It is the ``Objective`` of its weights, prepared for a painting. For output `y`, photo `x`, painting `s`, VGG-16
/// features `φ_j` and Gram matrices `G_j`:
///
/// `johnson`: `w_c·mean((φ₃(y) − φ₃(x))²) + w_s·Σ_j mean((G_j(y) − G_j(s))²) + w_tv·TV(y)`.
///
/// `balanced`: `w_c·(mean((N(φ₄(y)) − N(φ₄(x)))²) + T(y)) + w_s·(Σ_o Σ_j a_oj·mean((G_j(y_o) −
/// G_j(s_o))²)/mean(G_j(s_o)²) + 3·P(y)) + w_tv·TV(y)`, where `φ₄` is `relu4_1`, `N` centres each channel and divides
/// it by its standard deviation, `T` is the tone, `P` the palette, `y_o` the output at octave `o`, and `a_oj` is the
/// weight of layer `j` there.
public final class PerceptualLoss {
  /// The weights of the terms.
  package let weights: LossWeights
  private let extractor: VGG16
  private let pixelsAtOnce: Int
  /// The terms that compare pictures, and their weights.
  private let pictureTerms: [(weight: Double, term: any PreparedPictureTerm)]
  /// The terms that compare features with those of the photo, and their weights.
  private let photoTerms: [FeatureSite: [WeightedTerm]]
  /// The comparisons with features of the painting.
  private let paintingComparisons: [FeatureSite: [Comparison]]

  /// A term at one site.
  private struct WeightedTerm {
    let term: any FeatureTerm
    let weight: Double
  }

  /// A term at one site and what it compares with there.
  private struct Comparison {
    let term: any FeatureTerm
    let weight: Double
    let target: Tensor
  }

  /// Creates the loss for a painting.
  ///
  /// - Parameters: - style: The painting, `[1, H, W, 3]`, RGB 0…255. - pixelsAtOnce: The maximum number of pixels whose
  ///   features are in memory at a time, or one image if it is larger. Doubling the default did not save time and took
  ///   a tenth more memory.
  package init(extractor: VGG16, style: Tensor, weights: LossWeights, tape: Tape, pixelsAtOnce: Int = 256 * 256) {
    self.extractor = extractor
    self.weights = weights
    self.pixelsAtOnce = pixelsAtOnce
    let terms = weights.objective.terms
    pictureTerms = terms.compactMap { term in
      guard let term = term as? any PictureTerm else { return nil }
      let weight = weights.weight(of: term.group) * term.factor
      return weight > 0 ? (weight, term.prepared(for: style, on: tape)) : nil
    }
    photoTerms = Self.terms(comparedWith: .photo, weights)
    paintingComparisons = Self.comparisons(
      with: Variable(style), at: Self.terms(comparedWith: .painting, weights), extractor, on: tape)
  }

  /// Returns the terms that compare features with those of `reference`, by site. Terms of weight 0 are left out.
  private static func terms(
    comparedWith reference: FeatureReference, _ weights: LossWeights
  ) -> [FeatureSite: [WeightedTerm]] {
    var terms: [FeatureSite: [WeightedTerm]] = [:]
    for case let term as any FeatureTerm in weights.objective.terms where term.reference == reference {
      for (site, factor) in term.factors {
        let weight = weights.weight(of: term.group) * factor
        if weight > 0 { terms[site, default: []].append(WeightedTerm(term: term, weight: weight)) }
      }
    }
    return terms
  }

  /// Returns what `terms` compare with in the features of `picture`.
  private static func comparisons(
    with picture: Variable, at terms: [FeatureSite: [WeightedTerm]], _ extractor: VGG16, on tape: Tape
  ) -> [FeatureSite: [Comparison]] {
    var comparisons: [FeatureSite: [Comparison]] = [:]
    extractor.forEachFeature(of: picture, at: Set(terms.keys), on: tape) { site, feature in
      comparisons[site] = terms[site]?.map { weighted in
        let target = weighted.term.target(of: feature, at: site, on: tape)
        return Comparison(term: weighted.term, weight: weighted.weight * target.scale, target: target.values)
      }
    }
    return comparisons
  }

  /// Computes the losses of `output` and adds their gradients to the gradient of `output`.
  ///
  /// The extractor's features need more memory than the rest of a step. As images are independent, only a few at a time
  /// go forward through the extractor and back.
  ///
  /// - Parameters:
  ///   - output: The stylized pictures, `[N, H, W, 3]`.
  ///   - photos: The photos that they were made from, of the same shape.
  package func callAsFunction(output: Variable, photos: Tensor, on tape: Tape) -> LossParts {
    let shape = output.value.shape
    precondition(photos.shape == shape, "photos of shape \(photos.shape) for an output of shape \(shape)")
    let count = imagesAtOnce(of: shape)
    let share = Double(count) / Double(max(1, shape.batch))
    let losses = LossRecorder(tape: tape)
    for first in stride(from: 0, to: shape.batch, by: count) {
      let images = first..<first + count
      let group = Variable(output.value.images(images), requiresGradient: output.requiresGradient)
      let groupTape = Tape(pool: tape.pool, allocator: tape.allocator, precision: tape.precision)
      groupTape.times = tape.times
      let groupLosses = LossRecorder(tape: groupTape, share: share)
      record(groupLosses, of: group, photos: photos.images(images))
      losses.add(groupLosses.parts)
      groupTape.backward()
      if let gradient = group.gradient { tape.seed(output, from: first, gradient: gradient) }
    }
    if weights.totalVariation > 0 {
      // A sum over all images, of which the loss is the mean.
      losses.add(to: LossName(.totalVariation), weight: weights.totalVariation / Double(shape.batch)) {
        tape.totalVariation(output, weight: $0)
      }
    }
    return losses.parts
  }

  /// Returns the number of images in a group. All groups have the same size, so the extractor prepares its weights
  /// once.
  private func imagesAtOnce(of shape: Shape) -> Int {
    let limit = max(1, pixelsAtOnce / max(1, shape.height * shape.width))
    return (1...max(1, shape.batch)).last { $0 <= limit && shape.batch % $0 == 0 } ?? 1
  }

  /// Records the terms of the objective for a group of images.
  private func record(_ losses: LossRecorder, of output: Variable, photos: Tensor) {
    let tape = losses.tape
    let photoComparisons = Self.comparisons(with: Variable(photos), at: photoTerms, extractor, on: tape)
    for (weight, term) in pictureTerms { term.add(to: losses, weight: weight, output: output, photos: photos) }
    let sites = Set(photoTerms.keys).union(paintingComparisons.keys)
    // Record each layer's losses right after it: the backward pass then creates their gradients when they are needed,
    // not all at once.
    extractor.forEachFeature(of: output, at: sites, on: tape) { site, feature in
      for comparisons in [photoComparisons[site], paintingComparisons[site]] {
        for comparison in comparisons ?? [] {
          comparison.term.add(
            to: losses, weight: comparison.weight, feature: feature, at: site, target: comparison.target)
        }
      }
    }
  }
}
