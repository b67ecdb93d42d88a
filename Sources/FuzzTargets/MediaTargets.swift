import FFmpeg
import Foundation
import Imaging

extension FuzzTarget {
  /// The streams, packets and frames of a film.
  static let media = FuzzTarget("media") { input in
    let path = try input.file()
    let deadline = ContinuousClock.now + maximumMediaTime
    try attempt(MediaError.self) {
      let demuxer = try Demuxer(path: path) { ContinuousClock.now > deadline }
      _ = (demuxer.formatName, demuxer.seconds, demuxer.startTime, demuxer.metadata)
      var decoders: [Int: Decoder] = [:]
      for stream in demuxer.streams.prefix(maximumStreamCount) {
        _ = (stream.metadata, stream.displayMatrix, stream.sampleAspectRatio, stream.nominalFrameRate, stream.format)
        try attempt(MediaError.self) { decoders[stream.index] = try boundedDecoder(stream) }
      }
      let packet = try Packet()
      for _ in 0..<maximumPacketCount {
        guard ContinuousClock.now < deadline, try demuxer.read(into: packet) else { break }
        guard let decoder = decoders[packet.streamIndex] else { continue }
        try attempt(MediaError.self) {
          // A decoder that refuses a packet has frames to give first.
          if try !decoder.send(packet) {
            try receive(from: decoder, until: deadline)
            _ = try decoder.send(packet)
          }
          try receive(from: decoder, until: deadline)
        }
      }
      for decoder in decoders.values {
        try attempt(MediaError.self) {
          _ = try decoder.send(nil)
          try receive(from: decoder, until: deadline)
        }
      }
    }
  }

  /// A picture file: its samples, orientation, profile and EXIF data.
  static let picture = FuzzTarget("picture") { input in
    let path = try input.file()
    try attempt(PictureError.self) {
      let stored = try PictureFile.open(path)
      _ = (stored.isOpaque, stored.displaySize)
      let picture = try stored.picture()
      _ = try stored.floatPicture()
      _ = picture.extendingColours()
      _ = stored.metadata.exif?.upright(from: stored.orientation)
    }
  }

  private static let maximumMediaTime = Duration.seconds(2)
  private static let maximumStreamCount = 4
  private static let maximumPacketCount = 64
  private static let maximumPixelCount = 1 << 20

  /// Returns a decoder for `stream`; nil if it needs none or its pictures are too large.
  private static func boundedDecoder(_ stream: MediaStream) throws -> Decoder? {
    guard [.video, .audio].contains(stream.mediaType) else { return nil }
    if let format = stream.format,
      format.width.multipliedReportingOverflow(by: format.height).partialValue > maximumPixelCount
    {
      return nil
    }
    return try Decoder(stream)
  }

  /// Receives the frames that `decoder` has, and reads their samples.
  private static func receive(from decoder: Decoder, until deadline: ContinuousClock.Instant) throws {
    let frame = try Frame()
    let picture = FloatPicture()
    while ContinuousClock.now < deadline, try decoder.receive(into: frame) == .output {
      _ = (frame.metadata, frame.displayMatrix, frame.iccProfile, frame.hdrMetadata?.x265Parameters)
      guard frame.width > 0, frame.height > 0, frame.width * frame.height <= maximumPixelCount else { continue }
      _ = frame.isOpaque
      try FrameReader(frame.format).read(frame, into: picture)
    }
  }
}
