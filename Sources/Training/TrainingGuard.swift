import Foundation

/// Detects failing training and decides when to restore an earlier state.
///
/// Training fails if a number is not finite, if the loss rises far above its minimum, or if the output loses all
/// contrast although the photos and the painting have some, for example because the final tanh saturates at black.
/// Decisions depend only on the steps, so a resumed run makes the same ones.
package struct TrainingGuard: Codable, Equatable, Sendable {
  /// A reason to restore an earlier state.
  package enum Trouble: Equatable, Sendable, CustomStringConvertible {
    /// A term of the loss or a parameter is not a finite number.
    case notFinite(String)
    /// The mean loss of the latest steps is far above the best mean.
    case risen(mean: Double, best: Double)
    /// The output has a single colour.
    case collapsed

    /// A clause that can follow "at iteration 120".
    package var description: String {
      switch self {
      case .notFinite(let part): "the \(part) is not a finite number"
      case .risen(let mean, let best):
        "the loss rose to \(Self.short(mean)) after a minimum of \(Self.short(best))"
      case .collapsed: "the network paints a single colour"
      }
    }

    private static func short(_ value: Double) -> String { String(format: "%.4g", value) }
  }

  /// The number of steps in a window, whose mean losses are compared.
  package static let window = 25
  /// The maximum ratio of a window's loss to that of the best window. Photos differ by a factor below 2, and learning
  /// lowers the loss.
  private static let maximumRise = 4.0
  /// The maximum number of recoveries, after which the learning rate is a sixteenth.
  private static let maximumRecoveries = 4
  /// The number of consecutive steps without contrast that count as a collapse.
  private static let collapseSteps = 10
  /// The number of steps in which a network may have no contrast yet.
  private static let collapseStart = 50
  /// An output with a lower standard deviation than this, in levels of 255, has no contrast.
  private static let flatContrast = 2.0
  /// A photo or painting with a higher standard deviation than this, in levels of 255, has contrast.
  private static let fullContrast = 16.0

  /// The factor of the learning rate.
  package private(set) var rateScale = 1.0
  /// How often the run restored an earlier state.
  package private(set) var recoveries = 0
  /// The running mean of gradient norms; 0 before the first step.
  private var meanNorm = 0.0
  private var best: Double?
  private var sum = 0.0
  private var count = 0
  private var flatSteps = 0

  /// The maximum norm of a gradient, as a multiple of the running mean.
  private static let maximumNorm = 1.5
  /// The momentum of the running mean of norms.
  private static let normMomentum = 0.05

  /// Returns the scale that clips a gradient of the given norm, and updates the running mean of norms.
  ///
  /// The gradient of a photo with few colours can be a hundred times as long as others. The scale is
  /// `min(1, 1.5·m/norm)`, where `m` is the running mean of the clipped norms. R. Pascanu et al.: On the difficulty of
  /// training recurrent neural networks, ICML 2013.
  package mutating func gradientScale(norm: Double) -> Double {
    guard norm.isFinite, norm > 0 else { return 1 }
    if meanNorm == 0 { meanNorm = norm }
    let limit = Self.maximumNorm * meanNorm
    meanNorm += Self.normMomentum * (min(norm, limit) - meanNorm)
    return min(1, limit / norm)
  }

  /// The measurements of one step.
  package struct Observation: Sendable {
    /// The number of completed steps.
    package var iteration: Int
    /// The total loss.
    package var total: Double
    /// The standard deviation of the output, in levels of 255.
    package var output: Double
    /// The standard deviation of the photos, in levels of 255.
    package var photos: Double
    /// The standard deviation of the painting, in levels of 255.
    package var painting: Double

    /// Creates an observation.
    package init(iteration: Int, total: Double, output: Double, photos: Double, painting: Double) {
      self.iteration = iteration
      self.total = total
      self.output = output
      self.photos = photos
      self.painting = painting
    }
  }

  /// Creates a guard without observations.
  package init() {}

  /// Adds the observation of a completed step.
  ///
  /// - Returns: What is wrong, if anything, and whether the state after this step is good enough to be restored later.
  package mutating func observe(_ step: Observation) -> (trouble: Trouble?, isGood: Bool) {
    guard step.total.isFinite else { return (.notFinite("loss"), false) }
    let shouldHaveContrast = min(step.photos, step.painting) > Self.fullContrast && step.iteration > Self.collapseStart
    flatSteps = shouldHaveContrast && step.output < Self.flatContrast ? flatSteps + 1 : 0
    if flatSteps >= Self.collapseSteps { return (.collapsed, false) }
    sum += step.total
    count += 1
    guard count == Self.window else { return (nil, false) }
    let mean = sum / Double(count)
    (sum, count) = (0, 0)
    if let best, mean > Self.maximumRise * best { return (.risen(mean: mean, best: best), false) }
    best = min(best ?? mean, mean)
    return (nil, flatSteps == 0)
  }

  /// Whether a run can have made these observations in `iterations` steps. Those of a damaged checkpoint may be any.
  package func isPlausible(after iterations: Int) -> Bool {
    (0..<Self.window).contains(count) && (0...max(0, iterations)).contains(flatSteps)
      && (0...Self.maximumRecoveries).contains(recoveries) && rateScale > 0 && rateScale <= 1 && meanNorm >= 0
  }

  /// Halves the learning rate and discards the current window.
  ///
  /// - Returns: False, without a change, if the maximum number of recoveries is reached.
  package mutating func recover() -> Bool {
    guard recoveries < Self.maximumRecoveries else { return false }
    recoveries += 1
    rateScale /= 2
    (sum, count, flatSteps) = (0, 0, 0)
    return true
  }
}
