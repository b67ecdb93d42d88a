/// One step of the Muon optimizer for parameters that are matrices: the weight of a convolution is an `O × I·k·k`
/// matrix.
///
/// Adam scales each value separately, so a matrix learns mainly along the few directions in which its gradient is
/// large. Muon makes all singular values of the momentum nearly equal, so that every direction is learned at the same
/// rate.
///
/// K. Jordan et al.: Muon: An optimizer for hidden layers in neural networks, 2024. The length of a step follows J. Liu
/// et al.: Muon is Scalable for LLM Training, 2025.
package enum MuonStep {
  /// The coefficients of the polynomial that brings singular values close to 1.
  private static let coefficients: (a: Float, b: Float, c: Float) = (3.4445, -4.7750, 2.0315)
  private static let iterations = 5
  /// Scales the root mean square of a step's values, in learning rates, to that of a typical Adam step.
  private static let length: Float = 0.2

  /// `m = βm + g`, `w −= rate · 0.2·√max(R, C) · U`, where `U` is the matrix closest to `g + βm` whose singular values
  /// are about 1.
  ///
  /// `X` is `g + βm` divided by its norm. Five iterations of `X ← aX + (bA + cA²)X` with `A = XXᵀ` bring its singular
  /// values to between 0.7 and 1.2, except those that are negligible compared to the largest.
  ///
  /// - Parameters:
  ///   - weight: `R × C` values in row-major order, like `gradient` and `momentum`. The momentum is 0 before the first
  ///     step.
  ///   - rows: `R`, at least 1.
  ///   - columns: `C`, at least 1.
  package static func update(
    _ weight: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, momentum: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, learningRate: Float, beta: Float = 0.95
  ) {
    let count = rows * columns
    let (short, long) = (min(rows, columns), max(rows, columns))
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count + 2 * short * short) { scratch in
      guard var x = scratch.baseAddress else { return }
      var next = x + count
      let square = next + count
      // The product is the same matrix either way, and cheaper with the shorter side.
      func place(_ index: Int) -> Int { rows > columns ? index % columns * rows + index / columns : index }
      var sum: Float = 0
      for index in 0..<count {
        momentum[index] = beta * momentum[index] + gradient[index]
        let value = gradient[index] + beta * momentum[index]
        x[place(index)] = value
        sum += value * value
      }
      guard sum > 0 else { return }
      let scale = 1 / sum.squareRoot()
      for index in 0..<count { x[index] *= scale }
      for _ in 0..<iterations {
        iterate(x, into: next, short: short, long: long, scratch: square)
        swap(&x, &next)
      }
      let rate = learningRate * length * Float(long).squareRoot()
      for index in 0..<count { weight[index] -= rate * x[place(index)] }
    }
  }

  /// Computes `next = aX + (bA + cA²)X` with `A = XXᵀ` for `X` of `short × long`. `scratch` holds two matrices of
  /// `short × short`.
  private static func iterate(
    _ x: UnsafePointer<Float>, into next: UnsafeMutablePointer<Float>, short: Int, long: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (a, polynomial) = (scratch, scratch + short * short)
    MatrixProduct.multiply(
      .init(x, stride: long), .init(x, stride: long, transposed: true), rows: short, columns: short, inner: long,
      into: a, stride: short)
    MatrixProduct.multiply(
      .init(a, stride: short), .init(a, stride: short), rows: short, columns: short, inner: short, into: polynomial,
      stride: short)
    for index in 0..<short * short {
      polynomial[index] = coefficients.b * a[index] + coefficients.c * polynomial[index]
    }
    MatrixProduct.multiply(
      .init(polynomial, stride: short), .init(x, stride: long), rows: short, columns: long, inner: short, into: next,
      stride: long)
    for index in 0..<short * long { next[index] += coefficients.a * x[index] }
  }
}
