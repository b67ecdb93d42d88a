/// The order in which libav reads a file.
///
/// It reads an MP4 or QuickTime film whose index follows its media from the end, and a GIF twice.
package enum ReadingOrder: Equatable, Sendable {
  /// More bytes are needed to tell.
  case undecided
  /// From the first byte to the last.
  case forward
  /// In any other order.
  case any

  /// Looks at the first bytes of a file: the signature of GIF, or the headers of the boxes of MP4 and QuickTime.
  package init(_ bytes: [UInt8]) {
    self = .undecided
    if bytes.starts(with: Array("GIF8".utf8)) {
      self = .any
      return
    }
    var offset = 0
    while bytes.count >= offset + 8 {
      let kind = String(decoding: bytes[(offset + 4)..<(offset + 8)], as: UTF8.self)
      var size = Self.number(bytes[offset..<(offset + 4)])
      switch kind {
      case "mdat": self = .any
      // Boxes that may precede both.
      case "ftyp", "styp", "wide", "free", "skip", "pnot", "uuid", "PICT", "pdin": break
      default: self = .forward
      }
      guard self == .undecided else { return }
      if size == 1 {
        guard bytes.count >= offset + 16 else { return }
        size = Self.number(bytes[(offset + 8)..<(offset + 16)])
      }
      guard size >= 8, size <= 1 << 32 else {
        self = .forward
        return
      }
      offset += Int(size)
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
