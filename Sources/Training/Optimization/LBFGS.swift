import Kernels
import Tensors
import Threading

/// Minimises a smooth function of many variables with limited-memory BFGS.
///
/// The two-loop recursion over the last `history` pairs `s = Δx`, `y = Δg` gives the direction `−H·g`, and
/// ``LineSearch`` the step along it. J. Nocedal, S. Wright: Numerical Optimization, 2nd edition, algorithms 7.4 and
/// 7.5. It needs `5 + 2·history` vectors.
package final class LBFGS: PixelMinimizer {
  /// The usual number of pairs, that of L-BFGS-B in scipy.
  package static let usualHistory = 10

  private static let maximumTrials = 20

  /// The maximum number of pairs that determine the direction.
  private let history: Int
  private let pool: ComputePool

  private struct Pair {
    let s: Tensor
    let y: Tensor
    let inverseProduct: Double
  }

  private var pairs: [Pair] = []
  private var point: Tensor
  private var gradient: Tensor
  private var trialPoint: Tensor
  private var trialGradient: Tensor
  private let direction: Tensor
  private var value: Double

  package private(set) var evaluations = 0

  /// Creates a minimiser and evaluates the function at `start`.
  ///
  /// - Throws: The errors of `objective`.
  package init(
    start: Tensor, history: Int = LBFGS.usualHistory, pool: ComputePool, _ objective: Evaluation
  ) throws {
    self.history = max(1, history)
    self.pool = pool
    point = start.copy()
    gradient = Tensor(start.shape)
    trialPoint = Tensor(start.shape, zeroed: false)
    trialGradient = Tensor(start.shape)
    direction = Tensor(start.shape, zeroed: false)
    value = try objective(point, gradient)
    evaluations = 1
  }

  package var best: Tensor { point }
  package var bestValue: Double { value }

  package func step(_ objective: Evaluation) throws -> Bool {
    if try advance(objective) { return true }
    guard !pairs.isEmpty else { return false }
    // Rounding errors have corrupted the pairs: restart from the gradient.
    pairs = []
    return try advance(objective)
  }

  private func advance(_ objective: Evaluation) throws -> Bool {
    findDirection()
    let slope = dot(gradient, direction)
    guard slope < 0, slope.isFinite else { return false }
    // Without pairs the direction is the gradient, whose length is no step size: start with a length of 1.
    let first = pairs.isEmpty ? 1 / dot(direction, direction).squareRoot() : 1
    var search = LineSearch(value: value, slope: slope, step: first)
    var evaluated = 0
    var trial = (value: Double.infinity, step: 0.0)
    var outcome = LineSearch.Outcome.evaluate
    while outcome == .evaluate, evaluated < Self.maximumTrials {
      trial.step = search.step
      VectorOperations.add(
        point.pointer, Float(trial.step), direction.pointer, output: trialPoint.pointer, count: point.count, pool: pool)
      trial.value = try objective(trialPoint, trialGradient)
      evaluations += 1
      evaluated += 1
      outcome = search.next(value: trial.value, slope: dot(trialGradient, direction))
    }
    guard trial.value < value else { return false }
    remember()
    swap(&point, &trialPoint)
    swap(&gradient, &trialGradient)
    value = trial.value
    return true
  }

  private func remember() {
    // The oldest pair's memory serves the newest.
    let old = pairs.count == history ? pairs.removeFirst() : nil
    let s = old?.s ?? Tensor(point.shape, zeroed: false)
    let y = old?.y ?? Tensor(point.shape, zeroed: false)
    let count = point.count
    VectorOperations.add(trialPoint.pointer, -1, point.pointer, output: s.pointer, count: count, pool: pool)
    VectorOperations.add(trialGradient.pointer, -1, gradient.pointer, output: y.pointer, count: count, pool: pool)
    let product = dot(s, y)
    // Only pairs of positive curvature keep the approximation of the Hessian positive definite.
    guard product > 1e-10 * dot(y, y) else { return }
    pairs.append(Pair(s: s, y: y, inverseProduct: 1 / product))
  }

  private func findDirection() {
    let count = point.count
    VectorOperations.scale(gradient.pointer, -1, output: direction.pointer, count: count, pool: pool)
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = pair.inverseProduct * dot(pair.s, direction)
      weights.append(weight)
      add(-weight, pair.y)
    }
    if let last = pairs.last {
      let scale = Float(1 / (last.inverseProduct * dot(last.y, last.y)))
      VectorOperations.scale(direction.pointer, scale, output: direction.pointer, count: count, pool: pool)
    }
    for (pair, weight) in zip(pairs, weights.reversed()) {
      add(weight - pair.inverseProduct * dot(pair.y, direction), pair.s)
    }
  }

  private func dot(_ a: Tensor, _ b: Tensor) -> Double {
    withExtendedLifetime((a, b)) { VectorOperations.dot(a.pointer, b.pointer, count: a.count, pool: pool) }
  }

  private func add(_ factor: Double, _ vector: Tensor) {
    withExtendedLifetime(vector) {
      VectorOperations.add(
        direction.pointer, Float(factor), vector.pointer, output: direction.pointer, count: vector.count, pool: pool)
    }
  }

  // MARK: State

  package var state: MinimizerState {
    var vectors = ["point": point, "gradient": gradient]
    for (index, pair) in pairs.enumerated() {
      vectors["pair.\(index).s"] = pair.s
      vectors["pair.\(index).y"] = pair.y
    }
    return MinimizerState(
      vectors: vectors,
      numbers: ["value": value, "evaluations": Double(evaluations), "pairs": Double(pairs.count)])
  }

  /// Creates a minimiser that continues from `state`; nil if that is not the state of one with this history.
  package init?(state: MinimizerState, history: Int, pool: ComputePool) {
    guard let point = state.vectors["point"], let gradient = state.vectors["gradient"],
      gradient.shape == point.shape, let value = state.numbers["value"],
      let evaluations = state.numbers["evaluations"].flatMap({ Int(exactly: $0) }),
      let count = state.numbers["pairs"].flatMap({ Int(exactly: $0) }), (0...max(1, history)).contains(count)
    else { return nil }
    self.history = max(1, history)
    self.pool = pool
    self.point = point
    self.gradient = gradient
    self.value = value
    self.evaluations = evaluations
    trialPoint = Tensor(point.shape, zeroed: false)
    trialGradient = Tensor(point.shape)
    direction = Tensor(point.shape, zeroed: false)
    for index in 0..<count {
      guard let s = state.vectors["pair.\(index).s"], let y = state.vectors["pair.\(index).y"],
        s.shape == point.shape, y.shape == point.shape
      else { return nil }
      let product = dot(s, y)
      guard product > 0 else { return nil }
      pairs.append(Pair(s: s, y: y, inverseProduct: 1 / product))
    }
  }
}
