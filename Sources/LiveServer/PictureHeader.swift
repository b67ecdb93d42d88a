/// The format and size from the first bytes of an image file, read before decoding: a few kilobytes can decompress to
/// gigabytes.
package struct PictureHeader: Equatable {
  /// The image formats accepted for uploads.
  package enum Kind: String, Sendable {
    case png, jpeg, webp

    /// The usual file extension.
    var fileExtension: String { self == .jpeg ? "jpg" : rawValue }
  }

  /// The format.
  package let kind: Kind
  /// The width in pixels, more than 0.
  package let width: Int
  /// The height in pixels, more than 0.
  package let height: Int

  /// Returns nil if the data has another format or ends before the size.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    func big(_ offset: Int, _ count: Int) -> Int? {
      guard offset >= 0, offset + count <= bytes.count else { return nil }
      return bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
    }
    func little(_ offset: Int, _ count: Int) -> Int? {
      guard offset + count <= bytes.count else { return nil }
      return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    func has(_ text: String, at offset: Int) -> Bool {
      offset + text.utf8.count <= bytes.count && bytes[offset..<offset + text.utf8.count].elementsEqual(text.utf8)
    }
    let size: (Kind, Int?, Int?)?
    if big(0, 4) == 0x8950_4E47, has("IHDR", at: 12) {
      size = (.png, big(16, 4), big(20, 4))
    } else if big(0, 2) == 0xFFD8 {
      size = Self.jpegSize(big).map { (.jpeg, $0.width, $0.height) }
    } else if has("RIFF", at: 0), has("WEBP", at: 8) {
      if has("VP8 ", at: 12), big(23, 3) == 0x9D012A {
        size = (.webp, little(26, 2).map { $0 & 0x3FFF }, little(28, 2).map { $0 & 0x3FFF })
      } else if has("VP8L", at: 12), big(20, 1) == 0x2F {
        let bits = little(21, 4)
        size = (.webp, bits.map { ($0 & 0x3FFF) + 1 }, bits.map { ($0 >> 14 & 0x3FFF) + 1 })
      } else if has("VP8X", at: 12) {
        size = (.webp, little(24, 3).map { $0 + 1 }, little(27, 3).map { $0 + 1 })
      } else {
        size = nil
      }
    } else {
      size = nil
    }
    guard let size, let width = size.1, let height = size.2, width > 0, height > 0 else { return nil }
    (kind, self.width, self.height) = (size.0, width, height)
  }

  /// Reads the start-of-frame segment (ITU-T T.81, B.2.2).
  private static func jpegSize(_ big: (_ offset: Int, _ count: Int) -> Int?) -> (width: Int, height: Int)? {
    var offset = 2
    while let marker = big(offset, 2), marker >> 8 == 0xFF {
      let code = marker & 0xFF
      // Skip fill bytes and markers without content.
      if code == 0xFF {
        offset += 1
        continue
      }
      if code == 0x01 || (0xD0...0xD8).contains(code) {
        offset += 2
        continue
      }
      if (0xC0...0xCF).contains(code), ![0xC4, 0xC8, 0xCC].contains(code) {
        guard let height = big(offset + 5, 2), let width = big(offset + 7, 2) else { return nil }
        return (width, height)
      }
      guard code != 0xD9, code != 0xDA, let length = big(offset + 2, 2), length >= 2 else { return nil }
      offset += 2 + length
    }
    return nil
  }
}
