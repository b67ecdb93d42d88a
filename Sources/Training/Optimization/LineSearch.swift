/// Finds a step along a direction of descent that satisfies the strong Wolfe conditions.
///
/// For `φ(t) = f(x + t·d)` it looks for `t` with `φ(t) ≤ φ(0) + 10⁻³·t·φ'(0)` and `|φ'(t)| ≤ 0.9·|φ'(0)|`. It knows φ
/// only through the values that its caller hands in: ``next(value:slope:)`` says which step to evaluate. J. Moré, D.
/// Thuente: Line Search Algorithms with Guaranteed Sufficient Decrease, ACM TOMS 20, 1994, with the constants of
/// L-BFGS-B.
struct LineSearch {
  /// What to do after an evaluation.
  enum Outcome: Equatable {
    /// Evaluate the function at ``LineSearch/step``.
    case evaluate
    /// The step satisfies the conditions.
    case converged
    /// Rounding errors or the bounds prevent a better step.
    case exhausted
  }

  /// A step and what is known of it.
  private struct Trial {
    var step: Double
    var value: Double
    var slope: Double
  }

  private static let decrease = 1e-3
  private static let curvature = 0.9
  private static let relativeWidth = 0.1
  private static let maximumStep = 1e10

  /// The step to evaluate.
  private(set) var step: Double

  private let startValue: Double
  private let startSlope: Double
  /// The best step so far.
  private var best: Trial
  /// The other end of the interval that contains a minimiser, once ``isBracketed``.
  private var other: Trial
  private var isBracketed = false
  /// Whether a step has satisfied the first condition with a slope that does not fall.
  private var isPastFirstStage = false
  private var width = maximumStep
  private var widthBefore = 2 * maximumStep
  private var lowest = 0.0
  private var highest: Double

  /// Creates a search.
  ///
  /// - Parameters:
  ///   - value: `φ(0)`.
  ///   - slope: `φ'(0)`, less than 0.
  ///   - step: The first step to evaluate.
  init(value: Double, slope: Double, step: Double) {
    startValue = value
    startSlope = slope
    self.step = min(step, Self.maximumStep)
    best = Trial(step: 0, value: value, slope: slope)
    other = best
    highest = 5 * self.step
  }

  /// Takes `φ(step)` and `φ'(step)`, and chooses the next step unless the search is over.
  mutating func next(value: Double, slope: Double) -> Outcome {
    guard value.isFinite, slope.isFinite else {
      // Far beyond the range of the function: halfway back to the best step.
      other = Trial(step: step, value: .greatestFiniteMagnitude, slope: 1)
      isBracketed = true
      (width, widthBefore) = (abs(step - best.step), 2 * abs(step - best.step))
      (lowest, highest) = (min(best.step, step), max(best.step, step))
      step = best.step + 0.5 * (step - best.step)
      return .evaluate
    }
    let test = Self.decrease * startSlope
    let limit = startValue + step * test
    if !isPastFirstStage && value <= limit && slope >= 0 { isPastFirstStage = true }
    if value <= limit && abs(slope) <= Self.curvature * -startSlope { return .converged }
    if isBracketed && (step <= lowest || step >= highest || highest - lowest <= Self.relativeWidth * highest) {
      return .exhausted
    }
    if step >= Self.maximumStep && value <= limit && slope <= test { return .exhausted }

    if !isPastFirstStage && value <= best.value && value > limit {
      // The function without the decrease that is asked for has a minimiser where the conditions hold.
      func lifted(_ trial: Trial, _ sign: Double) -> Trial {
        Trial(step: trial.step, value: trial.value + sign * trial.step * test, slope: trial.slope + sign * test)
      }
      (best, other) = (lifted(best, -1), lifted(other, -1))
      update(with: lifted(Trial(step: step, value: value, slope: slope), -1))
      (best, other) = (lifted(best, 1), lifted(other, 1))
    } else {
      update(with: Trial(step: step, value: value, slope: slope))
    }

    if isBracketed {
      if abs(other.step - best.step) >= 0.66 * widthBefore { step = best.step + 0.5 * (other.step - best.step) }
      (widthBefore, width) = (width, abs(other.step - best.step))
      (lowest, highest) = (min(best.step, other.step), max(best.step, other.step))
    } else {
      (lowest, highest) = (step + 1.1 * (step - best.step), step + 4 * (step - best.step))
    }
    // A cubic through the value of a trial beyond the range of the function has no finite minimiser.
    if !step.isFinite { step = best.step + 0.5 * (other.step - best.step) }
    step = min(max(step, 0), Self.maximumStep)
    if isBracketed && (step <= lowest || step >= highest || highest - lowest <= Self.relativeWidth * highest) {
      step = best.step
    }
    return .evaluate
  }

