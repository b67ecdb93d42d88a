import Threading

/// Sharpens a draft to compensate for the blur of its enlargement: reduced to the canvas again, the enlarged picture
/// equals the draft.
///
/// Bilinear enlargement gives each neighbour of a pixel a weight `s`, averaged over the pixels of the frame. Along each
/// axis the draft becomes `x + a·(2x − left − right)` with `a = s/(1 − 3s)`, which reverses the blur up to 2 % of the
/// neighbours' values. Beyond the border the last pixel is repeated. For a frame of at least twice the size of the
/// canvas, `s = 1/8` and `a = 1/5`; for one of the same size both are 0.
package struct DraftSharpening: Sendable {
  private let width: Int
  private let height: Int
  /// The gain `a` across and down.
  private let gains: (columns: Float, rows: Float)

  /// Creates the filter for a draft of `width` × `height` that is enlarged to `frameWidth` × `frameHeight`, each at
  /// least 1.
  package init(width: Int, height: Int, frameWidth: Int, frameHeight: Int) {
    precondition(min(width, height, frameWidth, frameHeight) >= 1, "\(width)x\(height) to \(frameWidth)x\(frameHeight)")
    self.width = width
    self.height = height
    gains = (
      Self.gain(BilinearAxis(inputs: width, extent: frameWidth, step: 1)),
      Self.gain(BilinearAxis(inputs: height, extent: frameHeight, step: 1))
    )
  }

  private static func gain(_ axis: BilinearAxis) -> Float {
    let sum = axis.fractions.reduce(0.0) { $0 + Double(min($1, 1 - $1)) }
    let share = sum / Double(2 * axis.outputs)
    return Float(share / (1 - 3 * share))
  }

  /// Writes the sharpened `input` to `output`, both `[N, H, W, C]` of the draft's size. They must not overlap.
  ///
  /// The map is symmetric, so it also computes its own gradient.
  package func forward(
    _ input: UnsafePointer<Float>, batch: Int, channels: Int, output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let count = width * channels
    pool.parallelFor(batch * height) { index, _ in
      let row = index % height
      let source = input + index * count
      let upper = row > 0 ? source - count : source
      let lower = row < height - 1 ? source + count : source
      let target = output + index * count
      let (columnGain, rowGain) = (gains.columns, gains.rows)
      // Recomputing this three times is faster than keeping a row: the loop vectorizes and needs no intermediate row.
      func upright(_ place: Int) -> Float {
        source[place] + rowGain * (2 * source[place] - upper[place] - lower[place])
      }
      func sharpened(_ place: Int, left: Int, right: Int) -> Float {
        let value = upright(place)
        return value + columnGain * (2 * value - upright(left) - upright(right))
      }
      for place in channels..<max(channels, count - channels) {
        target[place] = sharpened(place, left: place - channels, right: place + channels)
      }
      for channel in 0..<channels {
        let last = count - channels + channel
        target[channel] = sharpened(channel, left: channel, right: min(channel + channels, last))
        target[last] = sharpened(last, left: max(last - channels, channel), right: last)
      }
    }
  }
}
