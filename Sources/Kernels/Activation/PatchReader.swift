/// Reads rectangles of an ``ActivationInput`` into a buffer that stays in the cache: padded, normalised, rectified.
///
/// Every kernel takes its input through this one reader, so that none knows of borders or norms.
struct PatchReader {
  private let input: ActivationInput
  private let geometry: ConvolutionGeometry
  private let channels: Int
  /// From positions in the padded input to those that the reader is asked for: 1, or 2 where the kernel works at the
  /// resolution in front of the upsampling.
  private let upsampling: Int
  private let padding: Int
  /// Floats between blocks of eight channels.
  private let plane: Int
  /// Floats between pixels.
  private let pixel: Int

  /// A reader of the padded input of `geometry`; with `beforeUpsampling`, of the stored input with one pixel around it, which
  /// is what the upsampled map continues into.
  init(_ input: ActivationInput, _ geometry: ConvolutionGeometry, beforeUpsampling: Bool = false) {
    self.input = input
    self.geometry = geometry
    channels = geometry.inputChannels
    plane = input.layout.blockStride(pixels: geometry.height * geometry.width)
    pixel = input.layout.pixelStride(channels: channels)
    upsampling = beforeUpsampling ? geometry.upsampling : 1
    padding = beforeUpsampling ? 1 : geometry.padding
  }

  /// The stored row of row `position`, which counts from the top of the padding; −1 for zeros.
  @inline(__always)
  private func storedRow(_ position: Int) -> Int {
    Self.stored(position, extent: geometry.height, padding: padding, upsampling: upsampling, map: geometry.rowMap)
  }

  @inline(__always)
  private func storedColumn(_ position: Int) -> Int {
    Self.stored(position, extent: geometry.width, padding: padding, upsampling: upsampling, map: geometry.columnMap)
  }

  @inline(__always)
  private static func stored(_ position: Int, extent: Int, padding: Int, upsampling: Int, map: [Int32]) -> Int {
    if upsampling == 1 { return position < map.count ? Int(map[position]) : -1 }
    // One pixel around the stored input: what the map, upsampled by 2 and padded by 1, holds there.
    if position == 0 { return Int(map[0]) }
    if position <= extent { return position - 1 }
    return position == extent + 1 ? Int(map[map.count - 1]) : -1
  }

  /// Reads `rows` × `columns` pixels, of each the channels from `channel` on, `count` of them, a multiple of 8.
  ///
  /// `row` and `column` count in the padded input; beyond it there are zeros. Pixels are written `count` floats apart, row
  /// after row. Where the input is materialized, the pixels of `owned`, in stored coordinates, are.
  @inline(__always)
  func read(
    image: Int, row: Int, rows: Int, column: Int, columns: Int, channel: Int, count: Int,
    owned: PixelRectangle, into buffer: UnsafeMutablePointer<Float>
  ) {
    let imageOffset = image * channels * geometry.height * geometry.width + channel / laneCount * plane
    // Stored columns that follow one another here as they do in memory.
    let isDirect = upsampling == geometry.upsampling
    let firstDirect = isDirect ? max(column, padding) : column
    let endDirect = isDirect ? min(column + columns, padding + geometry.width) : column
    for index in 0..<rows {
      let target = buffer + index * columns * count
      let stored = storedRow(row + index)
      guard stored >= 0 else {
        target.update(repeating: 0, count: columns * count)
        continue
      }
      let offset = imageOffset + stored * geometry.width * pixel
      let keeps = input.materialized != nil && owned.contains(row: stored) && row + index - padding == stored
      var position = column
      while position < column + columns {
        if position >= firstDirect && position < endDirect {
          let length = endDirect - position
          let first = position - padding
          readRun(
            offset + first * pixel, pixels: length, channel: channel, count: count,
            into: target + (position - column) * count)
          if keeps {
            keep(
              target, first: first - (position - column), offset: offset,
              columns: owned.columns(within: first..<first + length),
              count: count)
          }
          position = endDirect
        } else {
          let storedColumn = storedColumn(position)
          let place = target + (position - column) * count
          if storedColumn < 0 {
            place.update(repeating: 0, count: count)
          } else {
            readRun(offset + storedColumn * pixel, pixels: 1, channel: channel, count: count, into: place)
          }
          position += 1
        }
      }
    }
  }

