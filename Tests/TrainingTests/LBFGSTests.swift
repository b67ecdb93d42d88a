import Imaging
import TestSupport
import Testing
import Threading
import Training

@Suite struct LBFGSTests {
  @Test func findsTheMinimumOfAQuadratic() {
    var minimizer = LBFGS()
    // Σ k·(x_k − k)² with curvatures from 2 to 40. In exact arithmetic with exact line search 20 steps would be enough.
    let point = minimizer.minimize([Float](repeating: 0, count: 20), iterations: 100) { x in
      var value = 0.0
      var gradient: [Float] = []
      for (index, element) in x.enumerated() {
        let weight = Float(index + 1)
        let difference = element - weight
        value += Double(weight * difference * difference)
        gradient.append(2 * weight * difference)
      }
      return (value, gradient)
    }
    for (index, element) in point.enumerated() { #expect(abs(element - Float(index + 1)) < 1e-3) }
  }

  @Test func findsTheMinimumOfTheRosenbrockFunction() {
    var minimizer = LBFGS()
    let point = minimizer.minimize([-1.2, 1], iterations: 200) { x in
      let (a, b) = (Double(x[0]), Double(x[1]))
      let valley = b - a * a
      return (
        (1 - a) * (1 - a) + 100 * valley * valley,
        [Float(-2 * (1 - a) - 400 * a * valley), Float(200 * valley)]
      )
    }
    // Single precision resolves the flat valley to about this error.
    #expect(abs(point[0] - 1) < 1e-2 && abs(point[1] - 1) < 2e-2, "\(point)")
  }

  @Test func neverEndsAboveTheStart() {
    var minimizer = LBFGS()
    // The gradient has the wrong sign, so no step lowers the function.
    let point = minimizer.minimize([3, 4], iterations: 5) { x in (Double(x[0] * x[0] + x[1] * x[1]), [-x[0], -x[1]]) }
    #expect(point == [3, 4])
  }

  @Test func optimizingThePixelsOfAPhotoLowersTheLoss() throws {
    let problem = try SmallTraining()
    let evaluator = try StyleEvaluator(
      extractor: VGG16(path: problem.extractorPath), style: PictureFile.read(problem.paintingPath), styleSize: 48,
      pool: ComputePool(threads: 2))
    let photo = syntheticImage(width: 32, height: 32, seed: 4)
    let before = evaluator.losses(output: photo, photo: photo)
    let after = evaluator.losses(output: evaluator.optimized(photo: photo, iterations: 15), photo: photo)
    #expect(after.total < 0.7 * before.total, "from \(before.total) to \(after.total)")
  }
}
