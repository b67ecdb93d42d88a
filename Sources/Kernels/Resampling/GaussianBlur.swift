import Glibc
import Threading

/// A Gaussian blur of a single-channel picture with a reflected border.
///
/// `y = (g gᵀ) * x` with `g[i] ∝ exp(−i²/2σ²)` for `|i| ≤ ⌊3σ + ½⌋`, where the weights add up to 1. Beyond the border
/// the picture is reflected at the outermost pixels: `x[−i] = x[i]`.
package enum GaussianBlur {
  /// Blurs `[height, width]` with a standard deviation of `deviation` pixels. `output` has the same shape and must not
  /// overlap the input.
  package static func forward(
    _ input: UnsafePointer<Float>, width: Int, height: Int, deviation: Float, output: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    let weights = weights(deviation)
    let reach = weights.count / 2
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width * height) { buffer in
      guard let across = buffer.baseAddress else { return }
      pool.parallelFor(height) { y in
        let source = input + y * width
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width + 2 * reach) { row in
          for index in 0..<width + 2 * reach { row[index] = source[mirrored(index - reach, width)] }
          let target = across + y * width
          target.update(repeating: 0, count: width)
          for (tap, weight) in weights.enumerated() {
            for x in 0..<width { target[x] += weight * row[x + tap] }
          }
        }
      }
      pool.parallelFor(height) { y in
        let target = output + y * width
        target.update(repeating: 0, count: width)
        for (tap, weight) in weights.enumerated() {
          let source = across + mirrored(y + tap - reach, height) * width
          for x in 0..<width { target[x] += weight * source[x] }
        }
      }
    }
  }

  private static func weights(_ deviation: Float) -> [Float] {
    let reach = Int(3 * deviation + 0.5)
    let values = (-reach...reach).map { exp(-0.5 * Double($0 * $0) / Double(deviation * deviation)) }
    let sum = values.reduce(0, +)
    return values.map { Float($0 / sum) }
  }

  /// Returns the index in `0..<length` to which `index` is reflected.
  private static func mirrored(_ index: Int, _ length: Int) -> Int {
    guard length > 1 else { return 0 }
    let period = 2 * (length - 1)
    let place = abs(index) % period
    return min(place, period - place)
  }
}
