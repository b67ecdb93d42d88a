extension YUV420Conversion {
  /// Converts RGB24, rows of `source` `stride` bytes apart, to YUV. Bytes between the rows of `target` are not changed.
  ///
  /// `scratch` has ``scratchCount`` floats.
  package func fromRGB(
    _ source: UnsafePointer<UInt8>, stride: Int, into target: Planes, scratch: UnsafeMutablePointer<Float>
  ) {
    let reds = scratch + laneCount
    let (greens, blues) = (reds + rowLength, reds + 2 * rowLength)
    let matrix = FromRGB(self)
    for pair in 0..<height / 2 {
      let upper = source + 2 * pair * stride
      let lower = upper + stride
      let luma = target.y + 2 * pair * target.yStride
      forEachGroup { column in
        for half in 0..<2 {
          let place = column + half * laneCount
          let (above, below) = (Pixels(upper + 3 * place), Pixels(lower + 3 * place))
          write(matrix.luma(above), luma + place)
          write(matrix.luma(below), luma + target.yStride + place)
          store(above.red + below.red, reds + place)
          store(above.green + below.green, greens + place)
          store(above.blue + below.blue, blues + place)
        }
      }
      // The column before the first repeats it.
      reds[-1] = reds[0]
      greens[-1] = greens[0]
      blues[-1] = blues[0]
      let (u, v) = (target.u + pair * target.uStride, target.v + pair * target.vStride)
      forEachGroup { column in
        let pixels = Pixels(red: columns(reds + column), green: columns(greens + column), blue: columns(blues + column))
        write(matrix.u(pixels), u + column / 2)
        write(matrix.v(pixels), v + column / 2)
      }
    }
  }

  /// Returns the means of sums of two rows around eight even columns.
  @inline(__always)
  private func columns(_ sums: UnsafeMutablePointer<Float>) -> Lanes {
    let (low, high) = (load(sums), load(sums + laneCount))
    let even = Lanes(lowHalf: low.evenHalf, highHalf: high.evenHalf)
    let odd = Lanes(lowHalf: low.oddHalf, highHalf: high.oddHalf)
    switch siting {
    case .centre: return (even + odd) * 0.25
    case .left:
      let (lowBefore, highBefore) = (load(sums - 1), load(sums + laneCount - 1))
      // From one column earlier, the even lanes are the odd columns before.
      let before = Lanes(lowHalf: lowBefore.evenHalf, highHalf: highBefore.evenHalf)
      return (even + even + before + odd) * 0.125
    }
  }
}

/// The colours of eight pixels.
private struct Pixels {
  let red: Lanes
  let green: Lanes
  let blue: Lanes

  @inline(__always)
  init(red: Lanes, green: Lanes, blue: Lanes) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  /// Reads the first eight pixels of `bytes`.
  @inline(__always)
  init(_ bytes: UnsafePointer<UInt8>) { (red, green, blue) = colours(bytes) }
}

/// The matrix from RGB to YUV.
private struct FromRGB {
  private let lumaOfRed: Lanes
  private let lumaOfGreen: Lanes
  private let lumaOfBlue: Lanes
  private let offset: Lanes
  private let uOfRed: Lanes
  private let uOfGreen: Lanes
  private let uOfBlue: Lanes
  private let vOfRed: Lanes
  private let vOfGreen: Lanes
  private let vOfBlue: Lanes

  init(_ conversion: YUV420Conversion) {
    let (levels, red, blue) = (conversion.levels, conversion.colours.red, conversion.colours.blue)
    let green = 1 - red - blue
    let luma = levels.luma / 255
    let (u, v) = (levels.chroma / 255 / (2 * (1 - blue)), levels.chroma / 255 / (2 * (1 - red)))
    lumaOfRed = Lanes(repeating: red * luma)
    lumaOfGreen = Lanes(repeating: green * luma)
    lumaOfBlue = Lanes(repeating: blue * luma)
    offset = Lanes(repeating: levels.offset)
    uOfRed = Lanes(repeating: -red * u)
    uOfGreen = Lanes(repeating: -green * u)
    uOfBlue = Lanes(repeating: (1 - blue) * u)
    vOfRed = Lanes(repeating: (1 - red) * v)
    vOfGreen = Lanes(repeating: -green * v)
    vOfBlue = Lanes(repeating: -blue * v)
  }

  @inline(__always)
  func luma(_ pixels: Pixels) -> Lanes {
    offset.addingProduct(lumaOfRed, pixels.red).addingProduct(lumaOfGreen, pixels.green)
      .addingProduct(lumaOfBlue, pixels.blue)
  }

  @inline(__always)
  func u(_ pixels: Pixels) -> Lanes {
    Lanes(repeating: 128).addingProduct(uOfRed, pixels.red).addingProduct(uOfGreen, pixels.green)
      .addingProduct(uOfBlue, pixels.blue)
  }

  @inline(__always)
  func v(_ pixels: Pixels) -> Lanes {
    Lanes(repeating: 128).addingProduct(vOfRed, pixels.red).addingProduct(vOfGreen, pixels.green)
      .addingProduct(vOfBlue, pixels.blue)
  }
}

@inline(__always)
private func write(_ lanes: Lanes, _ bytes: UnsafeMutablePointer<UInt8>) {
  UnsafeMutableRawPointer(bytes).storeBytes(of: roundedBytes(lanes), as: SIMD8<UInt8>.self)
}
