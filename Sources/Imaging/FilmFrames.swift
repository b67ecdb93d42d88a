import FFmpeg

/// Single frames out of a film.
public enum FilmFrames {
  /// Hands `body` up to `count` frames of the film at `path`, evenly spread from its beginning to its end, with their places from 0 in
  /// it; upright, at the film's size. A still picture is a film of one frame.
  ///
  /// The film is read twice, first to count its frames; one frame is in memory at a time. Damaged packets are passed over, so a damaged
  /// film may give fewer frames. Throws ``PictureError`` where there is no picture that can be decoded, and what `body` throws.
  public static func forEach(
    of path: String, count: Int, _ body: (_ index: Int, _ picture: Picture) throws -> Void
  ) throws {
    let reader = try readable(path) { try Reader(path) }
    let total = try readable(path) { try packetCount(path) }
    let wanted = min(count, total)
    var places = Set((0..<wanted).map { (2 * $0 + 1) * total / (2 * wanted) })
    var found = 0
    for index in 0..<total {
      guard !places.isEmpty, try readable(path, { try reader.next() }) else { break }
      guard places.remove(index) != nil else { continue }
      let picture = try readable(path) { try PictureFile.uprightPicture(of: reader.frame, reader.stream, path: path) }
      found += 1
      try body(index, picture)
    }
    if found == 0 { throw PictureError.unreadable(path: path, reason: "there is no picture in it that can be decoded") }
  }

  private static func readable<Result>(_ path: String, _ read: () throws -> Result) throws -> Result {
    do {
      return try read()
    } catch let error as MediaError {
      throw PictureError.unreadable(path: path, reason: error.reason)
    }
  }

  private static func packetCount(_ path: String) throws -> Int {
    let demuxer = try Demuxer(path: path)
    let stream = try demuxer.bestVideoStream()
    let packet = try Packet()
    var count = 0
    while try demuxer.read(into: packet) {
      if packet.streamIndex == stream.index { count += 1 }
    }
    return count
  }

  /// Decodes a film's frames one after another.
  private final class Reader {
    let stream: MediaStream
    /// The latest frame.
    let frame: Frame
    private let demuxer: Demuxer
    private let decoder: Decoder
    private let packet: Packet
    private var isDraining = false

    init(_ path: String) throws {
      demuxer = try Demuxer(path: path)
      stream = try demuxer.bestVideoStream()
      decoder = try Decoder(stream, threads: 0)
      packet = try Packet()
      frame = try Frame()
    }

    /// Makes ``frame`` the next one; false after the last one.
    func next() throws -> Bool {
      while true {
        do {
          switch try decoder.receive(into: frame) {
          case .output: return true
          case .ended: return false
          case .needsInput: if try !feed() { return false }
          }
        } catch let error as MediaError where error.operation == "decode" && !isDraining {
          continue
        }
      }
    }

    /// Sends the next packet, or the end; false where that was sent before.
    private func feed() throws -> Bool {
      if isDraining { return false }
      while try demuxer.read(into: packet) {
        guard packet.streamIndex == stream.index else { continue }
        _ = try decoder.send(packet)
        return true
      }
      isDraining = true
      _ = try decoder.send(nil)
      return true
    }
  }
}
