/// The objective that training minimises and an evaluation measures.
public enum Objective: String, Codable, CaseIterable, Sendable {
  /// Style layers of equal influence at two octaves, and content, tone and palette. See ``PerceptualLoss``.
  case balanced
  /// The objective of Johnson et al. as released, for comparison with the literature.
  case johnson

  /// The layer of the content features.
  var contentLayer: VGG16Layer { self == .balanced ? .relu4_1 : .relu3_3 }

  /// The style weight of each octave. The first is the picture's own size, and each following one is half as large.
  var octaves: [Double] { self == .balanced ? [1, 0.5] : [1] }

  /// Returns the style weight of a layer at `octave`.
  ///
  /// Fine layers have larger weights. They are easy to satisfy and cost little content, so the final losses of all
  /// layers are similar.
  func weight(of layer: VGG16Layer, octave: Int) -> Double {
    guard self == .balanced else { return 1 }
    let weight =
      switch layer {
      case .relu1_2, .relu2_2: 8.0
      case .relu3_3: 3.0
      case .relu4_1: 0.0
      case .relu4_3: 1.0
      }
    return octaves[octave] * weight
  }

  /// The weight of the palette within the style loss. VGG-16 features hardly depend on chroma, so the palette must
  /// enforce it.
  var paletteWeight: Double { self == .balanced ? 3 : 0 }

  /// The weighted style loss at which training starts: that of unstylized photos for The Starry Night at the usual
  /// weight.
  var initialStyleLoss: Double { self == .balanced ? 20 : 2_700_000 }

  /// The bounds of a style weight that ``StyleChoice`` chooses.
  var styleWeights: ClosedRange<Double> { self == .balanced ? 0.3...4 : 1...25 }

  /// A one-line definition of the losses for cards and metadata. Losses of different definitions are not comparable.
  public var scaling: String {
    switch self {
    case .balanced:
      "VGG-16 (Caffe), input 0-255; content: MSE of relu4_1, each channel centred and scaled over the picture, and MSE of the luma of blocks of "
        + "16 over the painting's variance; style: sum of MSE of Gram matrices over the painting's mean square, relu1_2 and relu2_2 8 times, "
        + "relu3_3 3 times, relu4_3 once, half of it at half the size, and 3 times MSE of the second moments of (Y, Cb, Cr, 1) over "
        + "the painting's mean square; total variation: sum of squared neighbour differences per image"
    case .johnson:
      "VGG-16 (Caffe), input 0-255; content: MSE of relu3_3; style: sum of MSE of Gram matrices F F^T/(C H W) of relu1_2, relu2_2, relu3_3, "
        + "relu4_3; total variation: sum of squared neighbour differences per image"
    }
  }
}

/// The weights of the objective's terms.
public struct LossWeights: Codable, Hashable, Sendable {
  /// The objective that the weights belong to.
  public var objective: Objective
  /// The weight of the content loss.
  public var content: Double
  /// The weight of the style loss.
  public var style: Double
  /// The weight of the total variation, the sum of squared differences of neighbouring pixels of one image, 0…255.
  public var totalVariation: Double

  /// Creates weights. Weights that are nil get the defaults of the objective.
  ///
  /// The defaults of `johnson` are those of the released code: content 1, style 5, total variation 1e-6. The defaults
  /// of `balanced` are content 6, style 1, total variation 0.
  public init(
    objective: Objective = .balanced, content: Double? = nil, style: Double? = nil, totalVariation: Double? = nil
  ) {
    self.objective = objective
    self.content = content ?? (objective == .balanced ? 6 : 1)
    self.style = style ?? (objective == .balanced ? 1 : 5)
    self.totalVariation = totalVariation ?? (objective == .balanced ? 0 : 1e-6)
  }
}
