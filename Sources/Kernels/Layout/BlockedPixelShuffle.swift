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
