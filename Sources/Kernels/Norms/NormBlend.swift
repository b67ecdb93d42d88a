/// A blend of the statistics of the current image and stored statistics, for networks that learn to work without the
/// former.
///
/// `μ = a·μ_image + (1 − a)·μ_stored`, `σ² = a·σ²_image + (1 − a)·σ²_stored`. With the share `a = 1` it is instance
/// normalisation, with `a = 0` a fixed affine map. Gradients flow through the statistics of the image, not through the
/// stored ones.
package struct NormBlend: @unchecked Sendable {
  /// `a`, 0…1.
  package let imageShare: Float
  /// `μ_image`, `[N, C]`. The caller owns it.
  package let imageMean: UnsafePointer<Float>

  /// Creates a blend in which the image has the share `imageShare`.
  package init(imageShare: Float, imageMean: UnsafePointer<Float>) {
    self.imageShare = imageShare
    self.imageMean = imageMean
  }

  /// Writes the blended `μ` and `1/√(σ² + ε)`, each `[N, C]`, and then moves the stored statistics, each `[C]`, by
  /// `momentum` towards the batch's mean of the image statistics. A momentum of 0 leaves them unchanged.
  package func apply(
    batch: Int, channels: Int, imageInverseDeviation: UnsafePointer<Float>, momentum: Float,
    storedMean: UnsafeMutablePointer<Float>, storedVariance: UnsafeMutablePointer<Float>,
    mean: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>
  ) {
    let epsilon = Double(InstanceNorm.epsilon)
    let share = Double(imageShare)
    for channel in 0..<channels {
      let stored = (mean: Double(storedMean[channel]), variance: Double(storedVariance[channel]))
      var sums = (mean: 0.0, variance: 0.0)
      for index in stride(from: channel, to: batch * channels, by: channels) {
        let inverse = Double(imageInverseDeviation[index])
        let variance = max(1 / (inverse * inverse) - epsilon, 0)
        let blended = share * variance + (1 - share) * stored.variance
        mean[index] = Float(share * Double(imageMean[index]) + (1 - share) * stored.mean)
        inverseDeviation[index] = Float(1 / (blended + epsilon).squareRoot())
        sums.mean += Double(imageMean[index])
        sums.variance += variance
      }
      let rate = Double(momentum)
      storedMean[channel] = Float(stored.mean + rate * (sums.mean / Double(batch) - stored.mean))
      storedVariance[channel] = Float(stored.variance + rate * (sums.variance / Double(batch) - stored.variance))
    }
  }
}
