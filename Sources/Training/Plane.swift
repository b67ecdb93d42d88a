import Imaging
import Kernels
import Threading

/// A picture of one channel.
struct Plane {
  let width: Int
  let height: Int
  var values: [Float]

  /// The brightness of `picture`, 0…255: `0.299 R + 0.587 G + 0.114 B`.
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

  /// The plane behind a ``GaussianBlur``.
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

  /// What a blur with a standard deviation of two pixels takes away.
  func detail(pool: ComputePool) -> Plane {
    let coarse = blurred(deviation: 2, pool: pool)
    return Plane(width: width, height: height, values: zip(values, coarse.values).map { $0 - $1 })
  }

  /// The standard deviation of a sample, divided by count − 1; 0 for fewer than two values.
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

  /// The value that a share of `values` is below, interpolated between neighbours in order; 0 where there are none.
  static func quantile(_ values: [Float], _ share: Double) -> Float {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + Float(place - Double(below)) * (sorted[above] - sorted[below])
  }
}
