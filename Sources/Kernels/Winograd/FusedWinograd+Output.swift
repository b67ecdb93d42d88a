// Applies the inverse transform to the columns of a strip, or to whole tiles if all planes of products are available.

extension FusedWinograd {
  /// Applies the inverse transform to the columns and writes them. With ``UpsamplePhases``, the channels of each phase
  /// go to its pixels of a block.
  @inline(__always)
  func writeColumns(
    _ halves: UnsafePointer<Float>, phases: Int, image: Int, tiles: Range<Int>, output: ActivationOutput,
    moments: UnsafeMutablePointer<Double>?
  ) {
    let (geometry, strip) = (geometry, strip)
    let (channels, side) = (geometry.outputChannels / phases, phases == 1 ? 1 : 2)
    let pixel = output.layout.pixelStride(channels: channels)
    let row = side * geometry.outputWidth * pixel
    let writer = ColumnWriter(plane: strip.outputPlane, pixel: side * pixel, row: side * row)
    let pixels = phases * geometry.outputPixels
    let block = output.layout.blockStride(pixels: pixels)
    let appliesReLU = output.appliesReLU
    // The offset from an output to its residual.
    let residual = output.residual.map { $0 - UnsafePointer(output.values) }
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(from: tile, to: tiles.upperBound, tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
      let rows = min(Tile.outputs, geometry.outputHeight - run.top)
      let columns = min(Tile.outputs * run.tiles, geometry.outputWidth - run.left)
      let first = halves + (tile - tiles.lowerBound) * Tile.outputs * laneCount
      // The phases of a channel are consecutive because two of them share each cache line.
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
          // Use the value after ReLU as the pivot: a value that ReLU clamps may lie far from all others.
          var sums = MomentSums(pivot: appliesReLU ? rectified(pivot) : pivot)
          writer.write(source, Tile.self, rows: rows, columns: columns, to: target) { value, _ in
            let value = appliesReLU ? rectified(value + bias) : value + bias
            sums.add(value)
            return value
          }
          sums.count(rows * columns)
          sums.flush(into: moments, channel: channel, channels: channels)
        } else if let residual {
          writer.write(source, Tile.self, rows: rows, columns: columns, to: target) { value, place in
            (appliesReLU ? rectified(value + bias) : value + bias) + load(place + residual)
          }
        } else if appliesReLU {
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

  /// Applies the inverse transform to eight channels of neighbouring tiles and writes them.
  ///
  /// Plane `p` of tile `t` is at `products + p·plane + t·tile`.
  @inline(__always)
  static func writeTiles(
    _ products: UnsafePointer<Float>, plane: Int, tile tileStride: Int, run: TileRun, _ geometry: ConvolutionGeometry,
    image: Int, channel: Int, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?,
    temporary: UnsafeMutablePointer<Float>
  ) {
    let (outputs, points) = (Tile.outputs, Tile.points)
    let channels = geometry.outputChannels
    let height = min(outputs, geometry.outputHeight - run.top)
    let bias = output.bias.map { load($0 + channel) } ?? .zero
    let appliesReLU = output.appliesReLU
    let step = output.layout.pixelStride(channels: channels)
    let block = output.layout.blockStride(pixels: geometry.outputPixels)
    let base = output.values + image * channels * geometry.outputPixels + channel / laneCount * block
    var sums = MomentSums(pivot: .zero)
    for tile in 0..<run.tiles {
      let source = products + tile * tileStride
      for column in 0..<points {
        let target = temporary + column * laneCount
        Tile.transformOutput(source + column * plane, stride: points * plane) { row, value in
          store(value, target + row * points * laneCount)
        }
      }
      let first = run.left + tile * outputs
      let width = min(outputs, geometry.outputWidth - first)
      var target = base + (run.top * geometry.outputWidth + first) * step
      for line in 0..<height {
        Tile.transformOutput(temporary + line * points * laneCount, stride: laneCount) { pixel, value in
          guard pixel < width else { return }
          var value = value + bias
          if appliesReLU { value = rectified(value) }
          if tile == 0 && line == 0 && pixel == 0 { sums = MomentSums(pivot: value) }
          sums.add(value)
          store(value, target + pixel * step)
        }
        target += geometry.outputWidth * step
      }
      sums.count(height * width)
    }
    if let moments { sums.flush(into: moments, channel: channel, channels: channels) }
  }
}

/// Applies the inverse transform to columns whose points are `plane` floats apart, and writes their pixels, which are
/// `pixel` and `row` floats apart.
struct ColumnWriter {
  let plane: Int
  let pixel: Int
  let row: Int

  /// Writes the results of `map` for each value and its destination.
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
