import Imaging
import Kernels
import Threading

/// A single-channel picture.
struct Plane {
  let width: Int
  let height: Int
  var values: [Float]

  /// Creates the luma plane of `picture`, `0.299 R + 0.587 G + 0.114 B`, 0…255.
  init(luma picture: Picture) {
    width = picture.width
    height = picture.height
    let pixels = picture.pixels
    values = (0..<width * height).map { pixel in
      0.299 * Float(pixels[3 * pixel]) + 0.587 * Float(pixels[3 * pixel + 1]) + 0.114 * Float(pixels[3 * pixel + 2])
    }
  }

  private init(width: Int, height: Int, values: [Float]) {
    self.width = width
    self.height = height
    self.values = values
  }

  /// Returns the plane after a ``GaussianBlur``.
  func blurred(deviation: Float, pool: ComputePool) -> Plane {
    let result = [Float](unsafeUninitializedCapacity: values.count) { target, initializedCount in
      values.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        GaussianBlur.forward(
          source, width: width, height: height, deviation: deviation, output: target, pool: pool)
        initializedCount = values.count
      }
    }
    return Plane(width: width, height: height, values: result)
  }

  /// Returns the difference between the plane and its Gaussian blur with a standard deviation of 2 pixels.
  func highFrequencies(pool: ComputePool) -> Plane {
    let lowFrequencies = blurred(deviation: 2, pool: pool)
    return Plane(width: width, height: height, values: zip(values, lowFrequencies.values).map { $0 - $1 })
  }

  /// Returns the sample standard deviation, with the divisor count − 1, or 0 for fewer than two values.
  static func deviation(_ values: some Sequence<Float>) -> Double {
    var (count, mean, squares) = (0.0, 0.0, 0.0)
    for value in values {
      count += 1
      let difference = Double(value) - mean
      mean += difference / count
      squares += difference * (Double(value) - mean)
    }
    return count > 1 ? (squares / (count - 1)).squareRoot() : 0
  }

  /// Returns the quantile `share` of `values`, linearly interpolated, or 0 if there are no values.
  static func quantile(_ values: [Float], _ share: Double) -> Float {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + Float(place - Double(below)) * (sorted[above] - sorted[below])
  }
}
