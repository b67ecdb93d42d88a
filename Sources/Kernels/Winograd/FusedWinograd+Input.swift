// Reads the input of a strip and transforms its columns, at three levels: the tiles of the strip, row by row; eight
// channels of a row's columns; and the column, whose pixels go from the activation through norm, ReLU and residual into
// the registers of the transform.

extension FusedWinograd {
  /// Reads the input of the tiles and transforms its columns, `[points][I/8][column][8]`.
  @inline(__always)
  func transformColumns(
    _ reader: PatchReader, image: Int, tiles: Range<Int>, patch: UnsafeMutablePointer<Float>,
    into columns: UnsafeMutablePointer<Float>
  ) {
    let (points, outputs, strip, channels) = (Tile.points, Tile.outputs, strip, geometry.inputChannels)
    var position = 0
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(from: tile, to: tiles.upperBound, tilesPerRow: layout.tilesPerRow, outputs: outputs)
      let width = outputs * (run.tiles - 1) + points
      let owned = PixelRectangle(
        rows: run.top..<run.top + outputs, columns: run.left..<run.left + outputs * run.tiles)
      for channel in stride(from: 0, to: channels, by: laneCount) {
        reader.transformColumns(
          Tile.self, image: image, row: run.top, column: run.left, columns: width, channel: channel, owned: owned,
          patch: patch, into: columns + channel * strip.columns + position * laneCount, plane: strip.columnPlane)
      }
      position += width
      tile += run.tiles
    }
  }
}

extension PatchReader {
  /// Transforms columns with as many pixels as the tile has points to `[points][column][8]`, with points `plane` floats
  /// apart, for the eight channels from `channel`.
  ///
  /// Positions are as in ``read(image:row:rows:column:columns:channel:count:owned:into:)``. Beyond the padded input,
  /// where only discarded outputs reach, the last pixel is repeated. If zeros must be read, the columns go through
  /// `patch`, which has room for them.
  @inline(__always)
  fileprivate func transformColumns<Tile: WinogradTile>(
    _: Tile.Type, image: Int, row: Int, column: Int, columns: Int, channel: Int, owned: PixelRectangle,
    patch: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>, plane targetPlane: Int
  ) {
    var offsets = InlineArray<8, Int>(repeating: 0)
    let imageOffset = image * channels * geometry.height * geometry.width + channel / laneCount * plane
    var isInside = upsampling == geometry.upsampling
    for index in 0..<Tile.points {
      let stored = continued(row + index, map: geometry.rowMap)
      isInside = isInside && stored >= 0
      offsets[index] = imageOffset + stored * geometry.width * pixel
    }
    isInside =
      isInside && continued(column, map: geometry.columnMap) >= 0
      && continued(column + columns - 1, map: geometry.columnMap) >= 0
    guard isInside else {
      read(
        image: image, row: row, rows: Tile.points, column: column, columns: columns, channel: channel,
        count: laneCount, owned: owned, into: patch)
      for index in 0..<columns {
        Tile.transformInput(
          { load(patch + (index + $0 * columns) * laneCount) }, into: target + index * laneCount, stride: targetPlane)
      }
      return
    }
    let rows = owned.rows.clamped(to: 0..<geometry.height)
    input.visit(
      channel: channel,
      ColumnTransform<Tile>(
        target: target, plane: targetPlane, offsets: offsets, column: column, columns: columns, pixel: pixel,
        padding: padding, map: geometry.columnMap, width: geometry.width, materialized: input.materialized,
        ownedRows: rows.lowerBound + padding - row..<rows.upperBound + padding - row, ownedColumns: owned.columns))
  }
}

/// Returns the stored row or column of `position`, or −1 for zeros of the padding. Positions beyond the padded input
/// map to the last one.
@inline(__always)
private func continued(_ position: Int, map: [Int32]) -> Int { Int(map[min(position, map.count - 1)]) }

/// Reads columns and transforms them, and stores what it reads if the input is materialized.
private struct ColumnTransform<Tile: WinogradTile>: PixelVisitor {
  let target: UnsafeMutablePointer<Float>
  let plane: Int
  /// The offsets of the rows in floats.
  let offsets: InlineArray<8, Int>
  /// The first column in the padded input, and the number of columns.
  let column: Int
  let columns: Int
  /// The number of floats between pixels.
  let pixel: Int
  let padding: Int
  let map: [Int32]
  let width: Int
  let materialized: UnsafeMutablePointer<Float>?
  /// The rows and the stored columns that are materialized.
  let ownedRows: Range<Int>
  let ownedColumns: Range<Int>

  @inline(__always)
  func visit(_ source: some PixelSource) {
    let direct = padding..<padding + width
    for index in 0..<columns {
      let position = column + index
      let isDirect = direct.contains(position)
      let stored = isDirect ? position - padding : continued(position, map: map)
      let place = stored * pixel
      let target = target + index * laneCount
      if let materialized, isDirect, ownedColumns.contains(stored) {
        Tile.transformInput(
          { row in
            let offset = offsets[row] + place
            let value = source.value(at: offset)
            if ownedRows.contains(row) { store(value, materialized + offset) }
            return value
          }, into: target, stride: plane)
      } else {
        Tile.transformInput({ source.value(at: offsets[$0] + place) }, into: target, stride: plane)
      }
    }
  }
}
