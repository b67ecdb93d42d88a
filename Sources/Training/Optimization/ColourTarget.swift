import Tensors

/// The palette of a painting as a function of the second moments of a picture's colours. See ``PaletteLoss``.
struct ColourTarget {
  /// The map from `(r, g, b, 1)` to the painting's normalised `(Y, Cb, Cr, 1)`, `[4, 4]`.
  private var map = [Double](repeating: 0, count: 16)
  private let target: [Double]
  private let scale: Double

  /// Creates the target for the moments of a painting, `[4, 4]`, over the number of its pixels.
  init(moments: [Double]) {
    for (row, coefficients) in PaintingPalette.rows.enumerated() {
      let mean = (0..<3).reduce(0) { $0 + coefficients[$1] * moments[4 * $1 + 3] }
      var square = 0.0
      for i in 0..<3 {
        for j in 0..<3 { square += coefficients[i] * coefficients[j] * moments[4 * i + j] }
      }
      // The chroma of a grey painting has a standard deviation of 0.
      let scale = 1 / max(max(0, square - mean * mean).squareRoot(), 1)
      for i in 0..<3 { map[4 * row + i] = coefficients[i] * scale }
      map[4 * row + 3] = -mean * scale
    }
    map[15] = 1
    target = Self.transformed(moments, by: map).map { $0 / 4 }
    scale = 1 / max(target.reduce(0) { $0 + $1 * $1 } / 16, .leastNormalMagnitude)
  }

  /// Returns the loss of a picture with these moments, and its gradient with respect to them.
  func loss(moments: [Double]) -> (value: Double, gradient: [Double]) {
    let found = Self.transformed(moments, by: map).map { $0 / 4 }
    let differences = zip(found, target).map { $0 - $1 }
    let value = scale * differences.reduce(0) { $0 + $1 * $1 } / 16
    let back = Self.transformed(differences.map { scale / 32 * $0 }, by: Self.transposed(map))
    return (value, back)
  }

  /// `A·M·Aᵀ`.
  private static func transformed(_ matrix: [Double], by a: [Double]) -> [Double] {
    product(product(a, matrix), transposed(a))
  }

  private static func product(_ a: [Double], _ b: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: 16)
    for row in 0..<4 {
      for column in 0..<4 {
        for inner in 0..<4 { result[4 * row + column] += a[4 * row + inner] * b[4 * inner + column] }
      }
    }
    return result
  }

  private static func transposed(_ a: [Double]) -> [Double] {
    (0..<16).map { index in a[4 * (index % 4) + index / 4] }
  }
}
