/// Minimises a smooth function of many variables with limited-memory BFGS.
///
/// The two-loop recursion over the last `history` pairs `s = Δx`, `y = Δg` gives the direction `−H·g`. A line search
/// halves the step from 1 until the Armijo condition `f(x + t·d) ≤ f(x) + 1e-4·t·gᵀd` holds. J. Nocedal, S. Wright:
/// Numerical Optimization, 2nd edition, algorithms 7.4, 7.5 and 3.1.
package struct LBFGS {
  /// A function's value and gradient at a point.
  package typealias Objective = ([Float]) -> (value: Double, gradient: [Float])

  private static let armijo = 1e-4
  private static let maximumTrials = 12

  /// The number of pairs that determine the direction.
  package var history: Int

  private var pairs: [(s: [Float], y: [Float], inverseProduct: Double)] = []

  /// Creates a minimiser that remembers `history` steps.
  package init(history: Int = 10) { self.history = history }

  /// Takes up to `iterations` steps from `start` and stops early if no step lowers the function.
  ///
  /// - Returns: The best point. Its value is never above that of `start`.
  package mutating func minimize(_ start: [Float], iterations: Int, _ objective: Objective) -> [Float] {
    pairs = []
    var point = start
    var (value, gradient) = objective(point)
    for iteration in 0..<iterations {
      var direction = self.direction(gradient)
      var slope = Self.dot(gradient, direction)
      if slope >= 0 {
        // Rounding errors have corrupted the pairs: restart from the gradient.
        pairs = []
        direction = gradient.map { -$0 }
        slope = Self.dot(gradient, direction)
      }
      guard slope < 0 else { break }
      // The first direction is the gradient, whose length is no step size: start with about one unit per variable.
      let norm = gradient.reduce(0.0) { $0 + Double(abs($1)) }
      var step = iteration == 0 ? min(1, Double(gradient.count) / norm) : 1
      var accepted: (point: [Float], value: Double, gradient: [Float])?
      for _ in 0..<Self.maximumTrials {
        let trial = zip(point, direction).map { $0 + Float(step) * $1 }
        let result = objective(trial)
        if result.value <= value + Self.armijo * step * slope {
          accepted = (trial, result.value, result.gradient)
          break
        }
        step /= 2
      }
      guard let accepted else { break }
      remember(
        s: zip(accepted.point, point).map { $0 - $1 }, y: zip(accepted.gradient, gradient).map { $0 - $1 })
      point = accepted.point
      value = accepted.value
      gradient = accepted.gradient
    }
    return point
  }

  private mutating func remember(s: [Float], y: [Float]) {
    let product = Self.dot(s, y)
    // Only pairs of positive curvature keep the approximation of the Hessian positive definite.
    guard product > 1e-10 * Self.dot(y, y) else { return }
    if pairs.count == history { pairs.removeFirst() }
    pairs.append((s, y, 1 / product))
  }

  private func direction(_ gradient: [Float]) -> [Float] {
    var direction = gradient.map { -$0 }
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = pair.inverseProduct * Self.dot(pair.s, direction)
      weights.append(weight)
      Self.add(-weight, pair.y, to: &direction)
    }
    if let last = pairs.last {
      let scale = Float(1 / (last.inverseProduct * Self.dot(last.y, last.y)))
      for index in direction.indices { direction[index] *= scale }
    }
    for (pair, weight) in zip(pairs, weights.reversed()) {
      let correction = pair.inverseProduct * Self.dot(pair.y, direction)
      Self.add(weight - correction, pair.s, to: &direction)
    }
    return direction
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += Double(a[index]) * Double(b[index]) }
    return sum
  }

  private static func add(_ factor: Double, _ a: [Float], to b: inout [Float]) {
    let factor = Float(factor)
    for index in a.indices { b[index] += factor * a[index] }
  }
}
