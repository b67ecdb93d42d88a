// A strip is transformed one axis at a time: the columns as they are read; then, for each point along a column, the
// rows, their products and the inverse transform of the rows; finally the inverse transform of the columns as they are
// written. Only the 8 planes of products of one point, of 64, exist at a time and stay in the first-level cache. The
// intermediate results between the axes are read and written sequentially.

import BFloat16Kernels

extension FusedWinograd {
  /// Computes `tiles`. `write` receives them before the inverse transform of their columns, `[points][O/8][column][8]`.
  @inline(__always)
  func forwardStrip(
    _ reader: PatchReader, image: Int, tiles: Range<Int>, weight: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, _ write: (_ halves: UnsafePointer<Float>) -> Void
  ) {
    let (points, strip) = (Tile.points, strip)
    let (inputs, channels, depth) = (geometry.inputChannels, geometry.outputChannels, depth)
    let columns = scratch + strip.patchCount
    let transformed = columns + points * strip.columnPlane
    let products = transformed + points * strip.inputPlane
    let halves = products + points * strip.productPlane
    let rounded = UnsafeMutableRawPointer(halves + points * strip.outputPlane).assumingMemoryBound(to: UInt32.self)

    transformColumns(reader, image: image, tiles: tiles, patch: scratch, into: columns)
    let rows = MicrokernelRows(row: inputs, segment: 0, segments: 1, depth: inputs)
    for point in 0..<points {
      transformRows(columns + point * strip.columnPlane, tiles: tiles, into: transformed)
      if precision == .bfloat16 {
        for plane in 0..<points {
          roundToBFloat16(
            transformed + plane * strip.inputPlane, count: tiles.count * inputs,
            into: rounded + plane * strip.roundedPlane)
        }
      }
      var channel = 0
      while channel < channels {
        let group = min(layout.channelsAtATime, channels - channel)
        var panel = weight + (channel * points * points + point * points * group) * depth
        for plane in 0..<points {
          let target = products + plane * strip.productPlane
          switch precision {
          case .float32:
            multiplyPanels(
              tiles.count, columns: group, transformed + plane * strip.inputPlane, rows, panel, into: target,
              stride: group)
          case .bfloat16:
            multiplyBFloat16Panels(
              tiles.count, columns: group, rounded + plane * strip.roundedPlane, depth: depth,
              UnsafeRawPointer(panel).assumingMemoryBound(to: UInt32.self), into: target, stride: group)
          }
          panel += depth * group
        }
        transformRowsBack(
          products, tiles: tiles.count, channels: group,
          into: halves + point * strip.outputPlane + channel * strip.outputColumns)
        channel += group
      }
    }
    write(halves)
  }

  /// Transforms the rows of one point, `[I/8][column][8]` to `[points][tile][I]`.
  @inline(__always)
  private func transformRows(
    _ columns: UnsafePointer<Float>, tiles: Range<Int>, into transformed: UnsafeMutablePointer<Float>
  ) {
    let (strip, channels, tilesPerRow) = (strip, geometry.inputChannels, layout.tilesPerRow)
    for channel in stride(from: 0, to: channels, by: laneCount) {
      var source = columns + channel * strip.columns
      var target = transformed + channel
      var tile = tiles.lowerBound
      while tile < tiles.upperBound {
        let run = TileRun(from: tile, to: tiles.upperBound, tilesPerRow: tilesPerRow, outputs: Tile.outputs)
        for _ in 0..<run.tiles {
          Tile.transformInput(source, stride: laneCount, into: target, stride: strip.inputPlane)
          source += Tile.outputs * laneCount
          target += channels
        }
        source += (Tile.points - Tile.outputs) * laneCount
        tile += run.tiles
      }
    }
  }

  /// Applies the inverse transform to the rows of one point, `[points][tile][channels]` to `[channels/8][column][8]`.
  @inline(__always)
  private func transformRowsBack(
    _ products: UnsafePointer<Float>, tiles: Int, channels: Int, into halves: UnsafeMutablePointer<Float>
  ) {
    let strip = strip
    for channel in stride(from: 0, to: channels, by: laneCount) {
      var source = products + channel
      var target = halves + channel * strip.outputColumns
      for _ in 0..<tiles {
        Tile.transformOutput(source, stride: strip.productPlane) { store($1, target + $0 * laneCount) }
        source += channels
        target += Tile.outputs * laneCount
      }
    }
  }
}

/// The offsets of a strip's intermediate results in a thread's scratch memory, in floats.
struct WinogradStrip {
  let patchCount: Int
  /// The number of transformed columns, `[points][I/8][column][8]`, and of floats between points. All strides between
  /// planes are odd multiples of a cache line, since powers of two would map to few cache sets.
  let columns: Int
  let columnPlane: Int
  /// The rows of one point after their transform, `[points][tile][I]`.
  let inputPlane: Int
  /// Their products, `[points][tile][channels at a time]`.
  let productPlane: Int
  /// The number of columns after the inverse transform of the rows, `[points][O/8][column][8]`, and of floats between
  /// points.
  let outputColumns: Int
  let outputPlane: Int
  /// The rows as bfloat16, `[points][tile][I/2]`, or nothing.
  let roundedPlane: Int
  private let points: Int

  init<Tile: WinogradTile>(
    _ geometry: ConvolutionGeometry, _ layout: WinogradLayout, _: Tile.Type, precision: ProductPrecision
  ) {
    points = Tile.points
    let tiles = (layout.tilesPerStrip + 11) / 12 * 12
    // The maximum: every tile in its own row.
    columns = tiles * points
    patchCount = points * columns * laneCount
    columnPlane = columns * geometry.inputChannels + 16
    inputPlane = tiles * geometry.inputChannels + 16
    productPlane = tiles * layout.channelsAtATime + 16
    outputColumns = tiles * Tile.outputs
    outputPlane = outputColumns * geometry.outputChannels + 16
    roundedPlane = precision == .bfloat16 ? tiles * geometry.inputChannels / 2 + 16 : 0
  }

  var scratchCount: Int {
    patchCount + points * (columnPlane + inputPlane + productPlane + outputPlane + roundedPlane)
  }
}
