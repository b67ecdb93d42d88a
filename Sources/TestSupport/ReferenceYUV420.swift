/// Reference conversions between YUV 4:2:0 and RGB by ITU-T H.273, sample by sample and without rounding.
package struct ReferenceYUV420 {
  /// The number of pixels in a row; even.
  package let width: Int
  /// The number of rows; even.
  package let height: Int
  /// Whether chroma samples lie on even columns instead of between two columns.
  package let isLeft: Bool
  /// The weight Kr of red.
  package let red: Double
  /// The weight Kb of blue.
  package let blue: Double
  /// Whether samples use the full range.
  package let isFullRange: Bool

  /// Creates a converter for pictures of `width` × `height` with a matrix, a range and a chroma location.
  package init(width: Int, height: Int, isLeft: Bool, red: Double, blue: Double, isFullRange: Bool) {
    self.width = width
    self.height = height
    self.isLeft = isLeft
    self.red = red
    self.blue = blue
    self.isFullRange = isFullRange
  }

  private var lumaRange: Double { isFullRange ? 255 : 219 }
  private var chromaRange: Double { isFullRange ? 255 : 224 }
  private var offset: Double { isFullRange ? 0 : 16 }

  /// Interpolates `samples` at positions 2i + `phase` linearly at `position`. The border samples repeat.
  private func interpolated(_ samples: [Double], phase: Double, at position: Int) -> Double {
    let place = (Double(position) - phase) / 2
    let first = place.rounded(.down)
    func sample(_ index: Double) -> Double { samples[min(max(Int(index), 0), samples.count - 1)] }
    return sample(first) + (place - first) * (sample(first + 1) - sample(first))
  }

  /// Returns the RGB values `[height][width][3]`, neither clamped nor rounded.
  package func rgb(y: [[UInt8]], u: [[UInt8]], v: [[UInt8]]) -> [Double] {
    func chroma(_ plane: [[UInt8]], _ row: Int, _ column: Int) -> Double {
      let across = plane.map { interpolated($0.map(Double.init), phase: isLeft ? 0 : 0.5, at: column) }
      return (interpolated(across, phase: 0.5, at: row) - 128) * 255 / chromaRange
    }
    var result: [Double] = []
    for row in 0..<height {
      for column in 0..<width {
        let luma = (Double(y[row][column]) - offset) * 255 / lumaRange
        let r = luma + 2 * (1 - red) * chroma(v, row, column)
        let b = luma + 2 * (1 - blue) * chroma(u, row, column)
        result += [r, (luma - red * r - blue * b) / (1 - red - blue), b]
      }
    }
    return result
  }

  /// Returns the YUV samples of RGB pixels `[height][width][3]`, neither clamped nor rounded.
  package func yuv(_ pixels: [UInt8]) -> (y: [Double], u: [Double], v: [Double]) {
    func pixel(_ row: Int, _ column: Int) -> (y: Double, u: Double, v: Double) {
      let at = 3 * (row * width + max(column, 0))
      let (r, g, b) = (Double(pixels[at]), Double(pixels[at + 1]), Double(pixels[at + 2]))
      let luma = red * r + (1 - red - blue) * g + blue * b
      return (luma, (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red)))
    }
    let weights: [(column: Int, weight: Double)] = isLeft ? [(-1, 0.25), (0, 0.5), (1, 0.25)] : [(0, 0.5), (1, 0.5)]
    var result: (y: [Double], u: [Double], v: [Double]) = ([], [], [])
    for row in 0..<height {
      for column in 0..<width { result.y.append(pixel(row, column).y * lumaRange / 255 + offset) }
    }
    for row in stride(from: 0, to: height, by: 2) {
      for column in stride(from: 0, to: width, by: 2) {
        var mean = (u: 0.0, v: 0.0)
        for (across, weight) in weights {
          for down in 0..<2 {
            let value = pixel(row + down, column + across)
            mean.u += weight / 2 * value.u
            mean.v += weight / 2 * value.v
          }
        }
        result.u.append(mean.u * chromaRange / 255 + 128)
        result.v.append(mean.v * chromaRange / 255 + 128)
      }
    }
    return result
  }
}
