import Tensors

/// Keeps a revision from painting a grid.
enum RevisionGrid {
  /// The pixels of a block.
  private static let places = 4

  /// Changes the last convolution of a revision, `weight` `[12, C, 3, 3]` and `bias` `[12]`, in place, so that where its input is even, the four
  /// pixels of a block get the same colour.
  ///
  /// `w[o, k, :] −= (Σ w[o, k, :] − m)/9`, where `m` is the mean of these sums over the four outputs of the same colour; each bias
  /// becomes the mean of its four. Without it the fixed pattern of a block is the cheapest way to have the painting's fine contrast,
  /// and a film looks as if seen through a screen.
  static func remove(weight: Tensor, bias: Tensor) {
    let dimensions = weight.shape.dimensions
    guard dimensions.count == 4, dimensions[0] % places == 0, bias.count == dimensions[0] else { return }
    let (channels, taps) = (dimensions[1], dimensions[2] * dimensions[3])
    for colour in 0..<dimensions[0] / places {
      let outputs = colour * places..<(colour + 1) * places
      for channel in 0..<channels {
        let kernels = outputs.map { weight.pointer + ($0 * channels + channel) * taps }
        let sums = kernels.map { kernel in (0..<taps).reduce(Float(0)) { $0 + kernel[$1] } }
        let mean = sums.reduce(0, +) / Float(places)
        for (kernel, sum) in zip(kernels, sums) {
          for tap in 0..<taps { kernel[tap] -= (sum - mean) / Float(taps) }
        }
      }
      let mean = outputs.reduce(Float(0)) { $0 + bias.pointer[$1] } / Float(places)
      for output in outputs { bias.pointer[output] = mean }
    }
  }
}
