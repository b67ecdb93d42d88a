import FFmpeg
import Streaming

/// The sound of a stream of fragments: without gaps, whatever its source does.
///
/// Where the source is silent, or its clock jumps, there is silence; what comes too late is left out. For one thread.
final class FragmentSound {
  /// Sound may be that far ahead of the pictures, so that a browser does not wait for it.
  private static let lead = 0.1
  /// Sound that comes in later than its picture is waited for that long. Meanwhile browsers wait as well.
  private static let patience = 1.0

  let encoder: SoundEncoder
  private let packet: Packet
  private var samples: [Float]
  /// The next sample, by the stream's clock; nil before the first.
  private var next: Int64?

  /// Throws `MediaError` where the installed libav has no encoder of AAC.
  init() throws {
    encoder = try SoundEncoder(rate: SoundReader.rate)
    packet = try Packet()
    samples = [Float](repeating: 0, count: 2 * encoder.packetLength)
  }

  /// Writes the sound up to second `end` of the stream's clock, at which `source` has come to `seconds` of its own. Throws
  /// `MediaError`.
  func encode(_ source: SoundReader, seconds: Double, until end: Double, write: (Packet) throws -> Void) throws {
    let rate = Double(encoder.rate)
    func ticks(_ seconds: Double) -> Int64 { Int64((seconds * rate).rounded()) }
    let shift = ticks(end - seconds)
    let length = Int64(encoder.packetLength)
    let first = max(0, ticks(end) - length)
    var time = next ?? first
    // After a time without viewers nothing is made up for.
    if time < first - ticks(2 * Self.patience) { time = first }
    while time + length <= ticks(end + Self.lead) {
      let isThere = source.end.map { $0 + shift >= time + length } ?? false
      if !isThere, time + length > ticks(end - Self.patience) { break }
      source.read(&samples, at: time - shift)
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
