// A strip goes through the transforms one axis at a time: columns as they are read, then for each of the points along a column
// the rows, their products and the rows back, and at last the columns back as they are written. Of the 64 planes of products only
// the 8 of one point exist at a time, and stay in the first-level cache; what lies between the axes is read and written in a row.

extension FusedWinograd {
  /// Where a strip's intermediate results lie in a thread's scratch, in floats.
  struct Strip {
    let layout: Layout
    let patchCount: Int
    /// Transformed columns, `[points][I/8][column][8]`: columns, and floats between points. All distances between planes are odd
    /// multiples of a cache line, since powers of two would fall into few sets.
    let columns: Int
    let columnPlane: Int
    /// Rows of one point transformed too, `[points][tile][I]`.
    let inputPlane: Int
    /// Their products, `[points][tile][channels at a time]`.
    let productPlane: Int
    /// Rows transformed back, `[points][O/8][column][8]`: columns, and floats between points.
    let outputColumns: Int
    let outputPlane: Int
    private let points: Int

    init<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _ layout: Layout, _: Tile.Type) {
      self.layout = layout
      points = Tile.points
      let tiles = (layout.tilesPerStrip + 11) / 12 * 12
      // At most: every tile in a row of its own.
      columns = tiles * points
      patchCount = points * columns * laneCount
      columnPlane = columns * geometry.inputChannels + 16
      inputPlane = tiles * geometry.inputChannels + 16
      productPlane = tiles * layout.channelsAtATime + 16
      outputColumns = tiles * Tile.outputs
      outputPlane = outputColumns * geometry.outputChannels + 16
    }

