extension YUV420Conversion {
  /// Converts `source` to RGB24, rows of `output` `stride` bytes apart. Bytes between the rows are not changed.
  ///
  /// `scratch` has ``scratchCount`` floats.
  package func toRGB(
    _ source: Planes, output: UnsafeMutablePointer<UInt8>, stride: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    let (u, v) = (scratch + laneCount, scratch + rowLength + laneCount)
    let matrix = ToRGB(self)
    for row in 0..<height {
      interpolate(source.u, stride: source.uStride, row: row, into: u)
      interpolate(source.v, stride: source.vStride, row: row, into: v)
      let (luma, pixels) = (source.y + row * source.yStride, output + row * stride)
      forEachGroup { column in
        // Separates even and odd columns, as chroma needs them: the low and the high bytes of words.
        let words = UnsafeRawPointer(luma + column).loadUnaligned(as: SIMD8<UInt16>.self)
        let (evenU, oddU) = columns(u + column / 2)
        let (evenV, oddV) = columns(v + column / 2)
        let even = matrix.pixels(lanes(words & 0xFF), evenU, evenV)
        let odd = matrix.pixels(lanes(words &>> 8), oddU, oddV)
        write(even, odd, to: pixels + 3 * column)
      }
    }
  }

  /// Interpolates a row of chroma between two rows and subtracts its centre. Both ends are extended by one neighbour.
  @inline(__always)
  private func interpolate(
    _ plane: UnsafeMutablePointer<UInt8>, stride: Int, row: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let (count, last) = (width / 2, height / 2 - 1)
    let near = plane + row / 2 * stride
    let far = plane + min(max(row / 2 + (row % 2 == 0 ? -1 : 1), 0), last) * stride
    @inline(__always) func value(_ column: Int) -> Lanes {
      let a = load(UnsafePointer(near + column))
      let b = load(UnsafePointer(far + column))
      return Lanes(repeating: -128).addingProduct(a, Lanes(repeating: 0.75)).addingProduct(b, Lanes(repeating: 0.25))
    }
    for group in 0..<(count + laneCount - 1) / laneCount {
      let column = min(group * laneCount, count - laneCount)
      store(value(column), target + column)
    }
    target[-1] = target[0]
    target[count] = target[count - 1]
  }

  /// Returns chroma at eight even columns and at the following odd ones.
  @inline(__always)
  private func columns(_ chroma: UnsafeMutablePointer<Float>) -> (even: Lanes, odd: Lanes) {
    let (here, after) = (load(chroma), load(chroma + 1))
    switch siting {
    case .left: return (here, (here + after) * 0.5)
    case .centre: return (here * 0.75 + load(chroma - 1) * 0.25, here * 0.75 + after * 0.25)
    }
  }

  /// Writes sixteen pixels, each a word with its colours in the three low bytes. A pair of an even and an odd pixel is
  /// six bytes.
  @inline(__always)
  private func write(_ even: SIMD8<UInt32>, _ odd: SIMD8<UInt32>, to target: UnsafeMutablePointer<UInt8>) {
    let low = unsafeBitCast(even | odd &<< 24, to: SIMD32<UInt8>.self)
    let high = unsafeBitCast(odd &>> 8, to: SIMD32<UInt8>.self)
    @inline(__always) func byte(_ index: Int) -> UInt8 {
      let (pair, rest) = (index / 6, index % 6)
      return rest < 4 ? low[4 * pair + rest] : high[4 * pair + rest - 4]
    }
    // Written out with whole vectors: if single bytes were extracted, the compiler would also compute everything before
    // them byte by byte.
    @inline(__always) func bytes(_ first: Int) -> SIMD16<UInt8> {
      SIMD16(
        byte(first), byte(first + 1), byte(first + 2), byte(first + 3), byte(first + 4), byte(first + 5),
        byte(first + 6), byte(first + 7), byte(first + 8), byte(first + 9), byte(first + 10), byte(first + 11),
        byte(first + 12), byte(first + 13), byte(first + 14), byte(first + 15))
    }
    let raw = UnsafeMutableRawPointer(target)
    raw.storeBytes(of: bytes(0), as: SIMD16<UInt8>.self)
    raw.storeBytes(of: bytes(16), toByteOffset: 16, as: SIMD16<UInt8>.self)
    raw.storeBytes(of: bytes(32), toByteOffset: 32, as: SIMD16<UInt8>.self)
  }
}

/// The matrix from YUV to RGB.
private struct ToRGB {
  private let luma: Lanes
  private let offset: Lanes
  private let redOfV: Lanes
  private let greenOfU: Lanes
  private let greenOfV: Lanes
  private let blueOfU: Lanes

  init(_ conversion: YUV420Conversion) {
    let (levels, red, blue) = (conversion.levels, conversion.colours.red, conversion.colours.blue)
    let chroma = 255 / levels.chroma
    let green = 1 - red - blue
    luma = Lanes(repeating: 255 / levels.luma)
    offset = Lanes(repeating: -levels.offset * 255 / levels.luma)
    redOfV = Lanes(repeating: 2 * (1 - red) * chroma)
    blueOfU = Lanes(repeating: 2 * (1 - blue) * chroma)
    greenOfU = Lanes(repeating: -2 * blue * (1 - blue) / green * chroma)
    greenOfV = Lanes(repeating: -2 * red * (1 - red) / green * chroma)
  }

  /// Returns words with red in the lowest byte, then green, then blue.
  @inline(__always)
  func pixels(_ y: Lanes, _ u: Lanes, _ v: Lanes) -> SIMD8<UInt32> {
    let grey = offset.addingProduct(luma, y)
    let red = roundedWords(grey.addingProduct(redOfV, v))
    let green = roundedWords(grey.addingProduct(greenOfU, u).addingProduct(greenOfV, v))
    let blue = roundedWords(grey.addingProduct(blueOfU, u))
    return red | green &<< 8 | blue &<< 16
  }
}
