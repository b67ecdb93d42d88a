import Files

/// The EXIF data of a PNG, JPEG or WebP file, or a TIFF file, whose directories have the same form. libav exposes the
/// orientation in JPEG and WebP only, and the data as a whole in no format.
///
/// Malformed data counts as no data.
struct StoredExif {
  /// The maximum number of chunks, segments or directory entries to read; valid files have fewer.
  private static let maximumCount = 4096
  /// The maximum number of bytes of EXIF data. JPEG limits it to 64 KB.
  private static let maximumSize = 1 << 20

  private let file: RandomAccessFile
  /// The place of the TIFF structure.
  private let place: Range<Int>
  private let isTIFF: Bool

  /// Finds the data in the file at `path`; nil if there is none.
  init?(path: String) {
    guard let file = try? RandomAccessFile(path: path),
      let start = try? file.bytes(offset: 0, count: min(12, file.size))
    else { return nil }
    self.file = file
    isTIFF = start.starts(with: [0x49, 0x49, 0x2A, 0x00]) || start.starts(with: [0x4D, 0x4D, 0x00, 0x2A])
    let found =
      if isTIFF {
        0..<file.size
      } else if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
        Self.inPNG(file)
      } else if start.starts(with: [0xFF, 0xD8]) {
        Self.inJPEG(file)
      } else if start.starts(with: Array("RIFF".utf8)), start.dropFirst(8).starts(with: Array("WEBP".utf8)) {
        Self.inWebP(file)
      } else {
        nil as Range<Int>?
      }
    guard let found, found.upperBound <= file.size else { return nil }
    place = found
  }

  /// The orientation; nil if the data has none.
  var orientation: ExifOrientation? {
    let count = min(place.count, Self.maximumSize)
    guard let bytes = try? file.bytes(offset: place.lowerBound, count: count) else { return nil }
    return ExifData(bytes)?.orientation
  }

  /// The data. That of a TIFF file is what its directory says about the picture rather than its samples.
  var data: ExifData? {
    if isTIFF { return directoryOfTIFF.flatMap { ExifData($0.descriptive) } }
    guard place.count <= Self.maximumSize else { return nil }
    return (try? file.bytes(offset: place.lowerBound, count: place.count)).flatMap { ExifData($0) }
  }

  private var directoryOfTIFF: ExifDirectory? {
    guard let head = try? file.bytes(offset: 0, count: 8) else { return nil }
    let isBigEndian = head[0] == UInt8(ascii: "M")
    let offset = ExifData.number(head[4..<8], isBigEndian: isBigEndian)
    return ExifDirectory(at: offset, isBigEndian: isBigEndian) { try? file.bytes(offset: $0, count: $1) }
  }

  /// Searches the chunks, each a length, a name, data and a checksum.
  private static func inPNG(_ file: RandomAccessFile) -> Range<Int>? {
    var offset = 8
    for _ in 0..<maximumCount {
      guard let head = try? file.bytes(offset: offset, count: 8) else { return nil }
      let length = ExifData.number(head[..<4], isBigEndian: true)
      if Array(head[4...]) == Array("eXIf".utf8) { return offset + 8..<offset + 8 + length }
      offset += 12 + length
    }
    return nil
  }

  /// Searches the segments, each a marker, a length that includes itself, and data.
  private static func inJPEG(_ file: RandomAccessFile) -> Range<Int>? {
    var offset = 2
    for _ in 0..<maximumCount {
      guard let head = try? file.bytes(offset: offset, count: 10), head[0] == 0xFF, head[1] != 0xDA else { return nil }
      let length = ExifData.number(head[2..<4], isBigEndian: true)
      if head[1] == 0xE1, length > 8, Array(head[4..<10]) == Array("Exif\0\0".utf8) {
        return offset + 10..<offset + 2 + length
      }
      offset += 2 + length
    }
    return nil
  }

  /// Searches the chunks, each a name, a length and data, padded to an even size.
  private static func inWebP(_ file: RandomAccessFile) -> Range<Int>? {
    var offset = 12
    for _ in 0..<maximumCount {
      guard let head = try? file.bytes(offset: offset, count: 14) else { return nil }
      let length = ExifData.number(head[4..<8], isBigEndian: false)
      if Array(head[..<4]) == Array("EXIF".utf8) {
        // Some programs write the prefix of JPEG.
        let prefix = Array(head[8..<14]) == Array("Exif\0\0".utf8) ? 6 : 0
        return length > prefix ? offset + 8 + prefix..<offset + 8 + length : nil
      }
      offset += 8 + length + length % 2
    }
    return nil
  }
}

