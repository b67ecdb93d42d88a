import Threading

/// What a draft loses when it is enlarged, put in beforehand: reduced to its canvas again, the enlarged picture is the draft.
///
/// Bilinear enlargement takes a share `s` of each pixel from either neighbour, on average over the film's pixels. Along each axis the draft
/// becomes `x + a·(2x − left − right)` with `a = s/(1 − 3s)`, which undoes that but for 2 % of the neighbours' values; beyond the border the
/// last pixel is repeated. A film of twice the canvas' size and more has `s = 1/8` and `a = 1/5`, one of its size has none.
public struct DraftSharpening: Sendable {
  private let width: Int
  private let height: Int
  /// `a` across and down.
  private let gains: (columns: Float, rows: Float)

  /// For a draft of `width` × `height` that is enlarged to `filmWidth` × `filmHeight`, each at least 1.
  public init(width: Int, height: Int, filmWidth: Int, filmHeight: Int) {
    precondition(min(width, height, filmWidth, filmHeight) >= 1, "\(width)x\(height) to \(filmWidth)x\(filmHeight)")
    self.width = width
    self.height = height
    gains = (
      Self.gain(BilinearAxis(inputs: width, extent: filmWidth, step: 1)),
      Self.gain(BilinearAxis(inputs: height, extent: filmHeight, step: 1))
    )
  }

  private static func gain(_ axis: BilinearAxis) -> Float {
    let sum = axis.fractions.reduce(0.0) { $0 + Double(min($1, 1 - $1)) }
    let share = sum / Double(2 * axis.outputs)
    return Float(share / (1 - 3 * share))
  }

  /// Writes the sharpened `input`, both `[N, H, W, C]` of the draft's extents, to `output`, which is another place.
  ///
  /// The map is symmetric: it is its own gradient rule.
  public func forward(
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
      // Computed three times over rather than kept: the loop is one of vectors, without a row in between.
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
