/// A linear map along one axis of an activation, eight channels at a time: ``size`` neighbouring values become
/// ``points``, and the next tile begins ``step`` values later. In two dimensions, the map is applied to columns, then
/// to rows.
protocol AxisTransform {
  /// The number of values that are read.
  static var size: Int { get }
  /// The number of values between the starts of neighbouring tiles.
  static var step: Int { get }
  /// The number of results.
  static var points: Int { get }
  /// Maps ``size`` vectors to ``points``. Strides are in floats. Both may begin at the same address if they have the
  /// same stride.
  static func transform(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int)
}

/// The positions of the transformed tiles of a strip: point `p` of tile `t`, channels from `c`, is at
/// `p·plane + t·tile + c·channel`. Channels that are read together are always contiguous.
struct TilePlacement {
  /// The number of floats between the points of a tile.
  let plane: Int
  /// The number of floats between tiles.
  let tile: Int
  /// The number of floats per channel between the starts of reads.
  var channel = 1
}

extension AxisTransform {
  /// Returns the floats of the patch of `tiles` neighbours, `channels` at a time.
  @inline(__always)
  static func patchCount(tiles: Int, channels: Int) -> Int {
    max(size, points) * (step * (tiles - 1) + size) * channels
  }

  /// Reads `tiles` neighbours, the first at `row` and `column` in the reader's coordinates, and transforms them.
  ///
  /// It reads `atATime` of `channels` channels at once, and materializes the pixels of `owned` if the reader does that.
  @inline(__always)
  static func transformTiles(
    _ reader: PatchReader, image: Int, row: Int, column: Int, tiles: Int, channels: Int, atATime count: Int,
    owned: PixelRectangle, patch: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>,
    _ placement: TilePlacement
  ) {
    let columns = step * (tiles - 1) + size
    let rowStride = columns * count
    for channel in stride(from: 0, to: channels, by: count) {
      reader.read(
        image: image, row: row, rows: size, column: column, columns: columns, channel: channel, count: count,
        owned: owned, into: patch)
      for place in stride(from: patch, to: patch + rowStride, by: laneCount) {
        transform(place, stride: rowStride, into: place, stride: rowStride)
      }
      for point in 0..<points {
        let planes = target + point * points * placement.plane + channel * placement.channel
        for tile in 0..<tiles {
          for lane in stride(from: 0, to: count, by: laneCount) {
            transform(
              patch + point * rowStride + tile * step * count + lane, stride: count,
              into: planes + tile * placement.tile + lane, stride: placement.plane)
          }
        }
      }
    }
  }
}

/// `Bᵀ·x` of a Winograd tile.
enum WinogradInput<Tile: WinogradTile>: AxisTransform {
  @inline(__always) static var size: Int { Tile.points }
  @inline(__always) static var step: Int { Tile.outputs }
  @inline(__always) static var points: Int { Tile.points }

  @inline(__always)
  static func transform(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    Tile.transformInput(source, stride: stride, into: target, stride: targetStride)
  }
}

/// `A·dy` of a Winograd tile: from the gradient of its outputs to that of its products.
enum WinogradOutputGradient<Tile: WinogradGradientTile>: AxisTransform {
  @inline(__always) static var size: Int { Tile.outputs }
  @inline(__always) static var step: Int { Tile.outputs }
  @inline(__always) static var points: Int { Tile.points }

  @inline(__always)
  static func transform(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    Tile.transformOutputGradient(source, stride: stride, into: target, stride: targetStride)
  }
}

// The maps of the nine-product form, see ``FusedUpsampleConvolution``. A tile is one stored pixel with its two outputs.

/// Maps `(x[k−1], x[k], x[k+1])` to the factors `x[k]`, `x[k−1] − x[k]`, `x[k+1] − x[k]`.
enum UpsampleInput: AxisTransform {
  @inline(__always) static var size: Int { 3 }
  @inline(__always) static var step: Int { 1 }
  @inline(__always) static var points: Int { 3 }

  @inline(__always)
  static func transform(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (previous, pixel, next) = (load(source), load(source + stride), load(source + 2 * stride))
    store(pixel, target)
    store(previous - pixel, target + targetStride)
    store(next - pixel, target + 2 * targetStride)
  }
}

/// Maps `(dy[2k], dy[2k+1])` to the gradients of the products: the sum, the first, the second.
enum UpsampleOutputGradient: AxisTransform {
  @inline(__always) static var size: Int { 2 }
  @inline(__always) static var step: Int { 2 }
  @inline(__always) static var points: Int { 3 }

  @inline(__always)
  static func transform(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (first, second) = (load(source), load(source + stride))
    store(first + second, target)
    store(first, target + targetStride)
    store(second, target + 2 * targetStride)
  }
}

/// Maps `(dy[2k−1] … dy[2k+2])` to the terms of the pixel's gradient: `dy[2k] + dy[2k+1]`, `dy[2k+2] − dy[2k]`,
/// `dy[2k−1] − dy[2k+1]`.
enum UpsampleInputGradientFactors: AxisTransform {
  @inline(__always) static var size: Int { 4 }
  @inline(__always) static var step: Int { 2 }
  @inline(__always) static var points: Int { 3 }

  @inline(__always)
  static func transform(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (before, first) = (load(source), load(source + stride))
    let (second, after) = (load(source + 2 * stride), load(source + 3 * stride))
    store(first + second, target)
    store(after - first, target + targetStride)
    store(before - second, target + 2 * targetStride)
  }
}
