/// An element whose analytic gradient differs from the central difference.
package struct GradientMismatch: Sendable, CustomStringConvertible {
  /// The offset of the element.
  package let index: Int
  /// The gradient under test.
  package let analytic: Double
  /// `(f(x + h) − f(x − h)) / 2h`.
  package let numeric: Double

  /// A description for the message of a failing test.
  package var description: String { "gradient \(analytic) at \(index), but central difference \(numeric)" }
}

/// Returns the elements at which a gradient differs from the central differences of its function; empty if the test
/// passes.
///
/// - Parameters:
///   - point: The point at which the gradient was computed.
///   - analytic: The gradient under test, with one value per element of `point`.
///   - indices: The elements to test. Each takes two evaluations.
///   - step: The step `h`. It need not be a power of two, because the difference uses the rounded floats.
///   - tolerance: The maximum accepted difference as a fraction of the maximum `|analytic|` of the whole gradient.
///   - function: The function. It should sum in double precision; otherwise rounding dominates the difference of two
///     close values.
package func gradientMismatches(
  at point: [Float], analytic: [Float], indices: [Int], step: Float, tolerance: Double,
  of function: ([Float]) throws -> Double
) rethrows -> [GradientMismatch] {
  precondition(point.count == analytic.count, "\(analytic.count) derivatives for \(point.count) variables")
  let magnitude = analytic.map { Double(abs($0)) }.max() ?? 0
  var mismatches: [GradientMismatch] = []
  var moved = point
  for index in indices {
    moved[index] = point[index] + step
    let (upper, above) = (try function(moved), moved[index])
    moved[index] = point[index] - step
    let (lower, below) = (try function(moved), moved[index])
    moved[index] = point[index]
    let numeric = (upper - lower) / (Double(above) - Double(below))
    let difference = abs(Double(analytic[index]) - numeric)
    if !(difference <= tolerance * magnitude) {
      mismatches.append(GradientMismatch(index: index, analytic: Double(analytic[index]), numeric: numeric))
    }
  }
  return mismatches
}

/// Returns `Σ values · weights` in double precision: a scalar loss whose gradient with respect to `values` is
/// `weights`.
package func weightedSum(_ values: [Float], _ weights: [Float]) -> Double {
  precondition(values.count == weights.count)
  return zip(values, weights).map { Double($0) * Double($1) }.reduce(0, +)
}