    var scratchCount: Int { patchCount + points * (columnPlane + inputPlane + productPlane + outputPlane) }
  }

  /// Computes `tiles`; `write` gets them with their columns still to be transformed back, `[points][O/8][column][8]`.
  @inline(__always)
  static func forwardStrip<Tile: WinogradTile>(
    _ strip: Strip, _ reader: PatchReader, _ geometry: ConvolutionGeometry, _: Tile.Type, image: Int,
    tiles: Range<Int>, weight: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    _ write: (_ halves: UnsafePointer<Float>) -> Void
  ) {
    let points = Tile.points
    let (inputs, channels) = (geometry.inputChannels, geometry.outputChannels)
    let columns = scratch + strip.patchCount
    let transformed = columns + points * strip.columnPlane
    let products = transformed + points * strip.inputPlane
    let halves = products + points * strip.productPlane

    transformColumns(
      strip, reader, Tile.self, image: image, tiles: tiles, channels: inputs, patch: scratch, into: columns)
    let rows = MicrokernelRows(row: inputs, segment: 0, segments: 1, depth: inputs)
    for point in 0..<points {
      transformRows(
        strip, columns + point * strip.columnPlane, Tile.self, tiles: tiles, channels: inputs, into: transformed)
      var channel = 0
      while channel < channels {
        let group = min(strip.layout.channelsAtATime, channels - channel)
        var panel = weight + (channel * points * points + point * points * group) * inputs
        for plane in 0..<points {
          multiplyPanels(
            tiles.count, columns: group, transformed + plane * strip.inputPlane, rows, panel,
            into: products + plane * strip.productPlane, stride: group)
          panel += inputs * group
        }
        transformRowsBack(
          strip, products, Tile.self, tiles: tiles.count, channels: group,
          into: halves + point * strip.outputPlane + channel * strip.outputColumns)
        channel += group
      }
    }
    write(halves)
  }

  /// Reads what the tiles cover and transforms its columns.
  @inline(__always)
  private static func transformColumns<Tile: WinogradTile>(
    _ strip: Strip, _ reader: PatchReader, _: Tile.Type, image: Int, tiles: Range<Int>, channels: Int,
    patch: UnsafeMutablePointer<Float>, into columns: UnsafeMutablePointer<Float>
  ) {
    let (points, outputs) = (Tile.points, Tile.outputs)
    var position = 0
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(
        from: tile, to: tiles.upperBound, tilesPerRow: strip.layout.tilesPerRow, outputs: outputs)
      let width = outputs * (run.tiles - 1) + points
      let owned = PixelRectangle(
        rows: run.top..<run.top + outputs, columns: run.left..<run.left + outputs * run.tiles)
      for channel in stride(from: 0, to: channels, by: laneCount) {
        reader.forEachColumn(
          image: image, row: run.top, rows: points, column: run.left, columns: width, channel: channel, owned: owned,
          patch: patch,
          ColumnTransform<Tile>(
            target: columns + channel * strip.columns + position * laneCount, plane: strip.columnPlane))
      }
      position += width
      tile += run.tiles
    }
  }

  /// Transforms the rows of one point, `[I/8][column][8]` to `[points][tile][I]`.
  @inline(__always)
  private static func transformRows<Tile: WinogradTile>(
    _ strip: Strip, _ columns: UnsafePointer<Float>, _: Tile.Type, tiles: Range<Int>, channels: Int,
    into transformed: UnsafeMutablePointer<Float>
  ) {
    for channel in stride(from: 0, to: channels, by: laneCount) {
      var source = columns + channel * strip.columns
      var target = transformed + channel
      var tile = tiles.lowerBound
      while tile < tiles.upperBound {
        let run = TileRun(
          from: tile, to: tiles.upperBound, tilesPerRow: strip.layout.tilesPerRow, outputs: Tile.outputs)
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

  /// Transforms the rows of one point back, `[points][tile][channels]` to `[channels/8][column][8]`.
  @inline(__always)
  private static func transformRowsBack<Tile: WinogradTile>(
    _ strip: Strip, _ products: UnsafePointer<Float>, _: Tile.Type, tiles: Int, channels: Int,
    into halves: UnsafeMutablePointer<Float>
  ) {
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

  /// Transforms the columns back and writes them; with ``UpsamplePhases``, each phase's channels to its pixels of a block.
  @inline(__always)
  static func writeColumns<Tile: WinogradTile>(
    _ strip: Strip, _ halves: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, _: Tile.Type, phases: Int,
    image: Int, tiles: Range<Int>, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?
  ) {
    let (channels, side) = (geometry.outputChannels / phases, phases == 1 ? 1 : 2)
    let pixel = output.layout.pixelStride(channels: channels)
    let row = side * geometry.outputWidth * pixel
    let writer = ColumnWriter(plane: strip.outputPlane, pixel: side * pixel, row: side * row)
    let pixels = phases * geometry.outputPixels
    let block = output.layout.blockStride(pixels: pixels)
    let rectifies = output.rectifies
    // From an output to its residual.
    let residual = output.residual.map { $0 - UnsafePointer(output.values) }
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(
        from: tile, to: tiles.upperBound, tilesPerRow: strip.layout.tilesPerRow, outputs: Tile.outputs)
      let rows = min(Tile.outputs, geometry.outputHeight - run.top)
      let columns = min(Tile.outputs * run.tiles, geometry.outputWidth - run.left)
      let first = halves + (tile - tiles.lowerBound) * Tile.outputs * laneCount
      // The phases of a channel one after another, since two of them share each cache line.
      for index in 0..<channels / laneCount * phases {
        let (channel, phase) = (index / phases * laneCount, index % phases)
        let bias = output.bias.map { load($0 + channel) } ?? .zero
        let source = first + (phase * channels + channel) * strip.outputColumns
        let target =
          output.values + image * channels * pixels + channel / laneCount * block
          + (side * run.top + phase / 2) * row + (side * run.left + phase % 2) * pixel
        if let moments {
          var pivot = Lanes.zero
          Tile.transformOutput(source, stride: strip.outputPlane) { if $0 == 0 { pivot = $1 + bias } }
          // A pivot as it is written: a value that ReLU takes away may lie far from all others.
          var sums = MomentSums(pivot: rectifies ? rectified(pivot) : pivot)
          writer.write(source, Tile.self, rows: rows, columns: columns, to: target) { value, _ in
            let value = rectifies ? rectified(value + bias) : value + bias
            sums.add(value)
            return value
          }
          sums.count(rows * columns)
          sums.flush(into: moments, channel: channel, channels: channels)
        } else if let residual {
          writer.write(source, Tile.self, rows: rows, columns: columns, to: target) { value, place in
            (rectifies ? rectified(value + bias) : value + bias) + load(place + residual)
          }
        } else if rectifies {
          writer.write(source, Tile.self, rows: rows, columns: columns, to: target) { value, _ in
            rectified(value + bias)
          }
        } else {
          writer.write(source, Tile.self, rows: rows, columns: columns, to: target) { value, _ in value + bias }
        }
      }
      tile += run.tiles
    }
  }
}

/// Transforms columns to `[points][column][8]`, points `plane` floats apart.
private struct ColumnTransform<Tile: WinogradTile>: ColumnReceiver {
  let target: UnsafeMutablePointer<Float>
  let plane: Int

  @inline(__always)
  func receive(column: Int, _ value: (_ row: Int) -> Lanes) {
    Tile.transformInput(value, into: target + column * laneCount, stride: plane)
  }
}

/// Transforms columns back, whose points are `plane` floats apart, and writes their pixels, which are `pixel` and `row` floats apart.
struct ColumnWriter {
  let plane: Int
  let pixel: Int
  let row: Int

  /// Writes what `map` makes of each value and of its place.
  @inline(__always)
  func write<Tile: WinogradTile>(
    _ source: UnsafePointer<Float>, _: Tile.Type, rows: Int, columns: Int, to target: UnsafeMutablePointer<Float>,
    _ map: (_ value: Lanes, _ place: UnsafeMutablePointer<Float>) -> Lanes
  ) {
    var (source, target) = (source, target)
    for _ in 0..<columns {
      if rows == Tile.outputs {
        Tile.transformOutput(source, stride: plane) { index, value in
          let place = target + index * row
          store(map(value, place), place)
        }
      } else {
        Tile.transformOutput(source, stride: plane) { index, value in
          guard index < rows else { return }
          let place = target + index * row
          store(map(value, place), place)
        }
      }
      source += laneCount
      target += pixel
    }
  }
}
