import Foundation

/// A fine grain for pictures to be painted on, as a canvas has it: the same for every frame.
///
/// Where a picture is flat, a network has nothing to begin its strokes at but the noise of the sensor, which is another in every frame.
/// On a grain stronger than the noise the strokes stay where they are. D. Ulyanov et al. (Texture Networks, ICML 2016) feed a network
/// noise for its textures; here it is laid on the picture and never changes.
///
/// A difference of Gaussians, `g(y, x) = round(a · ((B₁ − B₂.₅) w)(y, x) / s)`: white noise `w` of mean 0 out of the coordinates alone,
/// blurs `B` of those standard deviations in pixels, and `s` for a standard deviation of `a`. Two thirds of its power lie at periods of
/// 5 to 15 pixels.
public enum Grain {
  /// The amplitudes that whole numbers of a signed byte can hold, five standard deviations of them.
  public static let amplitudes = 0...25

  /// The standard deviations of the two blurs, in pixels.
  private static let blurs: (fine: Float, coarse: Float) = (1, 2.5)
  /// Rows that are blurred at a time, so that memory does not grow with the picture's height.
  private static let bandRows = 64

  /// Writes the grain of `width` × `height` pixels whose first is at `(x, y)` of an endless canvas; of `amplitude` levels of 255.
  ///
  /// `grain` has room for `width · height` values, row by row, and stays the caller's.
  ///
  /// Independent of the processor but for rounding: the blurs add in a fixed order.
  public static func write(
    width: Int, height: Int, x: Int = 0, y: Int = 0, amplitude: Int, into grain: UnsafeMutablePointer<Int8>
  ) {
    let fine = gaussian(blurs.fine)
    let coarse = gaussian(blurs.coarse)
    let reach = coarse.count / 2
    let scale = Float(amplitude) / deviation(fine, coarse)
    let noiseWidth = width + 2 * reach
    var noise = [Float](repeating: 0, count: noiseWidth)
    var across = (
      fine: [Float](repeating: 0, count: width * (bandRows + 2 * reach)),
      coarse: [Float](repeating: 0, count: width * (bandRows + 2 * reach))
    )
    var row = [Float](repeating: 0, count: width)
    for first in stride(from: 0, to: height, by: bandRows) {
      let rows = min(bandRows, height - first)
      for line in 0..<rows + 2 * reach {
        for column in 0..<noiseWidth {
          noise[column] = whiteNoise(x: x + column - reach, y: y + first + line - reach)
        }
        let place = line * width
        for column in place..<place + width { (across.fine[column], across.coarse[column]) = (0, 0) }
        accumulate(noise, from: 0, step: 1, coarse, scale: 1, count: width, into: &across.coarse, at: place)
        accumulate(
          noise, from: reach - fine.count / 2, step: 1, fine, scale: 1, count: width, into: &across.fine, at: place)
      }
      for line in 0..<rows {
        for column in 0..<width { row[column] = 0 }
        accumulate(
          across.fine, from: (line + reach - fine.count / 2) * width, step: width, fine, scale: scale, count: width,
          into: &row, at: 0)
        accumulate(
          across.coarse, from: line * width, step: width, coarse, scale: -scale, count: width, into: &row, at: 0)
        let target = grain + (first + line) * width
        for column in 0..<width { target[column] = Int8(min(max(row[column].rounded(), -128), 127)) }
      }
    }
  }

  /// The grain as an array, row by row.
  public static func values(width: Int, height: Int, x: Int = 0, y: Int = 0, amplitude: Int) -> [Int8] {
    [Int8](unsafeUninitializedCapacity: width * height) { buffer, count in
      if let base = buffer.baseAddress {
        write(width: width, height: height, x: x, y: y, amplitude: amplitude, into: base)
      }
      count = width * height
    }
  }

  /// `target[at + i] += scale · Σ weights[k] · source[from + i + k·step]`.
  private static func accumulate(
    _ source: [Float], from: Int, step: Int, _ weights: [Float], scale: Float, count: Int, into target: inout [Float],
    at: Int
  ) {
    source.withUnsafeBufferPointer { source in
      target.withUnsafeMutableBufferPointer { target in
        for (tap, weight) in weights.enumerated() {
          let (weight, first) = (weight * scale, from + tap * step)
          for index in 0..<count { target[at + index] += weight * source[first + index] }
        }
      }
    }
  }

  /// The weights of a Gaussian blur out to 2.5 standard deviations, rounded up to whole pixels; they add up to 1.
  private static func gaussian(_ deviation: Float) -> [Float] {
    let reach = Int((2.5 * deviation).rounded(.up))
    let weights = (-reach...reach).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// The standard deviation of white noise of variance 1 behind the difference of two separable blurs: `√Σ (f·fᵀ − c·cᵀ)²`.
  private static func deviation(_ fine: [Float], _ coarse: [Float]) -> Float {
    func square(_ weights: [Float]) -> Float { weights.reduce(0) { $0 + $1 * $1 } }
    let margin = (coarse.count - fine.count) / 2
    let product = fine.indices.reduce(Float(0)) { $0 + fine[$1] * coarse[$1 + margin] }
    return (square(fine) * square(fine) + square(coarse) * square(coarse) - 2 * product * product).squareRoot()
  }

  /// A number, uniform from −√3 to √3, out of coordinates alone: mean 0, variance 1, neighbours independent.
  ///
  /// C. Wellons: Prospecting for Hash Functions, 2018: `lowbias32`, once for each coordinate.
  private static func whiteNoise(x: Int, y: Int) -> Float {
    func mixed(_ value: UInt32) -> UInt32 {
      var value = value
      value = (value ^ (value >> 16)) &* 0x7feb_352d
      value = (value ^ (value >> 15)) &* 0x846c_a68b
      return value ^ (value >> 16)
    }
    let hash = mixed(mixed(UInt32(truncatingIfNeeded: y) &+ 0x9e37_79b9) &+ UInt32(truncatingIfNeeded: x))
    return (Float(hash >> 8) * 0x1p-23 - 1) * Float(3).squareRoot()
  }
}
