import FFmpeg

/// Single frames out of a film, evenly spread from its beginning to its end.
public struct FilmFrames: Sendable {
  /// The film.
  public let path: String
  /// The frames' places in the film, from 0, ascending; a damaged film may have fewer that can be decoded.
  public let places: [Int]

  /// `count` frames of the film at `path`, or all of a shorter one; a still picture is a film of one frame.
  ///
  /// Reads the film once, without decoding it, to count its frames. Throws ``PictureError`` where it cannot be read or has none.
  public init(path: String, count: Int) throws {
    self.path = path
    let total = try Self.readable(path) { try Self.packetCount(path) }
    let wanted = min(count, total)
    guard wanted > 0 else { throw PictureError.unreadable(path: path, reason: "there is no picture in it") }
    places = (0..<wanted).map { (2 * $0 + 1) * total / (2 * wanted) }
  }

  /// Hands `body` the frames with their places, upright and at the film's size; one is in memory at a time.
  ///
  /// Damaged packets are passed over. Throws ``PictureError`` where no frame can be decoded, and what `body` throws.
  public func forEach(_ body: (_ place: Int, _ picture: Picture) throws -> Void) throws {
    let reader = try Self.readable(path) { try Reader(path) }
    var rest = places[...]
    var index = 0
    while let place = rest.first, try Self.readable(path, { try reader.next() }) {
      if index == place {
        let picture = try Self.readable(path) {
          try PictureFile.uprightPicture(of: reader.frame, reader.stream, path: path)
        }
        try body(index, picture)
        rest.removeFirst()
      }
      index += 1
    }
    if rest.count == places.count {
      throw PictureError.unreadable(path: path, reason: "there is no picture in it that can be decoded")
    }
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
