import Imaging

/// The luma of a picture.
struct LumaPlane {
  let width: Int
  let height: Int
  /// The `height · width` values, row by row.
  var values: [Float]

  /// Creates the plane of Rec. 601 luma, `0.299·R + 0.587·G + 0.114·B`, 0…255.
  init(_ picture: Picture) {
    (width, height) = (picture.width, picture.height)
    let pixels = picture.pixels
    values = stride(from: 0, to: pixels.count, by: 3).map { index in
      let (red, green, blue) = (Float(pixels[index]), Float(pixels[index + 1]), Float(pixels[index + 2]))
      return 0.299 * red + 0.587 * green + 0.114 * blue
    }
  }

  /// Returns a plane of the same size with other values.
  func with(_ values: [Float]) -> LumaPlane {
    var plane = self
    plane.values = values
    return plane
  }

  /// Blurs the plane with three passes of a box filter of `2·radius + 1` pixels, which approximates a Gaussian of
  /// standard deviation `√(radius·(radius + 1))`. Border pixels are replicated.
  func blurred(radius: Int) -> LumaPlane {
    guard radius > 0 else { return self }
    var result = values
    for _ in 0..<3 {
      for row in 0..<height { Self.average(&result, from: row * width, step: 1, count: width, radius: radius) }
      for column in 0..<width { Self.average(&result, from: column, step: width, count: height, radius: radius) }
    }
    return with(result)
  }

  private static func average(_ values: inout [Float], from start: Int, step: Int, count: Int, radius: Int) {
    let line = (0..<count).map { values[start + $0 * step] }
    func value(_ index: Int) -> Double { Double(line[min(max(index, 0), count - 1)]) }
    var sum = (-radius...radius).reduce(0) { $0 + value($1) }
    for index in 0..<count {
      values[start + index * step] = Float(sum / Double(2 * radius + 1))
      sum += value(index + radius + 1) - value(index - radius)
    }
  }

  /// Returns the bilinearly interpolated value at `(x, y)`. Border pixels are replicated.
  func value(x: Float, y: Float) -> Float {
    let (x, y) = (min(max(x, 0), Float(width - 1)), min(max(y, 0), Float(height - 1)))
    let (column, row) = (Int(x), Int(y))
    let (nextColumn, nextRow) = (min(column + 1, width - 1), min(row + 1, height - 1))
    let (across, down) = (x - Float(column), y - Float(row))
    func mix(_ row: Int) -> Float {
      let (a, b) = (values[row * width + column], values[row * width + nextColumn])
      return a + (b - a) * across
    }
    let above = mix(row)
    return above + (mix(nextRow) - above) * down
  }
}
