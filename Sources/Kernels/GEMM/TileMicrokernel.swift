// The products of the last layer. Three outputs are too few to fill a vector, so vectors run over neighbouring tiles.
//
// Three outputs of four vectors use 12 of the 16 registers for sums, three for weights and one for the tiles. The
// functions are not inlined, as in Microkernel.swift.

import WideKernels

/// The layout of the transformed tiles of one plane in memory: `[block row][channel][tile]`, with the block rows in a
/// ring.
struct TileRows {
  /// The number of floats between rows of tiles.
  let row: Int
  /// The row of tiles of the first block row.
  let first: Int
  /// The number of blocks in a row and in a column of the kernel. The next column of blocks is one tile to the right.
  let blocks: Int
  /// The number of floats between channels.
  let channel: Int
  /// The number of channels.
  let channels: Int
  /// Whether products use vectors of 16, as in ``MicrokernelRows``.
  let isWide = WideVectors.areAvailable

  /// Returns the offset of the tiles of block `position`, counted row by row.
  @inline(__always)
  func offset(of position: Int) -> Int {
    let (blockRow, blockColumn) = (position / blocks, position % blocks)
    let ring = first + blockRow < blocks ? first + blockRow : first + blockRow - blocks
    return ring * row + blockColumn
  }
}

/// `c[o·stride + t] = Σ a[block, channel, t] · b[block, channel, o]` for 32 tiles `t` and three outputs `o`.
@inline(never)
func multiplyTiles32x3(
  _ a: UnsafePointer<Float>, _ rows: TileRows, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
  stride: Int
) {
  var (a0, a1, a2, a3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var (b0, b1, b2, b3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var (c0, c1, c2, c3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var weight = b
  for position in 0..<rows.blocks * rows.blocks {
    var source = a + rows.offset(of: position)
    for _ in 0..<rows.channels {
      let (w0, w1, w2) = (Lanes(repeating: weight[0]), Lanes(repeating: weight[1]), Lanes(repeating: weight[2]))
      var value = load(source)
      a0 = a0.addingProduct(value, w0)
      b0 = b0.addingProduct(value, w1)
      c0 = c0.addingProduct(value, w2)
      value = load(source + 8)
      a1 = a1.addingProduct(value, w0)
      b1 = b1.addingProduct(value, w1)
      c1 = c1.addingProduct(value, w2)
      value = load(source + 16)
      a2 = a2.addingProduct(value, w0)
      b2 = b2.addingProduct(value, w1)
      c2 = c2.addingProduct(value, w2)
      value = load(source + 24)
      a3 = a3.addingProduct(value, w0)
      b3 = b3.addingProduct(value, w1)
      c3 = c3.addingProduct(value, w2)
      source += rows.channel
      weight += 3
    }
  }
  store(a0, c)
  store(a1, c + 8)
  store(a2, c + 16)
  store(a3, c + 24)
  store(b0, c + stride)
  store(b1, c + stride + 8)
  store(b2, c + stride + 16)
  store(b3, c + stride + 24)
  store(c0, c + 2 * stride)
  store(c1, c + 2 * stride + 8)
  store(c2, c + 2 * stride + 16)
  store(c3, c + 2 * stride + 24)
}

/// The same for 24 tiles.
@inline(never)
func multiplyTiles24x3(
  _ a: UnsafePointer<Float>, _ rows: TileRows, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
  stride: Int
) {
  var (a0, a1, a2) = (Lanes.zero, Lanes.zero, Lanes.zero)
  var (b0, b1, b2) = (Lanes.zero, Lanes.zero, Lanes.zero)
  var (c0, c1, c2) = (Lanes.zero, Lanes.zero, Lanes.zero)
  var weight = b
  for position in 0..<rows.blocks * rows.blocks {
    var source = a + rows.offset(of: position)
    for _ in 0..<rows.channels {
      let (w0, w1, w2) = (Lanes(repeating: weight[0]), Lanes(repeating: weight[1]), Lanes(repeating: weight[2]))
      var value = load(source)
      a0 = a0.addingProduct(value, w0)
      b0 = b0.addingProduct(value, w1)
      c0 = c0.addingProduct(value, w2)
      value = load(source + 8)
      a1 = a1.addingProduct(value, w0)
      b1 = b1.addingProduct(value, w1)
      c1 = c1.addingProduct(value, w2)
      value = load(source + 16)
      a2 = a2.addingProduct(value, w0)
      b2 = b2.addingProduct(value, w1)
      c2 = c2.addingProduct(value, w2)
      source += rows.channel
      weight += 3
    }
  }
  store(a0, c)
  store(a1, c + 8)
  store(a2, c + 16)
  store(b0, c + stride)
  store(b1, c + stride + 8)
  store(b2, c + stride + 16)
  store(c0, c + 2 * stride)
  store(c1, c + 2 * stride + 8)
  store(c2, c + 2 * stride + 16)
}

/// The same for 16 tiles.
@inline(never)
func multiplyTiles16x3(
  _ a: UnsafePointer<Float>, _ rows: TileRows, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
  stride: Int
) {
  var (a0, a1) = (Lanes.zero, Lanes.zero)
  var (b0, b1) = (Lanes.zero, Lanes.zero)
  var (c0, c1) = (Lanes.zero, Lanes.zero)
  var weight = b
  for position in 0..<rows.blocks * rows.blocks {
    var source = a + rows.offset(of: position)
    for _ in 0..<rows.channels {
      let (w0, w1, w2) = (Lanes(repeating: weight[0]), Lanes(repeating: weight[1]), Lanes(repeating: weight[2]))
      var value = load(source)
      a0 = a0.addingProduct(value, w0)
      b0 = b0.addingProduct(value, w1)
      c0 = c0.addingProduct(value, w2)
      value = load(source + 8)
      a1 = a1.addingProduct(value, w0)
      b1 = b1.addingProduct(value, w1)
      c1 = c1.addingProduct(value, w2)
      source += rows.channel
      weight += 3
    }
  }
  store(a0, c)
  store(a1, c + 8)
  store(b0, c + stride)
  store(b1, c + stride + 8)
  store(c0, c + 2 * stride)
  store(c1, c + 2 * stride + 8)
}

/// The same for `tiles` tiles. Those beyond, up to a whole register tile, are also computed and written.
@inline(__always)
func multiplyTiles(
  _ tiles: Int, _ a: UnsafePointer<Float>, _ rows: TileRows, _ b: UnsafePointer<Float>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var tile = 0
  while tile < tiles {
    let vectors = (tiles - tile + laneCount - 1) / laneCount
    let (a, c) = (a + tile, c + tile)
    if rows.isWide && vectors > 6 {
      for position in 0..<rows.blocks * rows.blocks {
        multiplyWideTiles64x3(
          a + rows.offset(of: position), row: rows.channel, depth: rows.channels, b + position * rows.channels * 3,
          isFirst: position == 0, into: c, stride: stride)
      }
      tile += 64
    } else if vectors == 4 || vectors > 6 {
      multiplyTiles32x3(a, rows, b, into: c, stride: stride)
      tile += 32
    } else if vectors > 2 {
      multiplyTiles24x3(a, rows, b, into: c, stride: stride)
      tile += 24
    } else {
      multiplyTiles16x3(a, rows, b, into: c, stride: stride)
      tile += 16
    }
  }
}
