import Tensors

/// Measures the contrast of pictures.
enum Contrast {
  /// Returns the standard deviation of the values of `images`, clamped to 0…255, from the mean of their channel. NaN
  /// counts as 0.
  ///
  /// Only every fourth pixel is read, which is enough to tell a picture from a blank image.
  static func deviation(_ images: Tensor) -> Double {
    var sums = SIMD3<Double>.zero
    var squares = SIMD3<Double>.zero
    var count = 0.0
    for index in stride(from: 0, to: images.count - 2, by: 12) {
      var value = SIMD3<Double>(
        Double(images.pointer[index]), Double(images.pointer[index + 1]), Double(images.pointer[index + 2]))
      value.replace(with: 0, where: value .!= value)
      value.clamp(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
      sums += value
      squares += value * value
      count += 1
    }
    guard count > 0 else { return 0 }
    let variance = squares / count - (sums / count) * (sums / count)
    return max(0, variance.sum() / 3).squareRoot()
  }
}
