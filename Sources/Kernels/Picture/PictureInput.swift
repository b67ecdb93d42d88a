/// An input picture: RGB bytes or floats, 0…255. The caller owns the memory.
public struct PictureInput: @unchecked Sendable {
  /// The memory and the type of the values.
  public enum Storage {
    /// Three bytes per pixel. Rows are `stride` bytes apart.
    case bytes(UnsafePointer<UInt8>, stride: Int)
    /// `[height, width, 3]`.
    case floats(UnsafePointer<Float>, stride: Int)
  }

  /// The values.
  package let storage: Storage

  /// Creates a picture.
  public init(_ storage: Storage) { self.storage = storage }
}

/// The map from positions in the padded, extended picture to those in the picture.
///
/// A network may need more columns and rows than the picture has. The picture is then reflected at its right and bottom
/// edges. This map describes both padding and extension.
public struct PictureMap: Sendable {
  /// The picture's column for each padded position, or −1 for zeros.
  let columns: [Int32]
  /// The picture's row for each padded position, or −1 for zeros.
  let rows: [Int32]
  /// The padded positions whose columns are contiguous in the picture.
  let direct: Range<Int>

  /// Creates the map of a picture of `width` × `height` under `geometry`, whose input is at least as large.
  public init(_ geometry: ConvolutionGeometry, width: Int, height: Int) {
    columns = geometry.columnMap.map { $0 < 0 ? -1 : Int32(ConvolutionGeometry.reflected(Int($0), extent: width)) }
    rows = geometry.rowMap.map { $0 < 0 ? -1 : Int32(ConvolutionGeometry.reflected(Int($0), extent: height)) }
    direct = geometry.padding..<geometry.padding + width
  }
}

/// A picture with its padding and extension, as a first layer reads it: into planes of floats or as interleaved pixels.
public struct PictureReader: Sendable {
  let picture: PictureInput
  let map: PictureMap

  /// Creates a reader of `picture` with the padding and extension of `map`.
  public init(picture: PictureInput, map: PictureMap) {
    self.picture = picture
    self.map = map
  }

  /// Reads `count` columns from padded `column` of padded `row` into three planes, `plane` floats apart. Everything
  /// beyond the padding is zero.
  @inline(__always)
  func read(row: Int, column: Int, count: Int, plane: Int, into target: UnsafeMutablePointer<Float>) {
    let stored = row < map.rows.count ? Int(map.rows[row]) : -1
    let known = max(0, min(count, map.columns.count - column))
    for channel in 0..<3 { (target + channel * plane + known).update(repeating: 0, count: count - known) }
    guard stored >= 0 else {
      for channel in 0..<3 { (target + channel * plane).update(repeating: 0, count: known) }
      return
    }
    map.columns.withUnsafeBufferPointer { columns in
      switch picture.storage {
      case .bytes(let bytes, let stride):
        let row = bytes + stored * stride
        read(columns, column, known, plane: plane, into: target, { colours(row + 3 * $0) }, { Float(row[$0]) })
      case .floats(let floats, let stride):
        let row = floats + stored * stride
        read(columns, column, known, plane: plane, into: target, { colours(row + 3 * $0) }, { row[$0] })
      }
    }
  }

  /// Whether the eight columns from `position`, of `count` requested ones, are contiguous in the picture.
  @inline(__always)
  private func isRun(_ columns: UnsafeBufferPointer<Int32>, _ position: Int, _ count: Int) -> Bool {
    guard laneCount <= count else { return false }
    let source = Int(columns[position])
    return source >= 0 && Int(columns[position + laneCount - 1]) == source + laneCount - 1
      && Int(columns[position + 1]) == source + 1
  }

  /// Reads columns within the picture, which are contiguous: eight at a time, without the map.
  @inline(__always)
  private func read(
    _ columns: UnsafeBufferPointer<Int32>, _ column: Int, _ count: Int, plane: Int,
    into target: UnsafeMutablePointer<Float>, _ eight: (_ pixel: Int) -> (Lanes, Lanes, Lanes),
    _ one: (_ offset: Int) -> Float
  ) {
    var index = 0
    while index < count {
      let source = Int(columns[column + index])
      if isRun(columns, column + index, count - index) {
        let (red, green, blue) = eight(source)
        store(red, target + index)
        store(green, target + plane + index)
        store(blue, target + 2 * plane + index)
        index += laneCount
      } else {
        for channel in 0..<3 { target[channel * plane + index] = source < 0 ? 0 : one(3 * source + channel) }
        index += 1
      }
    }
  }

  /// Reads `count` columns from padded `column` of padded `row` as they are stored, three floats per pixel.
  @inline(__always)
  func readPixels(row: Int, column: Int, count: Int, into target: UnsafeMutablePointer<Float>) {
    let stored = row < map.rows.count ? Int(map.rows[row]) : -1
    guard stored >= 0 else { return target.update(repeating: 0, count: 3 * count) }
    switch picture.storage {
    case .bytes(let bytes, let stride):
      let row = bytes + stored * stride
      readPixels(column, count, into: target, { load(row + $0) }, { Float(row[$0]) })
    case .floats(let floats, let stride):
      let row = floats + stored * stride
      readPixels(column, count, into: target, { load(row + $0) }, { row[$0] })
    }
  }

  @inline(__always)
  private func readPixels(
    _ column: Int, _ count: Int, into target: UnsafeMutablePointer<Float>, _ eight: (_ offset: Int) -> Lanes,
    _ one: (_ offset: Int) -> Float
  ) {
    let inside = map.direct.clamped(to: column..<column + count)
    readMapped(column..<inside.lowerBound, from: column, into: target, one)
    readMapped(inside.upperBound..<column + count, from: column, into: target, one)
    guard let first = inside.first else { return }
    let (source, end) = (3 * Int(map.columns[first]), 3 * inside.count)
    let place = target + 3 * (first - column)
    var index = 0
    while index + laneCount <= end {
      store(eight(source + index), place + index)
      index += laneCount
    }
    while index < end {
      place[index] = one(source + index)
      index += 1
    }
  }

  /// Reads positions outside the run of contiguous columns.
  @inline(__always)
  private func readMapped(
    _ positions: Range<Int>, from column: Int, into target: UnsafeMutablePointer<Float>, _ one: (_ offset: Int) -> Float
  ) {
    for position in positions {
      let source = position < map.columns.count ? Int(map.columns[position]) : -1
      let place = target + 3 * (position - column)
      for channel in 0..<3 { place[channel] = source < 0 ? 0 : one(3 * source + channel) }
    }
  }
}
