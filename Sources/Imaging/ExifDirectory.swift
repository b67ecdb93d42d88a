/// A directory of EXIF data with its values and the directories below it, independent of their places and byte order.
///
/// See TIFF 6.0 and JEITA CP-3451. Maker notes are copied as bytes; those that refer to places in their file lose what
/// they refer to.
package struct ExifDirectory: Equatable, Sendable {
  /// An entry: a tag, a type and values.
  struct Entry: Equatable, Sendable {
    let tag: Int
    let type: Int
    let count: Int
    var content: Content
  }

  /// What an entry holds.
  enum Content: Equatable, Sendable {
    /// Values in little-endian order.
    case values([UInt8])
    /// The directory that it points to.
    case directory(ExifDirectory)
    /// The twelve bytes of an entry that stays as it is stored.
    case stored([UInt8])
  }

  /// Reads bytes at an offset; nil if they lie outside.
  typealias Source = (_ offset: Int, _ count: Int) -> [UInt8]?

  private static let (maximumCount, maximumSize, maximumDepth) = (4096, 1 << 20, 2)
  /// The directories of EXIF, GPS and interoperability.
  private static let pointers: Set = [0x8769, 0x8825, 0xA005]
  private static let longType = 4
  /// The tags of TIFF that describe a picture rather than its samples: description, camera, orientation, resolution,
  /// software, date, artist, host, rating, copyright, and the directories of EXIF and GPS.
  private static let descriptiveTags: Set = [
    270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 0x4746, 0x4749, 0x8298, 0x8769, 0x8825, 0x9C9B, 0x9C9C,
    0x9C9D, 0x9C9E, 0x9C9F,
  ]

  /// The entries, by ascending tags.
  private(set) var entries: [Entry]

  /// Creates a directory of these entries.
  init(_ entries: [Entry]) { self.entries = entries.sorted { $0.tag < $1.tag } }

  /// Reads the directory at `offset`; nil if there is none. Entries that are damaged are left out.
  init?(at offset: Int, isBigEndian: Bool, _ source: Source) {
    var budget = Self.maximumSize
    self.init(at: offset, isBigEndian: isBigEndian, depth: 0, budget: &budget, source)
  }

  private init?(at offset: Int, isBigEndian: Bool, depth: Int, budget: inout Int, _ source: Source) {
    func number(_ bytes: ArraySlice<UInt8>) -> Int { ExifData.number(bytes, isBigEndian: isBigEndian) }
    guard offset >= 8, let head = source(offset, 2) else { return nil }
    entries = []
    for index in 0..<min(number(head[...]), Self.maximumCount) {
      // Damaged directories may point to each other.
      budget -= 12
      guard budget > 0, let bytes = source(offset + 2 + 12 * index, 12) else { break }
      let (tag, type, count) = (number(bytes[0..<2]), number(bytes[2..<4]), number(bytes[4..<8]))
      let place = number(bytes[8..<12])
      if Self.pointers.contains(tag) {
        guard depth < Self.maximumDepth,
          let directory = ExifDirectory(
            at: place, isBigEndian: isBigEndian, depth: depth + 1, budget: &budget, source)
        else { continue }
        entries.append(Entry(tag: tag, type: Self.longType, count: 1, content: .directory(directory)))
        continue
      }
      guard let width = Self.width(of: type), count <= Self.maximumSize, case let size = count * width.size,
        size <= budget, let values = size <= 4 ? Array(bytes[8..<8 + size]) : source(place, size)
      else { continue }
      budget -= size
      entries.append(
        Entry(
          tag: tag, type: type, count: count,
          content: .values(isBigEndian ? Self.swapped(values, width.word) : values)))
    }
    entries.sort { $0.tag < $1.tag }
  }

  /// This directory with only the tags that describe a picture rather than its samples.
  var descriptive: ExifDirectory { ExifDirectory(entries.filter { Self.descriptiveTags.contains($0.tag) }) }

  /// Returns the bytes of the directory, its values and the directories below it, for the even offset `start`.
  ///
  /// - Parameter next: The offset of the next directory, four bytes.
  func serialized(at start: Int, isBigEndian: Bool, next: [UInt8] = [0, 0, 0, 0]) -> [UInt8] {
    func bytes(_ value: Int, _ count: Int) -> [UInt8] { ExifData.bytes(value, count, isBigEndian: isBigEndian) }
    var table = bytes(entries.count, 2)
    var rest: [UInt8] = []
    var place: Int { start + 2 + 12 * entries.count + 4 + rest.count }
    for entry in entries {
      let head = bytes(entry.tag, 2) + bytes(entry.type, 2) + bytes(entry.count, 4)
      switch entry.content {
      case .stored(let stored): table += stored
      case .directory(let directory):
        table += head + bytes(place, 4)
        rest += directory.serialized(at: place, isBigEndian: isBigEndian)
      case .values(let values):
        let word = Self.width(of: entry.type)?.word ?? 1
        let ordered = isBigEndian ? Self.swapped(values, word) : values
        if values.count <= 4 {
          table += head + ordered + [UInt8](repeating: 0, count: 4 - values.count)
        } else {
          table += head + bytes(place, 4)
          rest += ordered + (values.count % 2 == 1 ? [0] : [])
        }
      }
    }
    return table + next + rest
  }

  /// The bytes of a value and of the words in it whose byte order matters; nil for an unknown type.
  private static func width(of type: Int) -> (size: Int, word: Int)? {
    switch type {
    case 1, 2, 6, 7: (1, 1)
    case 3, 8: (2, 2)
    case 4, 9, 11, 13: (4, 4)
    case 5, 10: (8, 4)
    case 12: (8, 8)
    default: nil
    }
  }

  private static func swapped(_ bytes: [UInt8], _ word: Int) -> [UInt8] {
    if word == 1 { return bytes }
    return bytes.indices.map { bytes[$0 / word * word + word - 1 - $0 % word] }
  }
}

extension ExifData {
  /// Creates the data of a directory.
  init?(_ directory: ExifDirectory) {
    self.init([0x49, 0x49, 0x2A, 0x00, 8, 0, 0, 0] + directory.serialized(at: 8, isBigEndian: false))
  }

  /// The first directory; nil if there is none.
  package var directory: ExifDirectory? {
    ExifDirectory(at: firstDirectory, isBigEndian: isBigEndian) { offset, count in
      guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
      return Array(bytes[offset..<offset + count])
    }
  }
}
