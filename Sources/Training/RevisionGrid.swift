import Tensors

/// Prevents a revision from painting a grid of 2×2 blocks.
enum RevisionGrid {
  /// The number of pixels in a block.
  private static let blockPixels = 4

  /// Projects the last convolution of a revision so that a constant input gives all four pixels of a block the same
  /// colour.
  ///
  /// `w[o, k, :] −= (Σ w[o, k, :] − m)/9`, where `m` is the mean of these sums over the four outputs of a colour. Each
  /// bias becomes the mean of the four biases of its colour. Otherwise a fixed pattern within each block would be the
  /// cheapest way to reach the fine contrast of the painting, and a video would look as if seen through a screen.
  ///
  /// - Parameters:
  ///   - weight: The weight, `[12, C, 3, 3]`, changed in place.
  ///   - bias: The bias, `[12]`, changed in place.
  static func remove(weight: Tensor, bias: Tensor) {
    let dimensions = weight.shape.dimensions
    guard dimensions.count == 4, dimensions[0] % blockPixels == 0, bias.count == dimensions[0] else { return }
    let (channels, taps) = (dimensions[1], dimensions[2] * dimensions[3])
    for colour in 0..<dimensions[0] / blockPixels {
      let outputs = colour * blockPixels..<(colour + 1) * blockPixels
      for channel in 0..<channels {
        let kernels = outputs.map { weight.pointer + ($0 * channels + channel) * taps }
        let sums = kernels.map { kernel in (0..<taps).reduce(Float(0)) { $0 + kernel[$1] } }
        let mean = sums.reduce(0, +) / Float(blockPixels)
        for (kernel, sum) in zip(kernels, sums) {
          for tap in 0..<taps { kernel[tap] -= (sum - mean) / Float(taps) }
        }
      }
      let mean = outputs.reduce(Float(0)) { $0 + bias.pointer[$1] } / Float(blockPixels)
      for output in outputs { bias.pointer[output] = mean }
    }
  }
}
