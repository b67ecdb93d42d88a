import FFmpeg
import Synchronization

/// Decodes the packets of an audio stream into an ``AudioTrack`` as they arrive.
final class AudioReader: PacketRecipient {
  private struct Decoding: ~Copyable {
    var decoder: Decoder
    let converter: AudioConverter
    let frame: Frame
  }

  let track = AudioTrack()
  private let index: Int
  private let timeBase: Rational
  private let decoding: Mutex<Decoding>

  /// Opens the audio stream that players choose to go with `video`.
  ///
  /// Returns nil if there is none, or none that can be decoded.
  convenience init?(_ demuxer: Demuxer, beside video: MediaStream) {
    guard let stream = demuxer.bestAudioStream(beside: video) else { return nil }
    self.init(stream)
  }

  /// Opens an audio stream. Returns nil if it cannot be decoded.
  init?(_ stream: MediaStream) {
    guard let decoder = try? Decoder(stream), let frame = try? Frame(),
      let converter = try? AudioConverter(rate: AudioTrack.rate)
    else { return nil }
    index = stream.index
    timeBase = stream.timeBase
    decoding = Mutex(Decoding(decoder: decoder, converter: converter, frame: frame))
  }

  func take(_ packet: Packet) {
    guard packet.streamIndex == index else { return }
    decoding.withLock { decoding in
      // Skip damaged packets; they become silence.
      guard (try? decoding.decoder.send(packet)) != nil else { return }
      while (try? decoding.decoder.receive(into: decoding.frame)) == .output {
        let pts = decoding.frame.bestEffortTimestamp ?? decoding.frame.pts
        let time = pts.flatMap { AudioTrack.sample(at: Double($0) * timeBase.value) }
        try? decoding.converter.convert(decoding.frame) { track.append($0, at: time) }
      }
    }
  }

  func finishPackets() {}
}
