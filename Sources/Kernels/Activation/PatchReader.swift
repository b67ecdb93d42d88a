/// Reads rectangles of an ``ActivationInput``, padded and with norm and ReLU applied, into a buffer that stays in the
/// cache.
///
/// Every kernel reads its input through this type, so that no kernel has to handle borders or norms.
struct PatchReader {
  let input: ActivationInput
  let geometry: ConvolutionGeometry
  let channels: Int
  /// The factor from positions in the reader's coordinates to positions in the padded input: 1, or 2 if the kernel
  /// works at the resolution before the upsampling.
  let upsampling: Int
  let padding: Int
  /// The number of floats between blocks of eight channels.
  let plane: Int
  /// The number of floats between pixels.
  let pixel: Int

  /// Creates a reader of the padded input of `geometry`. With `beforeUpsampling`, it reads the stored input and one
  /// surrounding pixel with which the upsampled map continues.
  init(_ input: ActivationInput, _ geometry: ConvolutionGeometry, beforeUpsampling: Bool = false) {
    self.input = input
    self.geometry = geometry
    channels = geometry.inputChannels
    plane = input.layout.blockStride(pixels: geometry.height * geometry.width)
    pixel = input.layout.pixelStride(channels: channels)
    upsampling = beforeUpsampling ? geometry.upsampling : 1
    padding = beforeUpsampling ? 1 : geometry.padding
  }

  /// Returns the stored row of padded row `position`, counted from the top of the padding, or −1 for zeros.
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
    // One pixel around the stored input, with the value of the map there after upsampling by 2 and padding by 1.
    if position == 0 { return Int(map[0]) }
    if position <= extent { return position - 1 }
    return position == extent + 1 ? Int(map[map.count - 1]) : -1
  }

  /// Reads `rows` × `columns` pixels, `count` channels of each from `channel`. `count` is a multiple of 8.
  ///
  /// `row` and `column` are padded coordinates, and everything outside is zero. Pixels are written `count` floats
  /// apart, row after row. If the input is materialized, the pixels of `owned`, in stored coordinates, are.
  @inline(__always)
  func read(
    image: Int, row: Int, rows: Int, column: Int, columns: Int, channel: Int, count: Int,
    owned: PixelRectangle, into buffer: UnsafeMutablePointer<Float>
  ) {
    let imageOffset = image * channels * geometry.height * geometry.width + channel / laneCount * plane
    // Whether stored columns are as contiguous here as they are in memory.
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

  /// Writes the stored `columns` of the row at `offset` to the materialized activation. `target` begins at stored
  /// column `first`.
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

/// Copies neighbouring pixels of a row, eight channels of each.
private struct PixelRun: PixelVisitor {
  /// The offset of the first pixel in floats.
  let offset: Int
  let pixels: Int
  /// The number of floats between pixels.
  let pixel: Int
  /// The number of floats between pixels of the target.
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
