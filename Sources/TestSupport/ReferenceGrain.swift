import Foundation

/// The grain of ``Grain``, pixel by pixel from its formula in double precision.
public enum ReferenceGrain {
  /// The level at `(x, y)`, not rounded.
  public static func value(x: Int, y: Int, amplitude: Int) -> Double {
    let reach = 7
    let (fine, coarse) = (weights(deviation: 1, reach: 3), weights(deviation: 2.5, reach: reach))
    var (sum, squares) = (0.0, 0.0)
    for dy in -reach...reach {
      for dx in -reach...reach {
        let narrow = (fine[dy] ?? 0) * (fine[dx] ?? 0)
        let weight = narrow - (coarse[dy] ?? 0) * (coarse[dx] ?? 0)
        sum += weight * noise(x: x + dx, y: y + dy)
        squares += weight * weight
      }
    }
    return Double(amplitude) * sum / squares.squareRoot()
  }

  /// A Gaussian's weights by their distance from its centre, which add up to 1.
  private static func weights(deviation: Double, reach: Int) -> [Int: Double] {
    let values = (-reach...reach).map { ($0, exp(-Double($0 * $0) / (2 * deviation * deviation))) }
    let total = values.reduce(0) { $0 + $1.1 }
    return Dictionary(uniqueKeysWithValues: values.map { ($0.0, $0.1 / total) })
  }

  /// White noise of mean 0 and variance 1 out of the coordinates.
  private static func noise(x: Int, y: Int) -> Double {
    let hash = lowbias32(lowbias32(UInt32(truncatingIfNeeded: y) &+ 0x9e37_79b9) &+ UInt32(truncatingIfNeeded: x))
    return (Double(hash / 256) / Double(1 << 23) - 1) * 3.squareRoot()
  }

  private static func lowbias32(_ input: UInt32) -> UInt32 {
    var x = input
    x ^= x >> 16
    x = x &* 0x7feb_352d
    x ^= x >> 15
    x = x &* 0x846c_a68b
    x ^= x >> 16
    return x
  }
}
