import FFmpeg

/// Frames sampled at even intervals from a video.
package struct VideoFrames: Sendable {
  /// The video file.
  package let path: String
  /// The indices of the frames in the video, ascending. Some of them may not decode if the file is damaged.
  package let indices: [Int]

  /// Selects `count` frames of the video at `path`, or all of them if it has fewer. A still picture counts as one
  /// frame.
  ///
  /// The initializer reads the whole file, without decoding it, to count the frames.
  ///
  /// - Throws: ``PictureError`` if the file cannot be read or has no frames.
  package init(path: String, count: Int) throws {
    self.path = path
    let total = try Self.readable(path) { try Self.packetCount(path) }
    let wanted = min(count, total)
    guard wanted > 0 else { throw PictureError.unreadable(path: path, reason: "it has no frames") }
    indices = (0..<wanted).map { (2 * $0 + 1) * total / (2 * wanted) }
  }

  /// Calls `body` with each frame, upright and in the size of the video, and its index.
  ///
  /// Only one frame is in memory at a time. Damaged packets are skipped.
  ///
  /// - Throws: ``PictureError`` if no frame can be decoded, and any error that `body` throws.
  package func forEach(_ body: (_ index: Int, _ picture: Picture) throws -> Void) throws {
    let reader = try Self.readable(path) { try Reader(path) }
    var remaining = indices[...]
    var index = 0
    while let wanted = remaining.first, try Self.readable(path, { try reader.next() }) {
      if index == wanted {
        let picture = try Self.readable(path) {
          try PictureFile.uprightPicture(of: reader.frame, reader.stream, path: path)
        }
        try body(index, picture)
        remaining.removeFirst()
      }
      index += 1
    }
    if remaining.count == indices.count {
      throw PictureError.unreadable(path: path, reason: "none of its frames can be decoded")
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

  /// Decodes the frames of a video in order.
  private final class Reader {
    let stream: MediaStream
    /// The current frame.
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

    /// Decodes the next frame into ``frame``. Returns false after the last one.
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

    /// Sends the next packet or the end of the stream to the decoder. Returns false if the end was already sent.
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
