import FFmpeg
import Streaming

/// The audio of a stream of fragments: without gaps, whatever its source does.
///
/// Where the source is silent, or its clock jumps, there is silence; what comes too late is left out. For one thread.
final class FragmentAudio {
  /// Sound may be that far ahead of the pictures, so that a browser does not wait for it: a tenth of a second.
  private static let lead = Int64(AudioTrack.rate / 10)
  /// Sound that comes in later than its picture is waited for that long, a second. Meanwhile browsers wait as well.
  private static let patience = Int64(AudioTrack.rate)

  let encoder: AudioEncoder
  private let packet: Packet
  private var samples: [Float]
  /// The next sample, by the stream's clock; nil before the first.
  private var next: Int64?

  /// Throws `MediaError` where the installed libav has no encoder of AAC.
  init() throws {
    encoder = try AudioEncoder(rate: AudioTrack.rate)
    packet = try Packet()
    samples = [Float](repeating: 0, count: 2 * encoder.packetLength)
  }

  /// Writes the audio up to second `end` of the stream's clock, at which the source has come to `seconds` of its own.
  /// Throws `MediaError`.
  func encode(_ track: AudioTrack, seconds: Double, until end: Double, write: (Packet) throws -> Void) throws {
    // Where the source's clock is beyond all reason, this fragment has no sound.
    guard let last = AudioTrack.sample(at: end), let shift = AudioTrack.sample(at: end - seconds) else { return }
    let length = Int64(encoder.packetLength)
    let first = max(0, last - length)
    var time = next ?? first
    // After a time without viewers nothing is made up for.
    if time < first - 2 * Self.patience { time = first }
    while time + length <= last + Self.lead {
      let isThere = track.end.map { $0 + shift >= time + length } ?? false
      if !isThere, time + length > last - Self.patience { break }
      track.read(&samples, at: time - shift)
      try encoder.send(samples, time: time)
      time += length
      while try encoder.receive(into: packet) == .output {
        // What the encoder puts in front may lie before the beginning of time.
        if let pts = packet.pts, pts >= 0 { try write(packet) }
      }
    }
    next = time
  }
}
