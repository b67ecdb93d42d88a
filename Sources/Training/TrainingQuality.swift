import Networks

/// How much time a training may take.
public enum TrainingQuality: String, CaseIterable, Sendable {
  /// Enough to see whether the style comes out.
  case draft
  /// The default: a style to use, from a base in less than ten minutes on two cores.
  case good
  /// Until more steps change little.
  case best

  /// The number of optimizer steps, from a base model or from random values.
  ///
  /// A base already paints; it has to learn other strokes and colours, not what a picture is.
  public func iterations(hasBase: Bool) -> Int {
    switch self {
    case .draft: hasBase ? 300 : 900
    case .good: hasBase ? 1200 : 2400
    case .best: hasBase ? 4000 : 10_000
    }
  }
}

extension TrainingSettings {
  /// The weight of steadiness of a whole training with Johnson's objective, for the networks that are trained to be steady.
  public static let steadyWeight = 1000.0

  /// The weight of steadiness beside the balanced objective, whose values are a hundred thousand times smaller than Johnson's.
  public static let steadyWeightBalanced = 0.004

  /// The weight of steadiness where none is given: 0 for `johnson` and its fractions, which are references of quality and too slow for
  /// a second frame in each step. For every other network it is 1 for each of the `iterations`, up to ``steadyWeight``, and with the
  /// balanced objective ``steadyWeightBalanced``.
  ///
  /// In a few hundred steps the full weight teaches nothing but to hold still: strokes stay grey and faint.
  public static func defaultTemporalWeight(network: String, objective: Objective, iterations: Int) -> Double {
    if NetworkDefinition.references.contains(network) { return 0 }
    if objective == .balanced { return min(1, Double(iterations) / 1000) * steadyWeightBalanced }
    return min(steadyWeight, Double(iterations))
  }
}
