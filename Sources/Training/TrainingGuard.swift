import Foundation

/// Notices that a training goes wrong, and says when to go back to a state in which it did not.
///
/// Three things count as wrong: a number that is not finite; losses far above what they have been; and outputs that have lost
/// all contrast although the photos and the painting have some, as when the final tanh saturates in black. Decisions depend
/// on the steps alone, so a resumed run takes the same ones.
public struct TrainingGuard: Codable, Equatable, Sendable {
  /// Why the training goes back.
  public enum Trouble: Equatable, Sendable, CustomStringConvertible {
    /// A part of the loss or a parameter is not a finite number.
    case notFinite(String)
    /// The mean loss of the latest steps is far above the best.
    case risen(mean: Double, best: Double)
    /// Outputs of one colour.
    case collapsed

    /// What follows "at iteration 120".
    public var description: String {
      switch self {
      case .notFinite(let part): "the \(part) is not a finite number"
      case .risen(let mean, let best):
        "the loss has risen to \(Self.short(mean)), while it has been as low as \(Self.short(best))"
      case .collapsed: "the network paints one colour only"
      }
    }

    private static func short(_ value: Double) -> String { String(format: "%.4g", value) }
  }

  /// Steps whose mean loss is compared.
  public static let window = 25
  /// How far above the best window a window may be: photos differ by less than 2, and learning lowers the loss.
  private static let largestRise = 4.0
  /// How often a run goes back before it gives up: the rate is a sixteenth by then.
  private static let mostRecoveries = 4
  /// Steps in a row without contrast that count as a collapse, once the network has had time to find some.
  private static let collapseSteps = 10
  private static let collapseStart = 50
  /// Standard deviations in levels of 255: below the one an output has no contrast, above the other a picture has.
  private static let flatContrast = 2.0
  private static let fullContrast = 16.0

  /// The factor of the learning rate.
  public private(set) var rateScale = 1.0
  /// How often the run went back.
  public private(set) var recoveries = 0
  /// The running mean of gradients' norms; 0 before the first step.
  private var meanNorm = 0.0
  private var best: Double?
  private var sum = 0.0
  private var count = 0
  private var flatSteps = 0

  /// The largest norm of a gradient, as a multiple of the running mean.
  private static let largestNorm = 1.5
  /// How much of the running mean one step replaces.
  private static let normMomentum = 0.05

  /// The factor by which a gradient of this norm is shortened: a photo of few colours can have a gradient a hundred times as long as others.
  ///
  /// `min(1, 1.5·m/norm)`, where `m` is the running mean of norms shortened so. R. Pascanu et al.: On the difficulty of training recurrent
  /// neural networks, ICML 2013.
  public mutating func gradientScale(norm: Double) -> Double {
    guard norm.isFinite, norm > 0 else { return 1 }
    if meanNorm == 0 { meanNorm = norm }
    let limit = Self.largestNorm * meanNorm
    meanNorm += Self.normMomentum * (min(norm, limit) - meanNorm)
    return min(1, limit / norm)
  }

  /// What one step showed.
  public struct Observation: Sendable {
    /// Steps done.
    public var iteration: Int
    /// The step's loss.
    public var total: Double
    /// The standard deviation of the output, in levels of 255.
    public var output: Double
    /// That of the photos.
    public var photos: Double
    /// That of the painting.
    public var painting: Double

    /// An observation of the given values.
    public init(iteration: Int, total: Double, output: Double, photos: Double, painting: Double) {
      self.iteration = iteration
      self.total = total
      self.output = output
      self.photos = photos
      self.painting = painting
    }
  }

  /// A guard that has seen nothing yet.
  public init() {}

  /// Notes a finished step; returns what is wrong, if anything, and whether this is a state to come back to.
  public mutating func observe(_ step: Observation) -> (trouble: Trouble?, isGood: Bool) {
    guard step.total.isFinite else { return (.notFinite("loss"), false) }
    let shouldHaveContrast = min(step.photos, step.painting) > Self.fullContrast && step.iteration > Self.collapseStart
    flatSteps = shouldHaveContrast && step.output < Self.flatContrast ? flatSteps + 1 : 0
    if flatSteps >= Self.collapseSteps { return (.collapsed, false) }
    sum += step.total
    count += 1
    guard count == Self.window else { return (nil, false) }
    let mean = sum / Double(count)
    (sum, count) = (0, 0)
    if let best, mean > Self.largestRise * best { return (.risen(mean: mean, best: best), false) }
    best = min(best ?? mean, mean)
    return (nil, flatSteps == 0)
  }

  /// Halves the rate and starts to watch anew; false where the run has gone back too often.
  public mutating func recover() -> Bool {
    guard recoveries < Self.mostRecoveries else { return false }
    recoveries += 1
    rateScale /= 2
    (sum, count, flatSteps) = (0, 0, 0)
    return true
  }
}