  /// Updates the interval with `trial` and sets ``step`` to a minimiser of a cubic or quadratic through what is known.
  private mutating func update(with trial: Trial) {
    let opposite = trial.slope * (best.slope < 0 ? -1 : 1) < 0
    let next: Double
    if trial.value > best.value {
      // A higher value: the minimum lies between the two.
      let cubic = Self.cubicStep(from: best, to: trial, near: best)
      let quadratic =
        best.step + best.slope / ((best.value - trial.value) / (trial.step - best.step) + best.slope) / 2
        * (trial.step - best.step)
      next =
        abs(cubic - best.step) < abs(quadratic - best.step) ? cubic : cubic + (quadratic - cubic) / 2
      isBracketed = true
    } else if opposite {
      // A lower value and slopes of opposite signs: the minimum lies between the two.
      let cubic = Self.cubicStep(from: best, to: trial, near: trial)
      let secant = trial.step + trial.slope / (trial.slope - best.slope) * (best.step - trial.step)
      next = abs(cubic - trial.step) > abs(secant - trial.step) ? cubic : secant
      isBracketed = true
    } else if abs(trial.slope) < abs(best.slope) {
      // A lower value and a flatter slope of the same sign: the minimum lies beyond.
      let isForward = trial.step > best.step
      let cubic = Self.cubicStepBeyond(trial, from: best) ?? (isForward ? highest : lowest)
      let secant = trial.step + trial.slope / (trial.slope - best.slope) * (best.step - trial.step)
      if isBracketed {
        let closer = abs(cubic - trial.step) < abs(secant - trial.step) ? cubic : secant
        let bound = trial.step + 0.66 * (other.step - trial.step)
        next = isForward ? min(bound, closer) : max(bound, closer)
      } else {
        let farther = abs(cubic - trial.step) > abs(secant - trial.step) ? cubic : secant
        next = min(max(farther, lowest), highest)
      }
    } else if isBracketed {
      next = Self.cubicStep(from: other, to: trial, near: trial)
    } else {
      next = trial.step > best.step ? highest : lowest
    }
    if trial.value > best.value {
      other = trial
    } else {
      if opposite { other = best }
      best = trial
    }
    step = next
  }

  /// The local minimiser of the cubic with the values and slopes of both trials, computed from `near`.
  private static func cubicStep(from a: Trial, to b: Trial, near: Trial) -> Double {
    let theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope
    let scale = max(abs(theta), abs(a.slope), abs(b.slope), .leastNormalMagnitude)
    var gamma =
      scale * max(0, (theta / scale) * (theta / scale) - (a.slope / scale) * (b.slope / scale)).squareRoot()
    if near.step == a.step {
      if b.step < a.step { gamma = -gamma }
      let ratio = (gamma - a.slope + theta) / (gamma - a.slope + gamma + b.slope)
      return a.step + ratio * (b.step - a.step)
    }
    if b.step > a.step { gamma = -gamma }
    let ratio = (gamma - b.slope + theta) / (gamma - b.slope + gamma + a.slope)
    return b.step + ratio * (a.step - b.step)
  }

  /// The minimiser of the cubic beyond `trial`; nil if it has none there.
  private static func cubicStepBeyond(_ trial: Trial, from best: Trial) -> Double? {
    let theta = 3 * (best.value - trial.value) / (trial.step - best.step) + best.slope + trial.slope
    let scale = max(abs(theta), abs(best.slope), abs(trial.slope), .leastNormalMagnitude)
    var gamma =
      scale * max(0, (theta / scale) * (theta / scale) - (best.slope / scale) * (trial.slope / scale)).squareRoot()
    if trial.step > best.step { gamma = -gamma }
    let ratio = (gamma - trial.slope + theta) / (gamma + (best.slope - trial.slope) + gamma)
    return ratio < 0 && gamma != 0 ? trial.step + ratio * (best.step - trial.step) : nil
  }
}
