import Kernels
import TestSupport
import Testing

@Suite struct MuonStepTests {
  /// Returns `AB` or, transposed, `ABᵀ`, of row-major matrices.
  private func product(_ a: [[Double]], _ b: [[Double]], transposed: Bool = false) -> [[Double]] {
    let columns = transposed ? b.count : b[0].count
    return a.map { row in
      (0..<columns).map { column in
        row.indices.reduce(0) { $0 + row[$1] * (transposed ? b[column][$1] : b[$1][column]) }
      }
    }
  }

  /// Returns the direction of the step in double precision, computed directly from the formula.
  private func direction(_ matrix: [[Double]]) -> [[Double]] {
    let norm = matrix.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
    var x = matrix.map { $0.map { $0 / norm } }
    for _ in 0..<5 {
      let a = product(x, x, transposed: true)
      let square = product(a, a)
      let polynomial = a.indices.map { row in a.indices.map { -4.775 * a[row][$0] + 2.0315 * square[row][$0] } }
      let moved = product(polynomial, x)
      x = x.indices.map { row in x[row].indices.map { 3.4445 * x[row][$0] + moved[row][$0] } }
    }
    return x
  }

  @Test(arguments: [(1, 1), (1, 9), (9, 1), (8, 8), (16, 108), (48, 432), (45, 13)])
  func agreesWithTheFormula(rows: Int, columns: Int) {
    var random = Random(seed: 1)
    let count = rows * columns
    let weight = GuardedBuffer(random.uniform(count: count))
    let momentum = GuardedBuffer(count: count, filledWith: 0)
    var expected = weight.elements.map(Double.init)
    var expectedMomentum = [Double](repeating: 0, count: count)
    let rate = 0.01
    for _ in 0..<3 {
      let gradient = GuardedBuffer(random.uniform(count: count))
      MuonStep.update(
        weight.pointer, gradient: gradient.pointer, momentum: momentum.pointer, rows: rows, columns: columns,
        learningRate: Float(rate))
      expectIntact(weight, gradient, momentum)
      let values = gradient.elements.map(Double.init)
      for index in 0..<count { expectedMomentum[index] = 0.95 * expectedMomentum[index] + values[index] }
      let matrix = (0..<rows).map { row in
        (0..<columns).map { values[row * columns + $0] + 0.95 * expectedMomentum[row * columns + $0] }
      }
      let step = direction(matrix)
      let length = rate * 0.2 * Double(max(rows, columns)).squareRoot()
      for index in 0..<count { expected[index] -= length * step[index / columns][index % columns] }
    }
    let largest = zip(weight.elements, expected).map { abs(Double($0) - $1) }.max() ?? 0
    // A step in single precision has an error of about 1e-5 of its values, which are up to 0.002·√count. The iteration
    // amplifies small directions, and their rounding, up to 3.4⁵ times.
    #expect(largest < 2e-4 * rate * 0.2 * Double(max(rows, columns)).squareRoot(), "\(largest)")
  }

  @Test func everyDirectionIsLearnedAtTheSameRate() {
    // Two directions, one with a gradient ten times the other's: Adam would scale by rows, Muon scales by directions.
    let weight = GuardedBuffer(count: 4, filledWith: 0)
    let momentum = GuardedBuffer(count: 4, filledWith: 0)
    let (large, small): (Float, Float) = (1, 0.1)
    // large·(1, 1)(1, 1)ᵀ + small·(1, −1)(1, −1)ᵀ, over 2.
    let gradient = GuardedBuffer([
      (large + small) / 2, (large - small) / 2, (large - small) / 2, (large + small) / 2,
    ])
    MuonStep.update(
      weight.pointer, gradient: gradient.pointer, momentum: momentum.pointer, rows: 2, columns: 2, learningRate: 1)
    let (diagonal, other) = (weight.elements[0], weight.elements[1])
    let length = -0.2 * Float(2).squareRoot()
    // The polynomial leaves singular values between 0.7 and 1.2.
    for value in [diagonal + other, diagonal - other] {
      #expect((0.65...1.25).contains(value / length), "\(value / length)")
    }
  }

  @Test func zeroGradientChangesNothing() {
    let weight = GuardedBuffer(count: 64, filledWith: 1)
    let zero = GuardedBuffer(count: 64, filledWith: 0)
    let momentum = GuardedBuffer(count: 64, filledWith: 0)
    MuonStep.update(
      weight.pointer, gradient: zero.pointer, momentum: momentum.pointer, rows: 8, columns: 8, learningRate: 1)
    #expect(weight.elements.allSatisfy { $0 == 1 })
  }
}
