/// What the header of an OpenEXR file says about its samples, which libav decodes to 32-bit floats in any case.
///
/// See "OpenEXR File Layout" of the Academy Software Foundation.
struct OpenEXRHeader {
  /// The maximum number of bytes to search and of attributes to read; headers have fewer.
  private static let (maximumSize, maximumCount) = (1 << 20, 4096)
  private static let halfType = 1

  /// Whether the colours and alpha are stored as 16-bit floats.
  let hasHalfSamples: Bool

  /// Reads the header of a file; nil if there is none.
  init?(_ file: UnsafeRawBufferPointer) {
    var reader = Reader(bytes: UnsafeRawBufferPointer(rebasing: file.prefix(Self.maximumSize)))
    guard reader.number() == 0x0131_2F76, reader.number() != nil else { return nil }
    for _ in 0..<Self.maximumCount {
      guard let name = reader.text(), !name.isEmpty, reader.text() != nil, let size = reader.number(),
        let value = reader.part(size)
      else { return nil }
      guard name == "channels" else { continue }
      hasHalfSamples = Self.hasHalfSamples(value)
      return
    }
    return nil
  }

  /// A channel is a name, a type, whether it is perceptually linear, three reserved bytes, and two steps.
  private static func hasHalfSamples(_ channels: UnsafeRawBufferPointer) -> Bool {
    var reader = Reader(bytes: channels)
    var types: [Int] = []
    for _ in 0..<maximumCount {
      guard let name = reader.text(), !name.isEmpty, let type = reader.number(), reader.part(12) != nil else { break }
      if ["R", "G", "B", "A", "Y"].contains(name) { types.append(type) }
    }
    return !types.isEmpty && types.allSatisfy { $0 == halfType }
  }

  /// Reads little-endian numbers and texts that end with a zero byte.
  private struct Reader {
    var bytes: UnsafeRawBufferPointer

    mutating func part(_ count: Int) -> UnsafeRawBufferPointer? {
      guard count >= 0, count <= bytes.count else { return nil }
      let part = bytes.prefix(count)
      bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(count))
      return UnsafeRawBufferPointer(rebasing: part)
    }

    mutating func number() -> Int? { part(4).map { Int($0.loadUnaligned(as: Int32.self).littleEndian) } }

    mutating func text() -> String? {
      guard let end = bytes.prefix(256).firstIndex(of: 0), let part = part(end + 1) else { return nil }
      return String(decoding: part.dropLast(), as: UTF8.self)
    }
  }
}
