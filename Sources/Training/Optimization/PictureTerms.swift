import Tensors

/// The terms of an objective, weights applied, for a picture whose pixels are changed.
///
/// All of them are functions of sums over pixels, so that a picture can be computed tile by tile: first the sums, then,
/// with their gradients, the gradients of the pixels. See ``PictureLoss``.
struct PictureTerms {
  /// A comparison of Gram matrices at a site.
  struct Style {
    var weight: Double
    var isRelative: Bool
  }

  /// A comparison of features with those of the photo at a site.
  struct Content {
    var weight: Double
    var term: ContentLoss
  }

  /// The comparisons of Gram matrices.
  var styles: [FeatureSite: Style] = [:]
  /// The comparisons with the photo's features.
  var contents: [FeatureSite: Content] = [:]
  /// The weight of the palette.
  var palette = 0.0
  /// The weight of the tone.
  var tone = 0.0
  /// The weight of the total variation.
  let totalVariation: Double

  /// Creates the terms of the objective of `weights`. Terms of weight 0 are left out.
  ///
  /// - Parameter hasPhoto: Whether there is a photo, without which the terms of content are left out.
  init(_ weights: LossWeights, hasPhoto: Bool) {
    totalVariation = weights.totalVariation
    for term in weights.objective.terms where hasPhoto || term.group != .content {
      let weight = weights.weight(of: term.group)
      if weight > 0 { term.add(to: &self, weight: weight) }
    }
  }

  /// The sites of one octave.
  func sites(ofOctave octave: Int) -> Set<FeatureSite> {
    Set(styles.keys).union(contents.keys).filter { $0.octave == octave }
  }

  /// The octaves that have sites, in ascending order.
  var octaves: [Int] { Set(styles.keys.map(\.octave) + contents.keys.map(\.octave)).sorted() }
}

extension GramLoss {
  func add(to terms: inout PictureTerms, weight: Double) {
    for (site, factor) in factors {
      terms.styles[site] = PictureTerms.Style(weight: weight * factor, isRelative: isRelative)
    }
  }
}

extension ContentLoss {
  func add(to terms: inout PictureTerms, weight: Double) {
    for (site, factor) in factors { terms.contents[site] = PictureTerms.Content(weight: weight * factor, term: self) }
  }
}

extension PaletteLoss {
  func add(to terms: inout PictureTerms, weight: Double) { terms.palette += weight * factor }
}

extension ToneLoss {
  func add(to terms: inout PictureTerms, weight: Double) { terms.tone += weight * factor }
}
