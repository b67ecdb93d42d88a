/// Nearest ×2 upsampling and a 3×3 convolution as one 3×3 convolution before the upsampling, with four times the
/// channels: those of the four pixels of a block, its phases.
///
/// Along one axis, taps `w` on the upsampled input give `out[2k] = w₀·x[k−1] + (w₁ + w₂)·x[k]` and
/// `out[2k+1] = (w₀ + w₁)·x[k] + w₂·x[k+1]`: both are 3-tap filters of the stored input. Winograd's F(6×6, 3×3) needs
/// 7.1 products for four outputs, fewer than the nine of ``FusedUpsampleConvolution``, and all phases share one
/// transformed input.
enum UpsamplePhases {
  /// The phases of a block: upper left, upper right, lower left, lower right.
  static let count = 4

  /// The sums of a kernel's taps along one axis that form the taps of the upper (left) and the lower (right) pixel.
  private static let combinations: [[[Double]]] = [
    [[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]],
  ]

  /// Calls `body` with the weight of all phases, `[channels, I, 3, 3]`, computed from `[O, I, 3, 3]`. `place` returns
  /// the channel and the phase of each of its outputs, or nil for one that remains zero.
  static func withWeight(
    _ weight: FilterWeight, channels: Int, _ place: (_ output: Int) -> (channel: Int, phase: Int)?,
    _ body: (FilterWeight) -> Void
  ) {
    let inputs = weight.inputChannels
    var values = [Float](repeating: 0, count: channels * inputs * 9)
    for output in 0..<channels {
      guard let (channel, phase) = place(output), channel < weight.outputChannels else { continue }
      let (rows, columns) = (combinations[phase / 2], combinations[phase % 2])
      for input in 0..<inputs {
        let taps = weight.taps(output: channel, input: input)
        for position in 0..<9 {
          var sum = 0.0
          for tap in 0..<9 {
            sum += rows[position / 3][tap / 3] * columns[position % 3][tap % 3] * Double(taps[tap])
          }
          values[(output * inputs + input) * 9 + position] = Float(sum)
        }
      }
    }
    values.withUnsafeBufferPointer { buffer in
      guard let values = buffer.baseAddress else { return }
      body(FilterWeight(values, outputChannels: channels, inputChannels: inputs, kernel: 3))
    }
  }
}
