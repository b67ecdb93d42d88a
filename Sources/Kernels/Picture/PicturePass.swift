import Threading

/// `x · scale + offset`, the first operation of a network on the values of a picture.
package struct PictureAffine: Hashable, Sendable {
  /// The factor.
  package let scale: Float
  /// The summand.
  package let offset: Float

  /// The identity.
  package static let identity = PictureAffine(scale: 1, offset: 0)

  /// Creates an affine map.
  package init(scale: Float, offset: Float) {
    self.scale = scale
    self.offset = offset
  }
}

/// Passes between pictures and activations, with optional pixel shuffling, see ``PixelShuffle``.
package enum PicturePass {
  /// The number of activation pixels that are read at a time. Their rows stay in the first-level cache.
  private static let pixelsPerStrip = 64

  /// Returns the floats of scratch space for ``unpack(_:map:affine:factor:height:width:output:scratch:pool:)`` on a
  /// pool of `threads`.
  package static func scratchCount(factor: Int, threads: Int) -> Int { threads * 3 * factor * factor * pixelsPerStrip }

  // MARK: From a picture

  /// Writes a picture as an activation: `output[h, w, c·r² + i·r + j] = picture[h·r + i, w·r + j, c] · scale + offset`.
  ///
  /// `output` is `[C/8, height, width, 8]` with `C = 3·r²` rounded up to whole vectors, which are padded with zeros.
  /// `factor` is `r`. `map` is that of an unpadded geometry of `height·r` × `width·r`.
  package static func unpack(
    _ picture: PictureInput, map: PictureMap, affine: PictureAffine, factor: Int, height: Int, width: Int,
    output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PictureReader(picture: picture, map: map)
    let perThread = scratchCount(factor: factor, threads: 1)
    pool.parallelFor(height) { row, thread in
      let scratch = scratch + thread * perThread
      for first in stride(from: 0, to: width, by: pixelsPerStrip) {
        let count = min(pixelsPerStrip, width - first)
        let planes = ColourPlanes(values: scratch, row: pixelsPerStrip * factor, factor: factor, affine: affine)
        for line in 0..<factor {
          reader.read(
            row: row * factor + line, column: first * factor, count: count * factor, plane: factor * planes.row,
            into: scratch + line * planes.row)
        }
        let target = output + (row * width + first) * laneCount
        switch factor {
        case 2: planes.unshuffle2(count: count, into: target, plane: height * width * laneCount)
        case 4: planes.unshuffle4(count: count, into: target, plane: height * width * laneCount)
        default: planes.unshuffle(count: count, into: target, plane: height * width * laneCount)
        }
      }
    }
  }

  /// Rows of a picture, `[3][r][row]`.
  private struct ColourPlanes {
    let values: UnsafePointer<Float>
    /// The number of floats between rows.
    let row: Int
    let factor: Int
    let affine: PictureAffine

    init(values: UnsafeMutablePointer<Float>, row: Int, factor: Int, affine: PictureAffine) {
      self.values = UnsafePointer(values)
      self.row = row
      self.factor = factor
      self.affine = affine
    }

    @inline(__always)
    private func lanes(colour: Int, line: Int, column: Int) -> Lanes {
      Lanes(repeating: affine.offset).addingProduct(
        Lanes(repeating: affine.scale), load(values + (colour * factor + line) * row + column))
    }

    /// Shuffles two pixels of eight columns at a time: a block has two rows of one colour.
    @inline(__always)
    func unshuffle4(count: Int, into target: UnsafeMutablePointer<Float>, plane: Int) {
      for block in 0..<6 {
        var place = target + block * plane
        for pixel in stride(from: 0, to: count, by: 2) {
          let upper = lanes(colour: block / 2, line: block % 2 * 2, column: 4 * pixel)
          let lower = lanes(colour: block / 2, line: block % 2 * 2 + 1, column: 4 * pixel)
          store(Lanes(lowHalf: upper.lowHalf, highHalf: lower.lowHalf), place)
          if pixel + 1 < count { store(Lanes(lowHalf: upper.highHalf, highHalf: lower.highHalf), place + laneCount) }
          place += 2 * laneCount
        }
      }
    }

    /// Shuffles four pixels of eight columns at a time: the first block has two colours, the second one.
    @inline(__always)
    func unshuffle2(count: Int, into target: UnsafeMutablePointer<Float>, plane: Int) {
      for pixel in stride(from: 0, to: count, by: 4) {
        func pairs(_ colour: Int) -> (even: Lanes, odd: Lanes) {
          let upper = lanes(colour: colour, line: 0, column: 2 * pixel)
          let lower = lanes(colour: colour, line: 1, column: 2 * pixel)
          return (pairsLow(upper, lower), pairsHigh(upper, lower))
        }
        let (red, green, blue) = (pairs(0), pairs(1), pairs(2))
        let zero = Lanes.zero.lowHalf
        let place = target + pixel * laneCount
        func put(_ index: Int, _ red: SIMD4<Float>, _ green: SIMD4<Float>, _ blue: SIMD4<Float>) {
          guard pixel + index < count else { return }
          store(Lanes(lowHalf: red, highHalf: green), place + index * laneCount)
          store(Lanes(lowHalf: blue, highHalf: zero), place + plane + index * laneCount)
        }
        put(0, red.even.lowHalf, green.even.lowHalf, blue.even.lowHalf)
        put(1, red.odd.lowHalf, green.odd.lowHalf, blue.odd.lowHalf)
        put(2, red.even.highHalf, green.even.highHalf, blue.even.highHalf)
        put(3, red.odd.highHalf, green.odd.highHalf, blue.odd.highHalf)
      }
    }

    /// Shuffles by any factor, value by value.
    func unshuffle(count: Int, into target: UnsafeMutablePointer<Float>, plane: Int) {
      let squared = factor * factor
      for channel in 0..<paddedToLanes(3 * squared) {
        let place = target + channel / laneCount * plane + channel % laneCount
        guard channel < 3 * squared else {
          for pixel in 0..<count { place[pixel * laneCount] = 0 }
          continue
        }
        let source =
          values + (channel / squared * factor + channel % squared / factor) * row + channel % factor
        for pixel in 0..<count {
          place[pixel * laneCount] = affine.offset.addingProduct(affine.scale, source[pixel * factor])
        }
      }
    }
  }

  // MARK: To a picture

  /// Writes an activation as a picture: `picture[h·r + i, w·r + j, c] = f(in[h, w, c·r² + i·r + j])`, where `in` is
  /// what `input` describes and `f` is the scaling of the picture.
  ///
  /// The activation is `[C/8, height, width, 8]` with at least `3·r²` channels. `factor` is `r`. Values beyond the
  /// picture are ignored.
  package static func pack(
    _ input: ActivationInput, height: Int, width: Int, factor: Int = 1, picture: PictureOutput, pool: ComputePool
  ) {
    let source = LazyBlocks(input: input, pixels: height * width, scaling: picture.scaling)
    let rows = min(height, (picture.height + factor - 1) / factor)
    let columns = min(width, (picture.width + factor - 1) / factor)
    pool.parallelFor(rows) { row in
      let first = row * width
      switch factor {
      case 2:
        picture.writeBlocks2(columns: columns, row: 2 * row) {
          source.raw(block: $0, pixel: first + $1)
        }
      case 4: shuffle4(source, first: first, columns: columns, top: 4 * row, picture: picture)
      default: shuffle(source, first: first, columns: columns, factor: factor, top: factor * row, picture: picture)
      }
    }
  }

  /// An activation that is read with the operations of its ``ActivationInput``.
  private struct LazyBlocks {
    let input: ActivationInput
    let pixels: Int
    let scaling: PictureScaling

    @inline(__always)
    func raw(block: Int, pixel: Int) -> Lanes {
      ActivationPass.value(input, at: (block * pixels + pixel) * laneCount, channel: block * laneCount)
    }

    @inline(__always)
    func scaled(block: Int, pixel: Int) -> Lanes { scaling.apply(raw(block: block, pixel: pixel)) }
  }

  @inline(__always)
  private static func shuffle4(
    _ source: LazyBlocks, first: Int, columns: Int, top: Int, picture: PictureOutput
  ) {
    for half in 0..<2 {
      for column in 0..<columns {
        let pixels = ColourLanes(
          red: source.scaled(block: half, pixel: first + column),
          green: source.scaled(block: 2 + half, pixel: first + column),
          blue: source.scaled(block: 4 + half, pixel: first + column), picture: picture)
        pixels.write(lane: 0, count: 4, row: top + 2 * half, column: 4 * column)
        pixels.write(lane: 4, count: 4, row: top + 2 * half + 1, column: 4 * column)
      }
    }
  }

  /// Shuffles by any factor, value by value.
  private static func shuffle(
    _ source: LazyBlocks, first: Int, columns: Int, factor: Int, top: Int, picture: PictureOutput
  ) {
    let squared = factor * factor
    for column in 0..<columns {
      for block in 0..<paddedToLanes(3 * squared) / laneCount {
        let value = source.scaled(block: block, pixel: first + column)
        let bytes = roundedBytes(value)
        for lane in 0..<min(laneCount, 3 * squared - block * laneCount) {
          let channel = block * laneCount + lane
          let row = top + channel % squared / factor
          let place = column * factor + channel % factor
          guard row < picture.height, place < picture.width else { continue }
          switch picture.storage {
          case .bytes(let target, let stride): target[row * stride + place * 3 + channel / squared] = bytes[lane]
          case .floats(let target, let stride): target[row * stride + place * 3 + channel / squared] = value[lane]
          }
        }
      }
    }
  }
}
