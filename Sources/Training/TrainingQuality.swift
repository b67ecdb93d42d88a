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
  /// The weight of steadiness of a whole training, for the networks that are trained to be steady.
  ///
  /// Of the default training from a base, it leaves `realtime` without filter and grain 0.49 (The Great Wave) and 0.55 (The Starry Night) of the
  /// warping error, for 6 and 7 % of the objective; six tenths of it leave 0.62 for 3 %.
  public static let steadyWeight = 1000.0

  /// The same for a network on a grain, whose strokes in flat areas cost more to carry along with a motion: it leaves The Starry Night from
  /// random values the warping error that ``steadyWeight`` leaves without a grain, and three fifths of the noise; behind a smoothing filter
  /// of 14 levels two fifths of the noise.
  public static let steadyWeightOnGrain = 1500.0

  /// The weight of steadiness where none is given: 0 for `johnson` and its fractions, which are references of quality and too slow for
  /// a second frame in each step; for every other network 1 for each of the `iterations`, up to ``steadyWeight`` or, on a grain,
  /// ``steadyWeightOnGrain``.
  ///
  /// In a few hundred steps the full weight teaches nothing but to hold still: strokes stay grey and faint.
  public static func defaultTemporalWeight(network: String, iterations: Int) -> Double {
    if NetworkDefinition.references.contains(network) { return 0 }
    let hasGrain = ((try? NetworkDefinition.named(network))?.grain ?? 0) > 0
    return min(hasGrain ? steadyWeightOnGrain : steadyWeight, Double(iterations))
  }
}
