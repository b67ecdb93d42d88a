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

  /// The map of a picture of `width` × `height` under `geometry`, whose own extents are at least these.
  public init(_ geometry: ConvolutionGeometry, width: Int, height: Int) {
    columns = geometry.columnMap.map { $0 < 0 ? -1 : Int32(ConvolutionGeometry.reflected(Int($0), extent: width)) }
    rows = geometry.rowMap.map { $0 < 0 ? -1 : Int32(ConvolutionGeometry.reflected(Int($0), extent: height)) }
  }
}

/// Reads rectangles of a picture as planes of floats.
struct PictureReader {
  let picture: PictureInput
  let map: PictureMap

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
        read(columns, column, known, plane: plane, into: target) { index, channel in
          Float(bytes[stored * stride + 3 * index + channel])
        }
      case .floats(let floats, let stride):
        read(columns, column, known, plane: plane, into: target) { index, channel in
          floats[stored * stride + 3 * index + channel]
        }
      }
    }
  }

  /// Inside the picture columns follow one another: eight of them at a time need no map.
  @inline(__always)
  private func read(
    _ columns: UnsafeBufferPointer<Int32>, _ column: Int, _ count: Int, plane: Int,
    into target: UnsafeMutablePointer<Float>, _ value: (_ pixel: Int, _ channel: Int) -> Float
  ) {
    var index = 0
    while index < count {
      let source = Int(columns[column + index])
      let isRun =
        index + laneCount <= count && source >= 0
        && Int(columns[column + index + laneCount - 1]) == source + laneCount - 1
        && Int(columns[column + index + 1]) == source + 1
      if isRun {
        for channel in 0..<3 {
          var lanes = Lanes.zero
          for lane in 0..<laneCount { lanes[lane] = value(source + lane, channel) }
          store(lanes, target + channel * plane + index)
        }
        index += laneCount
      } else {
        for channel in 0..<3 { target[channel * plane + index] = source < 0 ? 0 : value(source, channel) }
        index += 1
      }
    }
  }
}
