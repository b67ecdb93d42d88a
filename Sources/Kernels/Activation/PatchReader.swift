/// Reads rectangles of an ``ActivationInput`` into a buffer that stays in the cache: padded, normalised, rectified.
///
/// Every kernel takes its input through this one reader, so that none knows of borders or norms.
struct PatchReader {
  let input: ActivationInput
  let geometry: ConvolutionGeometry
  let channels: Int
  /// From positions in the padded input to those that the reader is asked for: 1, or 2 where the kernel works at the
  /// resolution in front of the upsampling.
  let upsampling: Int
  let padding: Int
  /// Floats between blocks of eight channels.
  let plane: Int
  /// Floats between pixels.
  let pixel: Int

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

/// Copies neighbours of a row, eight channels each.
private struct PixelRun: PixelVisitor {
  /// Where the first one lies, in floats.
  let offset: Int
  let pixels: Int
  /// Floats between pixels.
  let pixel: Int
  /// Floats between pixels of the target.
  let step: Int
  let target: UnsafeMutablePointer<Float>

  @inline(__always)
  func visit(_ source: some PixelSource) {
    var (offset, target) = (offset, target)
    for _ in 0..<pixels {
      store(source.value(at: offset), target)
      offset += pixel
      target += step
    }
  }
}
