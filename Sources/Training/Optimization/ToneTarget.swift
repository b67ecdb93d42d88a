import Tensors

/// What ``ToneLoss`` compares a picture with: the luma of the photo's blocks, adjusted in each region to its painting.
struct ToneTarget {
  private var targets: [Double]
  private var scales: [Double]

  /// Creates the target.
  ///
  /// - Parameters:
  ///   - blocks: The luma of the photo's blocks, `[1, h, w, 1]`.
  ///   - regions: The regions and the mean and deviation of the luma of their paintings' blocks.
  init(blocks: Tensor, regions: [(plane: RegionPlane?, tone: (mean: Double, deviation: Double))]) {
    let values = blocks.elements.map(Double.init)
    var sums = [Double](repeating: 0, count: values.count)
    var precisions = sums
    var weights = sums
    for region in regions {
      let photo = PaintingStatistics.moments(blocks, region.plane)
      let gain = min(
        max(region.tone.deviation / photo.deviation, PaintingTone.gains.lowerBound), PaintingTone.gains.upperBound)
      let shares = region.plane?.reduced(height: blocks.shape.height, width: blocks.shape.width).elements
      for index in values.indices {
        let share = shares.map { Double($0[index]) } ?? 1
        sums[index] += share * (region.tone.mean + gain * (values[index] - photo.mean))
        precisions[index] += share / (region.tone.deviation * region.tone.deviation)
        weights[index] += share
      }
    }
    // Where no painting counts, nothing is asked for.
    targets = zip(sums, weights).map { $0 / max($1, FeatureSums.minimumWeight) }
    scales = zip(precisions, weights).map { $1 < 1e-3 ? 0 : $0 / $1 }
  }

  /// Returns the loss of a picture with these blocks, and its gradient with respect to them.
  func loss(blocks: Tensor) -> (value: Double, gradient: Tensor) {
    let gradient = Tensor(blocks.shape)
    var sum = 0.0
    let count = Double(max(1, targets.count))
    for index in targets.indices {
      let difference = Double(blocks.pointer[index]) - targets[index]
      sum += scales[index] * difference * difference
      gradient.pointer[index] = Float(2 * scales[index] * difference / count)
    }
    return (sum / count, gradient)
  }
}
