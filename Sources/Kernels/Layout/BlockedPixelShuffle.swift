import Threading

/// ``PixelShuffle`` between activations `[C/8, H, W, 8]`, for layers that neither read nor write a picture.
package enum BlockedPixelShuffle {
  /// Computes `output[h, w, c·r² + i·r + j] = input[h·r + i, w·r + j, c]`.
  ///
  /// `height` and `width` are those of the smaller map, `channels` is that of the larger map, and `factor` is `r`.
  /// Stored channels beyond those of the output become zeros.
  package static func unshuffle(
    _ input: UnsafePointer<Float>, height: Int, width: Int, channels: Int, factor: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let map = Map(height: height, width: width, channels: channels, factor: factor)
    let stored = paddedToLanes(map.deepChannels)
    pool.parallelFor(height) { row in
      for channel in 0..<stored {
        for column in 0..<width {
          output[map.deep(row, column, channel)] =
            channel < map.deepChannels ? input[map.wide(row, column, channel)] : 0
        }
      }
    }
  }

  /// Computes `output[h·r + i, w·r + j, c] = input[h, w, c·r² + i·r + j]`, the inverse.
  ///
  /// `height` and `width` are those of the smaller map, `channels` is that of the larger map, and `factor` is `r`.
  /// Stored channels beyond those of the output become zeros.
  package static func shuffle(
    _ input: UnsafePointer<Float>, height: Int, width: Int, channels: Int, factor: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    if factor == 2 {
      return shuffle2(input, height: height, width: width, channels: channels, output: output, pool: pool)
    }
    let map = Map(height: height, width: width, channels: channels, factor: factor)
    let stored = paddedToLanes(channels) * factor * factor
    pool.parallelFor(height) { row in
      for channel in 0..<stored {
        for column in 0..<width {
          output[map.wide(row, column, channel)] =
            channel < map.deepChannels ? input[map.deep(row, column, channel)] : 0
        }
      }
    }
  }

  /// Shuffles by 2. Eight channels of the four pixels of a block are 32 values one after another in the smaller map,
  /// ordered by channel: two rounds of even and odd lanes order them by pixel.
  private static func shuffle2(
    _ input: UnsafePointer<Float>, height: Int, width: Int, channels: Int, output: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    let deepBlocks = paddedToLanes(4 * channels) / laneCount
    let plane = height * width * laneCount
    pool.parallelFor(paddedToLanes(channels) / laneCount * height) { index in
      let (block, row) = index.quotientAndRemainder(dividingBy: height)
      let source = input + 4 * block * plane + row * width * laneCount
      let upper = output + 4 * block * plane + 2 * row * 2 * width * laneCount
      let lower = upper + 2 * width * laneCount
      let known = deepBlocks - 4 * block
      // An odd number of channels ends in the middle of a vector.
      let half = channels % 2 == 1 ? known - 1 : -1
      @inline(__always)
      func read(_ part: Int, _ column: Int) -> Lanes {
        guard part < known else { return .zero }
        var value = load(source + part * plane + column * laneCount)
        if part == half { value.highHalf = .zero }
        return value
      }
      for column in 0..<width {
        let (a, b, c, d) = (read(0, column), read(1, column), read(2, column), read(3, column))
        let evens = (
          Lanes(lowHalf: a.evenHalf, highHalf: b.evenHalf), Lanes(lowHalf: c.evenHalf, highHalf: d.evenHalf)
        )
        let odds = (Lanes(lowHalf: a.oddHalf, highHalf: b.oddHalf), Lanes(lowHalf: c.oddHalf, highHalf: d.oddHalf))
        let place = 2 * column * laneCount
        store(Lanes(lowHalf: evens.0.evenHalf, highHalf: evens.1.evenHalf), upper + place)
        store(Lanes(lowHalf: odds.0.evenHalf, highHalf: odds.1.evenHalf), upper + place + laneCount)
        store(Lanes(lowHalf: evens.0.oddHalf, highHalf: evens.1.oddHalf), lower + place)
        store(Lanes(lowHalf: odds.0.oddHalf, highHalf: odds.1.oddHalf), lower + place + laneCount)
      }
    }
  }

  /// The offsets of channel `c·r² + i·r + j` of the smaller map in both maps.
  private struct Map {
    let height: Int
    let width: Int
    let channels: Int
    let factor: Int

    var deepChannels: Int { channels * factor * factor }

    @inline(__always)
    func deep(_ row: Int, _ column: Int, _ channel: Int) -> Int {
      ((channel / laneCount * height + row) * width + column) * laneCount + channel % laneCount
    }

    @inline(__always)
    func wide(_ row: Int, _ column: Int, _ channel: Int) -> Int {
      let squared = factor * factor
      let colour = channel / squared
      let y = row * factor + channel % squared / factor
      let x = column * factor + channel % factor
      return ((colour / laneCount * height * factor + y) * width * factor + x) * laneCount + colour % laneCount
    }
  }
}
