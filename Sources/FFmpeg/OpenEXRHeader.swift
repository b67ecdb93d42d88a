/// The header of an OpenEXR file: what libav's decoder and encoder leave out.
///
/// See "OpenEXR File Layout" of the Academy Software Foundation.
package struct OpenEXRHeader {
  /// The maximum number of bytes to search and of attributes to read; headers have fewer.
  private static let (maximumSize, maximumCount) = (1 << 20, 4096)
  /// The place of the first attribute, behind a magic number and a version.
  private static let firstPlace = 8
  private static let halfType = 1
  /// Longer names need a flag in the version.
  private static let maximumNameLength = 31
  /// Attributes that the encoder writes, or that describe the file rather than the picture.
  private static let ownNames: Set<String> = [
    "channels", "compression", "dataWindow", "displayWindow", "lineOrder", "screenWindowCenter", "screenWindowWidth",
    "pixelAspectRatio", "framesPerSecond", "gamma", "writer", "tiles", "type", "name", "version", "chunkCount", "view",
    "multiView", "preview", "maxSamplesPerPixel", "deepImageState", "dwaCompressionLevel",
  ]

  /// Whether the colours and alpha are stored as 16-bit floats. libav decodes them to 32-bit floats.
  package private(set) var hasHalfSamples = false
  /// The attributes of the picture that libav's encoder does not write, as they are stored: chromaticities, time code,
  /// camera ...
  package private(set) var attributes: [UInt8] = []
  /// The number of bytes of the header.
  private var size = 0

  /// Reads the header of a file; nil if there is none. Of several parts, it is that of the first.
  package init?(_ file: UnsafeRawBufferPointer) {
    var reader = Reader(bytes: UnsafeRawBufferPointer(rebasing: file.prefix(Self.maximumSize)))
    let count = reader.bytes.count
    guard reader.number() == 0x0131_2F76, reader.number() != nil else { return nil }
    for _ in 0..<Self.maximumCount {
      let start = reader.bytes
      guard let name = reader.text() else { return nil }
      if name.isEmpty {
        size = count - reader.bytes.count
        return
      }
      guard let type = reader.text(), let length = reader.number(), let value = reader.part(length) else { return nil }
      if name == "channels" { hasHalfSamples = Self.hasHalfSamples(value) }
      // The names of identifiers in layers that are not kept.
      let isKept = !Self.ownNames.contains(name) && !name.hasPrefix("cryptomatte/")
      if isKept, max(name.utf8.count, type.utf8.count) <= Self.maximumNameLength {
        attributes += start.prefix(start.count - reader.bytes.count)
      }
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

  /// Returns `file`, which libav's encoder made, with more ``attributes``. Anything else is returned as it is.
  package static func inserting(_ attributes: [UInt8], into file: [UInt8]) -> [UInt8] {
    guard !attributes.isEmpty, let size = file.withUnsafeBytes({ OpenEXRHeader($0)?.size }) else { return file }
    // The places of the chunks in the file, up to the first chunk.
    func place(_ offset: Int) -> Int? {
      guard offset + 8 <= file.count else { return nil }
      let value = file.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian }
      return Int(exactly: value)
    }
    guard let first = place(size), first > size, first <= file.count, (first - size) % 8 == 0 else { return file }
    var table: [UInt8] = []
    for offset in stride(from: size, to: first, by: 8) {
      guard let chunk = place(offset), chunk <= file.count else { return file }
      Swift.withUnsafeBytes(of: UInt64(chunk + attributes.count).littleEndian) { table += $0 }
    }
    return Array(file[..<firstPlace]) + attributes + file[firstPlace..<size] + table + file[first...]
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

    mutating func number() -> Int? { part(4).map { Int(Int32(littleEndian: $0.loadUnaligned(as: Int32.self))) } }

    mutating func text() -> String? {
      guard let end = bytes.prefix(256).firstIndex(of: 0), let part = part(end + 1) else { return nil }
      return String(decoding: part.dropLast(), as: UTF8.self)
    }
  }
}
