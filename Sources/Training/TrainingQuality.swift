import Networks

/// The amount of training, as a trade-off between quality and time.
package enum TrainingQuality: String, CaseIterable, Sendable {
  /// Enough to judge whether the style works.
  case draft
  /// The default. From a base, training takes less than ten minutes on two cores.
  case good
  /// Enough that further steps change little.
  case best

  /// Returns the number of optimizer steps.
  ///
  /// A base model needs fewer steps: it can paint already and only has to learn other strokes and colours.
  package func iterations(hasBase: Bool) -> Int {
    switch self {
    case .draft: hasBase ? 300 : 900
    case .good: hasBase ? 1200 : 2400
    case .best: hasBase ? 4000 : 10_000
    }
  }
}

extension TrainingSettings {
  /// Returns the default of ``temporalWeight``.
  ///
  /// It is 0 for `johnson` and its fractions, which serve as quality references and are too slow for a second frame in
  /// each step. For other networks it is ``Objective/maximumTemporalWeight``, proportionally less below 1000
  /// iterations. In a few hundred steps the full weight would suppress all learning but stability: strokes stay grey
  /// and faint.
  public static func defaultTemporalWeight(network: String, objective: Objective, iterations: Int) -> Double {
    if NetworkDefinition.references.contains(network) { return 0 }
    return min(1, Double(iterations) / 1000) * objective.maximumTemporalWeight
  }
}
