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
  /// The weight of steadiness for the networks that are trained to be steady.
  ///
  /// It costs `realtime` 1 % of the objective, and takes the warping error to 0.84 and the deviation of a noisy still to 0.75 of what they
  /// are without. Three times as much costs 4 % for 0.70 and 0.60; five times takes the contrast out of the pictures.
  public static let steadyWeight = 200.0

  /// The weight of steadiness where none is given: 0 for `johnson` and its fractions, which are references of quality and too slow for
  /// a second frame in each step; ``steadyWeight`` for every other network.
  public static func defaultTemporalWeight(network: String) -> Double {
    NetworkDefinition.references.contains(network) ? 0 : steadyWeight
  }
}
