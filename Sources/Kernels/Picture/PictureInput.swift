/// A picture as a kernel reads it: RGB of bytes or floats, 0…255. The caller owns the memory.
public struct PictureInput: @unchecked Sendable {
  /// Where the values are and of what kind.
  public enum Storage {
    /// Three bytes a pixel; rows are `stride` bytes apart.
    case bytes(UnsafePointer<UInt8>, stride: Int)
    /// `[height, width, 3]`.
    case floats(UnsafePointer<Float>, stride: Int)
  }

  /// The values.
  public let storage: Storage

  /// A picture.
  public init(_ storage: Storage) { self.storage = storage }
}

/// From positions in the padded, extended picture to those in the picture itself.
///
/// A network may need more columns and rows than the picture has; it then sees the picture mirrored at its right and bottom.
/// Padding and extension are this one map.
public struct PictureMap: Sendable {
  /// The picture's column for each padded position, or −1 for zeros.
  let columns: [Int32]
  /// The picture's row for each padded position, or −1.
  let rows: [Int32]
  /// The padded positions whose columns follow one another as they do in the picture.
  let direct: Range<Int>

  /// The map of a picture of `width` × `height` under `geometry`, whose own extents are at least these.
  public init(_ geometry: ConvolutionGeometry, width: Int, height: Int) {
    columns = geometry.columnMap.map { $0 < 0 ? -1 : Int32(ConvolutionGeometry.reflected(Int($0), extent: width)) }
    rows = geometry.rowMap.map { $0 < 0 ? -1 : Int32(ConvolutionGeometry.reflected(Int($0), extent: height)) }
    direct = geometry.padding..<geometry.padding + width
  }
}

/// A picture with its padding and extension: what a first layer reads, as planes of floats or as it lies in memory.
public struct PictureReader: Sendable {
  let picture: PictureInput
  let map: PictureMap

  /// A reader of `picture`, whose padding and extension `map` describes.
  public init(picture: PictureInput, map: PictureMap) {
    self.picture = picture
    self.map = map
  }

  /// Reads `count` columns from padded `column` of padded `row` into three planes, `plane` floats apart; beyond the
  /// padding there are zeros.
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

  /// Whether eight columns from `position` on, of the `count` that are wanted, follow one another in the picture.
  @inline(__always)
  private func isRun(_ columns: UnsafeBufferPointer<Int32>, _ position: Int, _ count: Int) -> Bool {
    guard laneCount <= count else { return false }
    let source = Int(columns[position])
    return source >= 0 && Int(columns[position + laneCount - 1]) == source + laneCount - 1
      && Int(columns[position + 1]) == source + 1
  }

  /// Inside the picture columns follow one another: eight of them at a time need no map.
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

  /// Reads `count` columns from padded `column` of padded `row` as they lie in the picture, three floats a pixel.
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

  /// The same for positions outside of the run in which columns follow one another.
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
