/// The objective that training minimises and an evaluation measures: a list of terms.
///
/// `L = w_c·C(y, x) + w_s·S(y) + w_tv·TV(y)` for output `y`, photo `x`, the sums `C` and `S` of the terms of content
/// and style, the total variation and the weights ``LossWeights``. See ``PerceptualLoss``.
public struct Objective: RawRepresentable, Codable, CaseIterable, Hashable, Sendable {
  /// The name in options, files and metadata.
  public let rawValue: String
  /// The terms in the order in which a step records them: first those that compare pictures, then those that compare
  /// features.
  let terms: [any LossTerm]
  /// The usual weights of the groups.
  let weights: (content: Double, style: Double, totalVariation: Double)
  /// The weighted style loss at which training starts: that of unstylized photos for The Starry Night at the usual
  /// weight.
  let initialStyleLoss: Double
  /// The bounds of a style weight that ``StyleChoice`` chooses.
  let styleWeights: ClosedRange<Double>
  /// The maximum default of ``TrainingSettings/temporalWeight``, in proportion to the values of the other losses.
  public let maximumTemporalWeight: Double
  /// Whether training clips gradients, see ``TrainingGuard/gradientScale(norm:)``.
  let clipsGradients: Bool

  /// Style layers of equal influence at two octaves, and content, tone and palette.
  public static let balanced = Objective(
    rawValue: "balanced",
    terms: [
      PaletteLoss(factor: 3), ToneLoss(),
      ContentLoss(layer: .relu4_1, isNormalized: true),
      // Fine layers have larger weights. They are easy to satisfy and cost little content, so the final losses of all
      // layers are similar.
      GramLoss(
        layers: [.relu1_2: 8, .relu2_2: 8, .relu3_3: 3, .relu4_3: 1], octaves: [1, 0.5], isRelative: true,
        definition: "sum of MSE of Gram matrices over the painting's mean square, relu1_2 and relu2_2 8 times, "
          + "relu3_3 3 times, relu4_3 once, half of it at half the size"),
    ],
    weights: (content: 6, style: 1, totalVariation: 0), initialStyleLoss: 20, styleWeights: 0.3...4,
    maximumTemporalWeight: 0.004, clipsGradients: true)

  /// The objective of Johnson et al. as released, for comparison with the literature.
  ///
  /// J. Johnson, A. Alahi, L. Fei-Fei: Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016.
  public static let johnson = Objective(
    rawValue: "johnson",
    terms: [
      ContentLoss(layer: .relu3_3, isNormalized: false),
      GramLoss(
        layers: [.relu1_2: 1, .relu2_2: 1, .relu3_3: 1, .relu4_3: 1], octaves: [1], isRelative: false,
        definition: "sum of MSE of Gram matrices F F^T/(C H W) of relu1_2, relu2_2, relu3_3, relu4_3"),
    ],
    weights: (content: 1, style: 5, totalVariation: 1e-6), initialStyleLoss: 2_700_000, styleWeights: 1...25,
    maximumTemporalWeight: 1000, clipsGradients: false)

  /// All objectives, the default first.
  public static let allCases = [balanced, johnson]

  private init(
    rawValue: String, terms: [any LossTerm], weights: (content: Double, style: Double, totalVariation: Double),
    initialStyleLoss: Double, styleWeights: ClosedRange<Double>, maximumTemporalWeight: Double, clipsGradients: Bool
  ) {
    self.rawValue = rawValue
    self.terms = terms
    self.weights = weights
    self.initialStyleLoss = initialStyleLoss
    self.styleWeights = styleWeights
    self.maximumTemporalWeight = maximumTemporalWeight
    self.clipsGradients = clipsGradients
  }

  /// Returns the objective of this name; nil if there is none.
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  /// Whether both are the same objective.
  public static func == (_ a: Objective, _ b: Objective) -> Bool { a.rawValue == b.rawValue }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

  /// The terms in the order of reports: group by group, and in each group those that compare features first.
  var reportedTerms: [any LossTerm] {
    LossGroup.allCases.flatMap { group in
      let terms = terms.filter { $0.group == group }
      return terms.filter { $0 is any FeatureTerm } + terms.filter { !($0 is any FeatureTerm) }
    }
  }

  /// A one-line definition of the losses for cards and metadata. Losses of different definitions are not comparable.
  public var scaling: String {
    func definition(of group: LossGroup) -> String {
      reportedTerms.filter { $0.group == group }.map(\.definition).joined(separator: ", and ")
    }
    return "VGG-16 (Caffe), input 0-255; content: \(definition(of: .content)); style: \(definition(of: .style)); "
      + "total variation: sum of squared neighbour differences per image"
  }
}
