/// Whether an image file is complete. Decoders fill what is missing of a truncated one with grey.
enum PictureEnd {
  /// Returns whether the data of the image has its end.
  static func isPresent(in bytes: UnsafeRawBufferPointer, of kind: PictureHeader.Kind) -> Bool {
    switch kind {
    case .png: pngHasEnd(bytes)
    case .jpeg: jpegHasEnd(bytes)
    case .webp: webpHasEnd(bytes)
    }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> Int? {
    guard offset + count <= bytes.count else { return nil }
    return bytes[offset..<offset + count].reduce(0) { $0 << 8 | Int($1) }
  }

  /// Follows the chunks to `IEND` (PNG, 5.3).
  private static func pngHasEnd(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var offset = 8
    while let length = number(bytes, offset, 4), let type = number(bytes, offset + 4, 4) {
      // The checksum follows the content.
      let end = offset + 12 + length
      guard end <= bytes.count else { return false }
      if type == 0x4945_4E44 { return true }
      offset = end
    }
    return false
  }

  /// Follows the segments and the data between them to the end of the image (ITU-T T.81, B.1.1). A thumbnail inside a
  /// segment has an end of its own, which does not count.
  private static func jpegHasEnd(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var offset = 2
    while offset + 1 < bytes.count {
      // In the data of a scan, 0xFF is followed by 0 or is a restart marker.
      let code = bytes[offset + 1]
      guard bytes[offset] == 0xFF, code != 0x00, code != 0xFF, code != 0x01, !(0xD0...0xD8).contains(code) else {
        offset += bytes[offset] == 0xFF && code != 0xFF ? 2 : 1
        continue
      }
      if code == 0xD9 { return true }
      guard let length = number(bytes, offset + 2, 2), length >= 2 else { return false }
      offset += 2 + length
    }
    return false
  }

  /// Compares the size of the container with the data (RFC 9649, 2.4).
  private static func webpHasEnd(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 12 else { return false }
    let size = bytes[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    return 8 + size <= bytes.count
  }
}
