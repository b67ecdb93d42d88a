/// Extends the colours of opaque pixels into transparent ones, so that a network does not paint what a picture hides
/// behind its transparency, which is usually black, as a dark fringe.
///
/// Each level of a pyramid has the means of 2 × 2 pixels, weighted by alpha. From the coarsest level up, the colour of
/// a pixel that is hardly visible is mixed with the interpolated colour of the level below (pull–push, S. J. Gortler et
/// al., The Lumigraph, 1996).
package final class ColourExtension {
  /// The alpha from which the colour of a pixel is its own. Below, it has few levels if it was once premultiplied.
  private static let reliableAlpha: Float = 0.125

  /// A level below the picture: RGB and a weight.
  private var levels: [(width: Int, height: Int, values: [Float])] = []

  /// Creates the extension.
  package init() {}

  /// Replaces the colours of transparent pixels. Those of pixels that can be seen, and alpha, stay.
  package func apply(to picture: FloatPicture) {
    guard let alpha = picture.alpha else { return }
    prepare(picture.width, picture.height)
    guard !levels.isEmpty else { return }
    let colours = picture.colours
    reduce(into: 0, width: picture.width, height: picture.height) { index in
      SIMD4(colours[3 * index], colours[3 * index + 1], colours[3 * index + 2], alpha[index])
    }
    for level in 1..<max(1, levels.count) {
      let (width, height, source) = levels[level - 1]
      reduce(into: level, width: width, height: height) { index in Self.pixel(source, index) }
    }
    for level in stride(from: levels.count - 2, through: 0, by: -1) {
      let (width, height, _) = levels[level]
      for y in 0..<height {
        for x in 0..<width {
          let index = y * width + x
          let own = Self.pixel(levels[level].values, index)
          if own.w >= 1 { continue }
          var mixed = sample(level + 1, x, y)
          mixed += (own - mixed) * min(1, own.w)
          for channel in 0..<3 { levels[level].values[4 * index + channel] = mixed[channel] }
        }
      }
    }
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let index = y * picture.width + x
        let share = alpha[index] / Self.reliableAlpha
        if share >= 1 { continue }
        let coarse = sample(0, x, y)
        for channel in 0..<3 {
          let own = colours[3 * index + channel]
          colours[3 * index + channel] = coarse[channel] + (own - coarse[channel]) * share
        }
      }
    }
  }

  private func prepare(_ width: Int, _ height: Int) {
    var sizes: [(Int, Int)] = []
    var (width, height) = (width, height)
    while max(width, height) > 1 {
      (width, height) = ((width + 1) / 2, (height + 1) / 2)
      sizes.append((width, height))
    }
    if levels.count == sizes.count, zip(levels, sizes).allSatisfy({ ($0.width, $0.height) == $1 }) { return }
    levels = sizes.map { ($0.0, $0.1, [Float](repeating: 0, count: 4 * $0.0 * $0.1)) }
  }

  @inline(__always)
  private static func pixel(_ values: [Float], _ index: Int) -> SIMD4<Float> {
    SIMD4(values[4 * index], values[4 * index + 1], values[4 * index + 2], values[4 * index + 3])
  }

  /// Writes the weighted means of 2 × 2 pixels to a level. Its weight is the sum of theirs, at most 1.
  private func reduce(into level: Int, width: Int, height: Int, _ pixel: (Int) -> SIMD4<Float>) {
    let target = (width: levels[level].width, height: levels[level].height)
    for y in 0..<target.height {
      for x in 0..<target.width {
        var sum = SIMD4<Float>.zero
        for row in 2 * y..<min(2 * y + 2, height) {
          for column in 2 * x..<min(2 * x + 2, width) {
            let value = pixel(row * width + column)
            sum += SIMD4(value.x * value.w, value.y * value.w, value.z * value.w, value.w)
          }
        }
        let index = 4 * (y * target.width + x)
        let scale = sum.w > 0 ? 1 / sum.w : 0
        for channel in 0..<3 { levels[level].values[index + channel] = sum[channel] * scale }
        levels[level].values[index + 3] = min(1, sum.w)
      }
    }
  }

  /// Returns the colour of a level, interpolated at pixel (`x`, `y`) of the level above.
  private func sample(_ level: Int, _ x: Int, _ y: Int) -> SIMD4<Float> {
    let (width, height, values) = levels[level]
    func places(_ position: Int, _ extent: Int) -> (near: Int, far: Int) {
      let near = min(position / 2, extent - 1)
      return (near, min(max(near + (position % 2 == 0 ? -1 : 1), 0), extent - 1))
    }
    let (column, row) = (places(x, width), places(y, height))
    let upper =
      Self.pixel(values, row.near * width + column.near) * 0.75
      + Self.pixel(values, row.near * width + column.far) * 0.25
    let lower =
      Self.pixel(values, row.far * width + column.near) * 0.75
      + Self.pixel(values, row.far * width + column.far) * 0.25
    return upper * 0.75 + lower * 0.25
  }
}
