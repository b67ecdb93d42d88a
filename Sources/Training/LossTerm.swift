import Autograd
import Tensors

/// A term of an ``Objective``: a ``PictureTerm`` or a ``FeatureTerm``.
protocol LossTerm: Sendable {
  /// The group of the term. Its weight in ``LossWeights`` multiplies the term's own factor.
  var group: LossGroup { get }
  /// What the term is reported as, in the order of reports: one or more names in ``group``.
  var names: [LossName] { get }
  /// The formula in words, for ``Objective/scaling``.
  var definition: String { get }
  /// Whether ``StyleChoice`` takes the term into account if it is part of style.
  var determinesStyleWeight: Bool { get }

  /// Adds the term, times `weight`, to a list of terms that are computed from sums over the pixels of a picture.
  func add(to terms: inout PictureTerms, weight: Double)
}

extension LossTerm {
  var names: [LossName] { [LossName(group)] }
  var determinesStyleWeight: Bool { true }
}

/// A term that compares the pixels of a picture.
protocol PictureTerm: LossTerm {
  /// The weight of the term within its group.
  var factor: Double { get }

  /// Returns the term with all that it needs of `painting`, `[1, H, W, 3]`, RGB 0…255.
  func prepared(for painting: Tensor, on tape: Tape) -> any PreparedPictureTerm
}

extension PictureTerm {
  var factor: Double { 1 }
}

/// A ``PictureTerm`` and what it needs of a painting.
protocol PreparedPictureTerm {
  /// Records the losses of `output` for `photos`, both `[N, H, W, 3]`, RGB 0…255.
  func add(to losses: LossRecorder, weight: Double, output: Variable, photos: Tensor)
}

/// A term that compares features of VGG-16.
///
/// All terms share the passes of the extractor. A term of weight 0 is not computed, and a pass ends at the last layer
/// that a term needs.
protocol FeatureTerm: LossTerm {
  /// The picture to compare with.
  var reference: FeatureReference { get }
  /// The weights within the group at the sites where the term compares features.
  var factors: [FeatureSite: Double] { get }

  /// Returns what features at `site` are compared with, made from `feature`, that of the reference.
  func target(of feature: Variable, at site: FeatureSite, on tape: Tape) -> FeatureTarget

  /// Records the losses of `feature`, `[N, H, W, C]`, at `site`.
  ///
  /// - Parameters:
  ///   - weight: The weight, which includes the scale of the target.
  ///   - target: The values of the target.
  func add(to losses: LossRecorder, weight: Double, feature: Variable, at site: FeatureSite, target: Tensor)
}

/// A picture whose features others are compared with.
enum FeatureReference: Sendable {
  /// The painting. Its targets are made once.
  case painting
  /// The photo that a picture was made from.
  case photo
}

/// What features are compared with.
struct FeatureTarget {
  /// The values to compare with.
  var values: Tensor
  /// The factor of the loss that follows from them.
  var scale = 1.0
}
