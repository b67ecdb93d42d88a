/// The one-dimensional transforms of Winograd's minimal filtering F(4, 3) with the points 0, ±1, ±2 and ∞.
///
/// `y = Aᵀ[(G g) ⊙ (Bᵀ d)]` gives four outputs of a three-tap filter `g` from six inputs `d` with six products instead of
/// twelve; nested, F(4×4, 3×3) takes 36 products where the direct form takes 144.
/// A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
enum WinogradTransforms {
  typealias Six = (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)
  typealias Four = (Lanes, Lanes, Lanes, Lanes)

  /// `Bᵀ d`.
  @inline(__always)
  static func input(_ d: Six) -> Six {
    let fourEven = d.4 - d.2 * 4
    let fourOdd = d.3 - d.1 * 4
    let twoEven = d.4 - d.2
    let twoOdd = (d.3 - d.1) * 2
    return (
      (d.0 * 4).addingProduct(Lanes(repeating: -5), d.2) + d.4,
      fourEven + fourOdd,
      fourEven - fourOdd,
      twoEven + twoOdd,
      twoEven - twoOdd,
      (d.1 * 4).addingProduct(Lanes(repeating: -5), d.3) + d.5
    )
  }

  /// `Aᵀ m`.
  @inline(__always)
  static func output(_ m: Six) -> Four {
    let sum1 = m.1 + m.2
    let difference1 = m.1 - m.2
    let sum2 = m.3 + m.4
    let difference2 = m.3 - m.4
    return (
      m.0 + sum1 + sum2,
      difference1.addingProduct(Lanes(repeating: 2), difference2),
      sum1.addingProduct(Lanes(repeating: 4), sum2),
      difference1.addingProduct(Lanes(repeating: 8), difference2) + m.5
    )
  }

  /// `A y`, the transpose of ``output(_:)``: takes the gradient of four outputs to that of six products.
  @inline(__always)
  static func outputGradient(_ y: Four) -> Six {
    let even = y.0 + y.2
    let odd = y.1 + y.3
    let evenScaled = y.0.addingProduct(Lanes(repeating: 4), y.2)
    let oddScaled = (y.1 * 2).addingProduct(Lanes(repeating: 8), y.3)
    return (y.0, even + odd, even - odd, evenScaled + oddScaled, evenScaled - oddScaled, y.3)
  }

  /// `G`, six rows of three.
  static let filterMatrix: [[Float]] = [
    [1.0 / 4, 0, 0],
    [-1.0 / 6, -1.0 / 6, -1.0 / 6],
    [-1.0 / 6, 1.0 / 6, -1.0 / 6],
    [1.0 / 24, 1.0 / 12, 1.0 / 6],
    [1.0 / 24, -1.0 / 12, 1.0 / 6],
    [0, 0, 1],
  ]
}
