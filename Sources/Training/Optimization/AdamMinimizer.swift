import Foundation
import Kernels
import Tensors
import Threading

/// Minimises a function of many variables with Adam at a falling learning rate.
///
/// The rate of step `t` of `T` is `r·(0.1 + 0.9·(1 + cos(π·t/T))/2)`. D. Kingma, J. Ba: Adam: A Method for Stochastic
/// Optimization, ICLR 2015. It needs 9 vectors, whatever the number of steps, where L-BFGS needs 25.
package final class AdamMinimizer: PixelMinimizer {
  private let pool: ComputePool
  private let learningRate: Double
  private let steps: Int
  private var point: Tensor
  private var gradient: Tensor
  private var firstMoment: Tensor
  private var secondMoment: Tensor
  private var completed = 0

  package private(set) var best: Tensor
  package private(set) var bestValue: Double
  package private(set) var evaluations = 0

  /// Creates a minimiser and evaluates the function at `start`.
  ///
  /// - Parameters:
  ///   - learningRate: The rate of the first step, in levels of 255.
  ///   - steps: The number of steps over which the rate falls.
  /// - Throws: The errors of `objective`.
  package init(
    start: Tensor, learningRate: Double, steps: Int, pool: ComputePool, _ objective: Evaluation
  ) throws {
    self.pool = pool
    self.learningRate = learningRate
    self.steps = max(1, steps)
    point = start.copy()
    best = start.copy()
    gradient = Tensor(start.shape)
    firstMoment = Tensor(start.shape)
    secondMoment = Tensor(start.shape)
    bestValue = try objective(point, gradient)
    evaluations = 1
  }

  package func step(_ objective: Evaluation) throws -> Bool {
    // Copies, so that an interrupted step leaves no trace.
    let (next, first, second) = (point.copy(), firstMoment.copy(), secondMoment.copy())
    let phase = Double(min(completed, steps)) / Double(steps)
    let rate = learningRate * (0.1 + 0.45 * (1 + cos(Double.pi * phase)))
    let (count, chunk) = (point.count, 1 << 14)
    pool.parallelFor((count + chunk - 1) / chunk) { index in
      let start = index * chunk
      AdamStep.update(
        next.pointer + start, gradient: gradient.pointer + start, firstMoment: first.pointer + start,
        secondMoment: second.pointer + start, count: min(chunk, count - start), step: completed + 1,
        learningRate: Float(rate))
    }
    let nextGradient = Tensor(point.shape)
    let value = try objective(next, nextGradient)
    guard value.isFinite else { return false }
    (point, firstMoment, secondMoment, gradient) = (next, first, second, nextGradient)
    completed += 1
    evaluations += 1
    if value < bestValue {
      bestValue = value
      best = next.copy()
    }
    return true
  }

  // MARK: State

  package var state: MinimizerState {
    MinimizerState(
      vectors: [
        "point": point, "gradient": gradient, "best": best, "moment1": firstMoment, "moment2": secondMoment,
      ],
      numbers: ["value": bestValue, "evaluations": Double(evaluations), "completed": Double(completed)])
  }

  /// Creates a minimiser that continues from `state`; nil if that is not the state of one.
  package init?(state: MinimizerState, learningRate: Double, steps: Int, pool: ComputePool) {
    guard let point = state.vectors["point"], let gradient = state.vectors["gradient"],
      let best = state.vectors["best"], let first = state.vectors["moment1"], let second = state.vectors["moment2"],
      [gradient, best, first, second].allSatisfy({ $0.shape == point.shape }), let value = state.numbers["value"],
      let evaluations = state.numbers["evaluations"].flatMap({ Int(exactly: $0) }),
      let completed = state.numbers["completed"].flatMap({ Int(exactly: $0) }), completed >= 0
    else { return nil }
    self.pool = pool
    self.learningRate = learningRate
    self.steps = max(1, steps)
    (self.point, self.gradient, self.best) = (point, gradient, best)
    (firstMoment, secondMoment) = (first, second)
    (bestValue, self.evaluations, self.completed) = (value, evaluations, completed)
  }
}
