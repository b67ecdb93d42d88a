/// A top-level box of MP4 (ISO/IEC 14496-12).
struct Box: Equatable {
  var type: String
  var content: [UInt8]

  /// Returns the contents of the first nested box at the path of box types.
  func inside(_ path: String...) -> [UInt8]? {
    var bytes = content[...]
    for type in path {
      var found: ArraySlice<UInt8>?
      while bytes.count >= 8, found == nil {
        let size = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard size >= 8, size <= bytes.count else { return nil }
        if bytes.dropFirst(4).prefix(4).elementsEqual(type.utf8) { found = bytes.prefix(size).dropFirst(8) }
        bytes = bytes.dropFirst(size)
      }
      guard let found else { return nil }
      bytes = found
    }
    return Array(bytes)
  }

  /// The start time of a fragment in its stream's time base; nil for boxes other than `moof`.
  var time: UInt64? { inside("traf", "tfdt").map { $0.dropFirst(4).reduce(0) { $0 << 8 | UInt64($1) } } }
  /// The duration of each sample of a fragment.
  var duration: UInt64? {
    // Version and flags, track identifier, then the duration, if the flags indicate one.
    inside("traf", "tfhd").map { $0.dropFirst(8).prefix(4).reduce(0) { $0 << 8 | UInt64($1) } }
  }
}

extension Connection {
  /// Reads the next box of a chunked body.
  func takeBox() throws -> Box {
    let head = try takeChunked(8)
    let size = head[..<4].reduce(0) { $0 << 8 | Int($1) }
    guard size >= 8 else { throw Ended() }
    return Box(type: String(decoding: head[4...], as: UTF8.self), content: try takeChunked(size - 8))
  }

  /// Reads the next fragment of a chunked body: the time of its capture, the fragment's header, and its data. Returns
  /// the header.
  func takeFragment() throws -> Box {
    let boxes = [try takeBox(), try takeBox(), try takeBox()]
    guard boxes.map(\.type) == ["prft", "moof", "mdat"] else { throw Ended() }
    return boxes[1]
  }

  /// Reads the next JPEG image of a `multipart/x-mixed-replace` body.
  func takePicture() throws -> [UInt8] {
    var size: Int?
    while case let line = try takeChunkedLine(), !(line.isEmpty && size != nil) {
      if line.hasPrefix("Content-Length: ") { size = Int(line.dropFirst("Content-Length: ".count)) }
    }
    return try takeChunked(size ?? 0)
  }
}
