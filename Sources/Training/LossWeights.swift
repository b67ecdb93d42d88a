/// What a training minimises and an evaluation measures.
public enum Objective: String, Codable, CaseIterable, Sendable {
  /// Layers that weigh alike, at two octaves, beside content and tone; see ``PerceptualLoss``.
  case balanced
  /// The objective of Johnson et al. as released: for comparison with the literature.
  case johnson

  /// The layer whose features stand for content.
  var contentLayer: VGG16Layer { self == .balanced ? .relu4_1 : .relu3_3 }

  /// The share of each octave's style, from the picture's own size down by halves.
  var octaves: [Double] { self == .balanced ? [1, 0.5] : [1] }

  /// The weight of a layer's style at octave `octave`.
  ///
  /// Fine layers weigh more: they are easily satisfied and cost little content, so that in the end all layers' losses are alike.
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

  /// The weight of the palette within style: enough for the painting's chroma, which features of VGG-16 hardly see.
  var paletteWeight: Double { self == .balanced ? 3 : 0 }

  /// The weighted style loss of photos as they are: that of The Starry Night at the usual weight.
  var initialStyleLoss: Double { self == .balanced ? 20 : 2_700_000 }

  /// Bounds of a style weight that is chosen by looking at the painting.
  var styleWeights: ClosedRange<Double> { self == .balanced ? 0.3...4 : 1...25 }

  /// One line for cards and metadata: without it no loss can be compared with another.
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

/// The weights of the objective's parts.
public struct LossWeights: Codable, Hashable, Sendable {
  /// Which objective the weights belong to.
  public var objective: Objective
  /// Of the content part.
  public var content: Double
  /// Of the style part.
  public var style: Double
  /// Of the sum of squared neighbour differences of one 0…255 image.
  public var totalVariation: Double

  /// The weights as named; where not named, the objective's usual ones: for `johnson` those of the released code, content 1, style 5, total
  /// variation 1e-6; for `balanced` content 6, style 1, total variation 0.
  public init(
    objective: Objective = .balanced, content: Double? = nil, style: Double? = nil, totalVariation: Double? = nil
  ) {
    self.objective = objective
    self.content = content ?? (objective == .balanced ? 6 : 1)
    self.style = style ?? (objective == .balanced ? 1 : 5)
    self.totalVariation = totalVariation ?? (objective == .balanced ? 0 : 1e-6)
  }
}
