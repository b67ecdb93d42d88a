import Files

/// Reads the orientation from files whose EXIF data libav does not expose: TIFF, and PNG with an `eXIf` chunk.
///
/// Malformed data counts as no orientation.
struct StoredOrientation {
  private static let orientationTag = 0x0112
  private static let shortType = 3
  /// The maximum number of chunks or directory entries to read; valid files have fewer.
  private static let maximumCount = 4096

  private let file: RandomAccessFile

  /// Reads the orientation from the file at `path`; nil if there is none.
  static func read(_ path: String) -> ExifOrientation? {
    guard let file = try? RandomAccessFile(path: path) else { return nil }
    let reader = StoredOrientation(file: file)
    guard let start = try? file.bytes(offset: 0, count: min(8, file.size)) else { return nil }
    if start == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] { return reader.inPNG() }
    return reader.inTIFF(at: 0)
  }

  /// Searches the chunks, each a length, a name, data and a checksum.
  private func inPNG() -> ExifOrientation? {
    var offset = 8
    for _ in 0..<Self.maximumCount {
      guard let head = try? file.bytes(offset: offset, count: 8) else { return nil }
      let length = number(head[..<4], isBigEndian: true)
      if Array(head[4...]) == Array("eXIf".utf8) { return inTIFF(at: offset + 8) }
      offset += 12 + length
    }
    return nil
  }

  /// Reads the first directory: a count, then entries of a tag, a type, a count and a value.
  private func inTIFF(at base: Int) -> ExifOrientation? {
    guard let head = try? file.bytes(offset: base, count: 8) else { return nil }
    let isBigEndian: Bool
    switch Array(head[..<4]) {
    case [0x49, 0x49, 0x2A, 0x00]: isBigEndian = false
    case [0x4D, 0x4D, 0x00, 0x2A]: isBigEndian = true
    default: return nil
    }
    let directory = base + number(head[4...], isBigEndian: isBigEndian)
    guard let countBytes = try? file.bytes(offset: directory, count: 2) else { return nil }
    for index in 0..<min(number(countBytes[...], isBigEndian: isBigEndian), Self.maximumCount) {
      guard let entry = try? file.bytes(offset: directory + 2 + 12 * index, count: 12) else { return nil }
      let tag = number(entry[0..<2], isBigEndian: isBigEndian)
      let type = number(entry[2..<4], isBigEndian: isBigEndian)
      if tag == Self.orientationTag, type == Self.shortType {
        return ExifOrientation(rawValue: number(entry[8..<10], isBigEndian: isBigEndian))
      }
    }
    return nil
  }

  private func number(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> Int {
    let ordered = isBigEndian ? Array(bytes) : bytes.reversed()
    return ordered.reduce(0) { $0 << 8 | Int($1) }
  }
}