  /// Writes stored `columns` of the row at `offset` to the materialized activation; `target` begins at stored column `first`.
  @inline(__always)
  private func keep(
    _ target: UnsafeMutablePointer<Float>, first: Int, offset: Int, columns: Range<Int>, count: Int
  ) {
    guard let materialized = input.materialized else { return }
    for column in columns {
      let from = target + (column - first) * count
      let to = materialized + offset + column * pixel
      for block in 0..<count / laneCount { store(load(from + block * laneCount), to + block * plane) }
    }
  }

  /// Reads `pixels` neighbours from `offset`.
  @inline(__always)
  private func readRun(
    _ offset: Int, pixels: Int, channel: Int, count: Int, into target: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<count / laneCount {
      input.visit(
        channel: channel + block * laneCount,
        PixelRun(
          offset: offset + block * plane, pixels: pixels, pixel: pixel, step: count,
          target: target + block * laneCount))
    }
  }

  // MARK: Columns

  /// Hands columns of `rows` pixels, 8 at most, to `receiver`, one column after another; of each eight channels from
  /// `channel` on.
  ///
  /// Positions count as in ``read(image:row:rows:column:columns:channel:count:owned:into:)``; beyond the padded input the last pixel goes
  /// on. Where there are zeros to be read, the columns go through `patch`, which has room for them.
  @inline(__always)
  func forEachColumn(
    image: Int, row: Int, rows: Int, column: Int, columns: Int, channel: Int, owned: PixelRectangle,
    patch: UnsafeMutablePointer<Float>, _ receiver: some ColumnReceiver
  ) {
    var offsets = InlineArray<8, Int>(repeating: 0)
    let imageOffset = image * channels * geometry.height * geometry.width + channel / laneCount * plane
    var isInside = upsampling == geometry.upsampling
    for index in 0..<rows {
      let stored = Self.continued(row + index, map: geometry.rowMap)
      isInside = isInside && stored >= 0
      offsets[index] = imageOffset + stored * geometry.width * pixel
    }
    isInside =
      isInside && Self.continued(column, map: geometry.columnMap) >= 0
      && Self.continued(column + columns - 1, map: geometry.columnMap) >= 0
    guard isInside else {
      read(
        image: image, row: row, rows: rows, column: column, columns: columns, channel: channel,
        count: laneCount, owned: owned, into: patch)
      for index in 0..<columns {
        receiver.receive(column: index) { load(patch + (index + $0 * columns) * laneCount) }
      }
      return
    }
    input.visit(
      channel: channel,
      PixelColumns(
        receiver: receiver, offsets: offsets, column: column, columns: columns, pixel: pixel, padding: padding,
        map: geometry.columnMap, width: geometry.width, materialized: input.materialized,
        ownedRows: owned.rows.clamped(to: 0..<geometry.height).shifted(by: padding - row),
        ownedColumns: owned.columns))
  }

  /// The stored row or column of `position`; −1 for zeros of the padding. Positions beyond the padded input, which only reach outputs
  /// that nobody keeps, are the last one.
  @inline(__always)
  static func continued(_ position: Int, map: [Int32]) -> Int { Int(map[min(position, map.count - 1)]) }
}

extension Range<Int> {
  @inline(__always)
  fileprivate func shifted(by distance: Int) -> Range<Int> { lowerBound + distance..<upperBound + distance }
}

/// Rows and columns of an image.
struct PixelRectangle {
  let rows: Range<Int>
  let columns: Range<Int>

  @inline(__always)
  func contains(row: Int) -> Bool { row >= rows.lowerBound && row < rows.upperBound }

  @inline(__always)
  func columns(within other: Range<Int>) -> Range<Int> {
    let first = max(columns.lowerBound, other.lowerBound)
    return first..<max(first, min(columns.upperBound, other.upperBound))
  }
}