/// EXIF data: a TIFF structure of directories, without a prefix.
package struct ExifData: Equatable, Sendable {
  private static let orientationTag = 0x0112
  private static let exifDirectoryTag = 0x8769
  private static let widthTag = 0xA002
  private static let heightTag = 0xA003
  private static let (shortType, longType) = (3, 4)
  private static let maximumCount = 4096

  /// The bytes of the structure.
  package private(set) var bytes: [UInt8]
  let isBigEndian: Bool

  /// Creates the data from its bytes; nil if they do not begin like a TIFF structure.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= 8 else { return nil }
    switch Array(bytes[..<4]) {
    case [0x49, 0x49, 0x2A, 0x00]: isBigEndian = false
    case [0x4D, 0x4D, 0x00, 0x2A]: isBigEndian = true
    default: return nil
    }
    self.bytes = bytes
  }

  /// The orientation; nil if there is none.
  package var orientation: ExifOrientation? {
    entry(Self.orientationTag, in: firstDirectory).flatMap {
      kind(of: $0) == Self.shortType ? ExifOrientation(rawValue: number(at: $0 + 8, count: 2)) : nil
    }
  }

  /// Returns the data for a picture that was turned upright by `orientation`: with that orientation removed, its sizes
  /// swapped if its sides were, and without the thumbnail, which shows the picture as it was.
  package func upright(from orientation: ExifOrientation) -> ExifData {
    var result = self
    if let entry = entry(Self.orientationTag, in: firstDirectory) {
      result.write(ExifOrientation.upright.rawValue, at: entry + 8, count: 2)
    }
    if let end = endOfEntries(in: firstDirectory) { result.write(0, at: end, count: 4) }
    guard orientation.swapsSides, let pointer = entry(Self.exifDirectoryTag, in: firstDirectory) else { return result }
    let directory = number(at: pointer + 8, count: 4)
    if let width = entry(Self.widthTag, in: directory), let height = entry(Self.heightTag, in: directory),
      kind(of: width) == kind(of: height), [Self.shortType, Self.longType].contains(kind(of: width))
    {
      let values = (number(at: width + 8, count: 4), number(at: height + 8, count: 4))
      result.write(values.1, at: width + 8, count: 4)
      result.write(values.0, at: height + 8, count: 4)
    }
    return result
  }

  /// The offset of the first directory.
  var firstDirectory: Int { number(at: 4, count: 4) }

  private func kind(of entry: Int) -> Int { number(at: entry + 2, count: 2) }

  /// Returns the offset of an entry of 12 bytes: a tag, a type, a count and a value.
  private func entry(_ tag: Int, in directory: Int) -> Int? {
    guard directory >= 8, directory + 2 <= bytes.count else { return nil }
    return (0..<min(number(at: directory, count: 2), Self.maximumCount)).lazy.map { directory + 2 + 12 * $0 }
      .first { $0 + 12 <= bytes.count && number(at: $0, count: 2) == tag }
  }

  /// Returns the offset behind the entries, where the offset of the next directory is.
  private func endOfEntries(in directory: Int) -> Int? {
    guard directory >= 8, directory + 2 <= bytes.count else { return nil }
    let end = directory + 2 + 12 * number(at: directory, count: 2)
    return end + 4 <= bytes.count ? end : nil
  }

  /// Reads a number; 0 if it lies outside.
  private func number(at offset: Int, count: Int) -> Int {
    guard offset >= 0, offset + count <= bytes.count else { return 0 }
    return Self.number(bytes[offset..<offset + count], isBigEndian: isBigEndian)
  }

  private mutating func write(_ value: Int, at offset: Int, count: Int) {
    guard offset >= 0, offset + count <= bytes.count else { return }
    bytes.replaceSubrange(offset..<offset + count, with: Self.bytes(value, count, isBigEndian: isBigEndian))
  }

  static func bytes(_ value: Int, _ count: Int, isBigEndian: Bool) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (isBigEndian ? count - 1 - $0 : $0))) }
  }

  static func number(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> Int {
    let ordered = isBigEndian ? Array(bytes) : bytes.reversed()
    return ordered.reduce(0) { $0 << 8 | Int($1) }
  }
}

extension ExifOrientation {
  /// Whether the picture's width is the height of the stored one.
  package var swapsSides: Bool { rawValue >= ExifOrientation.transposed.rawValue }
}
