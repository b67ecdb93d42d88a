import FFmpeg
import Streaming

/// The audio of a painted stream, without gaps, regardless of its source.
///
/// When the source is silent or its clock jumps, the audio is silent. Late audio is dropped. Not thread-safe.
final class FragmentAudio {
  /// Audio runs ahead of the video by a tenth of a second, so that a browser does not stall.
  private static let lead = Int64(AudioTrack.rate / 10)
  /// How long to wait for audio that arrives later than its frame: one second. Browsers stall meanwhile.
  private static let patience = Int64(AudioTrack.rate)

  let encoder: AudioEncoder
  private let packet: Packet
  private var samples: [Float]
  /// The index of the next sample on the stream's clock; nil before the first.
  private var next: Int64?

  /// - Throws: `MediaError` if the installed libav lacks an AAC encoder.
  init() throws {
    encoder = try AudioEncoder(rate: AudioTrack.rate)
    packet = try Packet()
    samples = [Float](repeating: 0, count: 2 * encoder.packetLength)
  }

  /// Encodes the audio up to `end`, in seconds of the stream's clock, and returns its packets.
  ///
  /// - Parameter seconds: The time on the source's clock that corresponds to `end`.
  /// - Throws: `MediaError`.
  func encode(_ track: AudioTrack, seconds: Double, until end: Double) throws -> [Packet] {
    // Without a valid source clock, this fragment has no audio.
    guard let last = AudioTrack.sample(at: end), let shift = AudioTrack.sample(at: end - seconds) else { return [] }
    var packets: [Packet] = []
    let length = Int64(encoder.packetLength)
    let first = max(0, last - length)
    var time = next ?? first
    // Do not catch up after a period without viewers.
    if time < first - 2 * Self.patience { time = first }
    while time + length <= last + Self.lead {
      let isThere = track.end.map { $0 + shift >= time + length } ?? false
      if !isThere, time + length > last - Self.patience { break }
      track.read(&samples, at: time - shift)
      try encoder.send(samples, time: time)
      time += length
      while try encoder.receive(into: packet) == .output {
        // The encoder's priming samples may have negative timestamps.
        guard let pts = packet.pts, pts >= 0 else { continue }
        let taken = try Packet()
        taken.move(from: packet)
        packets.append(taken)
      }
    }
    next = time
    return packets
  }
}
