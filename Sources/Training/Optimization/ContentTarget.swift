import Autograd
import Kernels
import Tensors

/// The photo's features at a site, and the comparison of a picture's features with them as a function of sums.
///
/// For `ŷ = (y − μ)/√(σ² + ε)` per channel, or `ŷ = y`, and `x̂` alike, the loss is `mean((ŷ − x̂)²)`. See
/// ``ContentLoss``.
struct ContentTarget {
  /// The photo's features, normalised as the term asks, `[1, h, w, C]`.
  let features: Tensor
  private let isNormalized: Bool
  private let weight: Double
  /// The mean and the mean square of each channel.
  private var means: [Double]
  private var squares: [Double]

  /// Creates a target of the features of a photo, `[1, h, w, C]`.
  init(features: Tensor, content: PictureTerms.Content, site: FeatureSite, on tape: Tape) {
    self.features = content.term.target(of: Variable(features), at: site, on: tape).values
    isNormalized = content.term.isNormalized
    weight = content.weight
    let channels = features.shape.channels
    means = [Double](repeating: 0, count: channels)
    squares = means
    let pixels = max(1, features.count / max(1, channels))
    for pixel in 0..<pixels {
      for channel in 0..<channels {
        let value = Double(self.features.pointer[pixel * channels + channel])
        means[channel] += value
        squares[channel] += value * value
      }
    }
    for channel in 0..<channels {
      means[channel] /= Double(pixels)
      squares[channel] /= Double(pixels)
    }
  }

  /// Returns the features of the core of `found`, `[P, C]`.
  func core(of found: TileFeature, on tape: Tape) -> Tensor {
    if found.isWhole { return features }
    let core = Tensor(Shape([found.core.pixels, found.channels]), zeroed: false, allocator: tape.allocator)
    FeatureRegion(width: found.width, rows: found.rows, columns: found.columns, channels: found.channels)
      .gather(features.pointer, factors: nil, into: core.pointer, pool: tape.pool)
    return core
  }

  /// Returns the weighted loss of a picture with these moments, and the coefficients `[3, C]` with which
  /// ``FeatureRegion/addAffine(_:with:coefficients:to:pool:)`` adds its gradient.
  func loss(moments: [Double]) -> (value: Double, coefficients: Tensor) {
    let channels = means.count
    let pixels = Double(max(1, features.count / max(1, channels)))
    let coefficients = Tensor(Shape([3, channels]))
    var sum = 0.0
    let factor = 2 * weight / (pixels * Double(channels))
    for channel in 0..<channels {
      guard isNormalized else {
        sum += moments[3 * channels + channel] / pixels
        coefficients.pointer[channel] = Float(factor)
        coefficients.pointer[channels + channel] = Float(-factor)
        continue
      }
      let mean = moments[channel] / pixels
      let variance = max(0, moments[channels + channel] / pixels - mean * mean)
      let inverse = 1 / (variance + Double(InstanceNorm.epsilon)).squareRoot()
      let square = variance * inverse * inverse
      let product = inverse * (moments[2 * channels + channel] / pixels - mean * means[channel])
      sum += square - 2 * product + squares[channel]
      let rest = 1 - (square - product)
      coefficients.pointer[channel] = Float(factor * inverse * inverse * rest)
      coefficients.pointer[channels + channel] = Float(-factor * inverse)
      coefficients.pointer[2 * channels + channel] = Float(
        factor * inverse * (means[channel] - inverse * mean * rest))
    }
    return (weight * max(0, sum) / Double(channels), coefficients)
  }
}
