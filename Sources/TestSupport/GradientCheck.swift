/// One element whose analytic gradient and central difference disagree.
public struct GradientMismatch: Sendable, CustomStringConvertible {
  /// The offset of the element.
  public let index: Int
  /// The gradient under test.
  public let analytic: Double
  /// `(f(x + h) − f(x − h)) / 2h`.
  public let numeric: Double

  /// Both values in words, for a failing test's message.
  public var description: String { "gradient \(analytic) at \(index), but central difference \(numeric)" }
}

/// The elements at which a gradient disagrees with central differences of its function; empty when it passes.
///
/// - Parameters:
///   - point: where the gradient was taken.
///   - analytic: the gradient under test, one value for each element of `point`.
///   - indices: the elements to try: each costs two evaluations.
///   - step: `h`. The difference actually taken is that of the rounded floats, so a step need not be a power of two.
///   - tolerance: the greatest difference that passes, as a fraction of the greatest `|analytic|` of the whole gradient.
///   - function: the function; it should sum in double precision, or the difference of two near values is all rounding.
public func gradientMismatches(
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

/// `Σ values · weights` in double precision: a scalar loss whose gradient with respect to `values` is `weights`.
public func weightedSum(_ values: [Float], _ weights: [Float]) -> Double {
  precondition(values.count == weights.count)
  return zip(values, weights).map { Double($0) * Double($1) }.reduce(0, +)
}
