/// The weights of the objective's groups of terms.
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
    self.content = content ?? objective.weights.content
    self.style = style ?? objective.weights.style
    self.totalVariation = totalVariation ?? objective.weights.totalVariation
  }

  /// Returns the weight of a group. That of the temporal loss is not part of the objective and thus 0, see
  /// ``TrainingSettings/temporalWeight``.
  func weight(of group: LossGroup) -> Double {
    switch group {
    case .content: content
    case .style: style
    case .totalVariation: totalVariation
    case .temporal: 0
    }
  }
}
