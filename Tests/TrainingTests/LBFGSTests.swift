import Imaging
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct LBFGSTests {
  private let pool = ComputePool(threads: 2)

  /// `Σ k·(x_k − k)²`, with curvatures from 2 to 40.
  static func quadratic(_ x: Tensor, _ gradient: Tensor) -> Double {
    var value = 0.0
    for index in 0..<x.count {
      let weight = Float(index + 1)
      let difference = x.pointer[index] - weight
      value += Double(weight * difference * difference)
      gradient.pointer[index] = 2 * weight * difference
    }
    return value
  }

  static func rosenbrock(_ x: Tensor, _ gradient: Tensor) -> Double {
    let (a, b) = (Double(x.pointer[0]), Double(x.pointer[1]))
    let valley = b - a * a
    gradient.pointer[0] = Float(-2 * (1 - a) - 400 * a * valley)
    gradient.pointer[1] = Float(200 * valley)
    return (1 - a) * (1 - a) + 100 * valley * valley
  }

  @Test func findsTheMinimumOfAQuadratic() throws {
    let minimizer = try LBFGS(start: Tensor(Shape([20])), pool: pool, Self.quadratic)
    // In exact arithmetic with an exact line search 20 steps would be enough.
    for _ in 0..<100 where try !minimizer.step(Self.quadratic) { break }
    for (index, element) in minimizer.best.elements.enumerated() { #expect(abs(element - Float(index + 1)) < 1e-3) }
  }

  @Test func findsTheMinimumOfTheRosenbrockFunction() throws {
    let start = Tensor(Shape([2]), elements: [-1.2, 1])
    let minimizer = try LBFGS(start: start, pool: pool, Self.rosenbrock)
    for _ in 0..<60 where try !minimizer.step(Self.rosenbrock) { break }
    // Single precision resolves the flat valley to about this error.
    let point = minimizer.best.elements
    #expect(abs(point[0] - 1) < 1e-2 && abs(point[1] - 1) < 2e-2, "\(point)")
    // scipy's L-BFGS-B needs about 45 evaluations in double precision.
    #expect(minimizer.evaluations < 120, "\(minimizer.evaluations)")
  }

  @Test func valuesNeverRise() throws {
    let minimizer = try LBFGS(start: Tensor(Shape([2]), elements: [-1.2, 1]), pool: pool, Self.rosenbrock)
    var value = minimizer.bestValue
    for _ in 0..<30 {
      guard try minimizer.step(Self.rosenbrock) else { break }
      #expect(minimizer.bestValue < value)
      value = minimizer.bestValue
    }
  }

  @Test func neverEndsAboveTheStart() throws {
    // The gradient has the wrong sign, so no step lowers the function.
    func wrong(_ x: Tensor, _ gradient: Tensor) -> Double {
      var value = 0.0
      for index in 0..<x.count {
        value += Double(x.pointer[index] * x.pointer[index])
        gradient.pointer[index] = -x.pointer[index]
      }
      return value
    }
    let minimizer = try LBFGS(start: Tensor(Shape([2]), elements: [3, 4]), pool: pool, wrong)
    #expect(try !minimizer.step(wrong))
    #expect(minimizer.best.elements == [3, 4])
  }

  /// Falls ever more steeply up to the end of its range, beyond which it is NaN: the search must come back from there.
  @Test func comesBackFromBeyondTheRange() throws {
    func cliff(_ x: Tensor, _ gradient: Tensor) -> Double {
      let place = Double(x.pointer[0])
      gradient.pointer[0] = place < 1 ? Float(-2 * place) : .nan
      return place < 1 ? -place * place : .nan
    }
    let minimizer = try LBFGS(start: Tensor(Shape([1]), elements: [0.1]), pool: pool, cliff)
    #expect(try minimizer.step(cliff))
    #expect(minimizer.best.elements[0] > 0.5 && minimizer.bestValue.isFinite, "\(minimizer.best.elements)")
  }

  @Test func anErrorLeavesTheStateOfTheStepBefore() throws {
    struct Stop: Error {}
    let start = Tensor(Shape([2]), elements: [-1.2, 1])
    let (minimizer, other) = (
      try LBFGS(start: start, pool: pool, Self.rosenbrock), try LBFGS(start: start, pool: pool, Self.rosenbrock)
    )
    for step in 0..<12 {
      if step == 6 {
        #expect(throws: Stop.self) {
          _ = try minimizer.step { point, gradient in
            _ = Self.rosenbrock(point, gradient)
            throw Stop()
          }
        }
      }
      _ = try minimizer.step(Self.rosenbrock)
      _ = try other.step(Self.rosenbrock)
    }
    #expect(minimizer.best.elements == other.best.elements)
  }

  @Test func continuesFromItsState() throws {
    let start = Tensor(Shape([20]))
    let whole = try LBFGS(start: start, history: 4, pool: pool, Self.quadratic)
    let part = try LBFGS(start: start, history: 4, pool: pool, Self.quadratic)
    for _ in 0..<12 { _ = try whole.step(Self.quadratic) }
    for _ in 0..<7 { _ = try part.step(Self.quadratic) }
    let state = part.state
    let copies = MinimizerState(vectors: state.vectors.mapValues { $0.copy() }, numbers: state.numbers)
    let resumed = try #require(LBFGS(state: copies, history: 4, pool: pool))
    for _ in 7..<12 { _ = try resumed.step(Self.quadratic) }
    #expect(resumed.best.elements == whole.best.elements)
    #expect(resumed.evaluations == whole.evaluations)
    #expect(LBFGS(state: MinimizerState(vectors: [:], numbers: [:]), history: 4, pool: pool) == nil)
    #expect(LBFGS(state: state, history: 2, pool: pool) == nil, "more pairs than the history")
  }

  @Test func adamFindsTheMinimumOfAQuadraticAndContinues() throws {
    func minimizer() throws -> AdamMinimizer {
      try AdamMinimizer(start: Tensor(Shape([20])), learningRate: 1, steps: 400, pool: pool, Self.quadratic)
    }
    let whole = try minimizer()
    for _ in 0..<400 { _ = try whole.step(Self.quadratic) }
    for (index, element) in whole.best.elements.enumerated() { #expect(abs(element - Float(index + 1)) < 0.2) }

    let part = try minimizer()
    for _ in 0..<150 { _ = try part.step(Self.quadratic) }
    let resumed = try #require(AdamMinimizer(state: part.state, learningRate: 1, steps: 400, pool: pool))
    for _ in 150..<400 { _ = try resumed.step(Self.quadratic) }
    #expect(resumed.best.elements == whole.best.elements)
  }

  @Test func optimizingThePixelsOfAPhotoLowersTheLoss() throws {
    let problem = try SmallTraining()
    let evaluator = try StyleEvaluator(
      extractor: SmallTraining.extractor(), style: PictureFile.read(problem.paintingPath), styleSize: 48,
      pool: pool)
    let photo = syntheticImage(width: 32, height: 32, seed: 4)
    let before = evaluator.losses(output: photo, photo: photo)
    let after = evaluator.losses(output: try evaluator.optimized(photo: photo, iterations: 15), photo: photo)
    #expect(after.total < 0.7 * before.total, "from \(before.total) to \(after.total)")
  }
}
