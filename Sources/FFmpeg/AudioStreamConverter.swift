import CFFmpeg

/// Decodes an audio stream and encodes it again, with the times of the source. Holds less than a second of it.
///
/// Gaps in the source's times become silence, and samples that a source repeats are left out, so that sound and
/// pictures stay together in containers that store no times.
package final class AudioStreamConverter: StreamConverter {
  /// Timestamps are rounded, and some senders' vary from packet to packet, in seconds. A lost packet of sound is
  /// longer.
  private static let tolerance = 0.018
  /// A difference that is longer than ``tolerance`` counts if it stays for as many frames.
  private static let patience = 3
  /// A longer difference counts at once. This is swresample's threshold for hard compensation.
  private static let longestTolerance = 0.1
  /// A longer step forward is a jump of the sender's clock, which silence would not bridge.
  private static let longestGap = 3600.0
  /// A longer step back is a jump of the sender's clock, not a repetition.
  private static let longestRepetition = 10.0
  /// The length of a frame for encoders without a length of their own.
  private static let freeLength = 1024

  /// The number of packets that could not be decoded and were left out.
  package private(set) var damagedPacketCount = 0
  private let decoder: Decoder
  private let converter: AudioConverter
  private let encoder: AudioEncoder
  private let queue: AudioQueue
  private let decoded: Frame
  private let frame: Frame
  /// The time of the first sample in the queue, counted in the encoder's samples; nil before the first frame.
  private var time: Int64?
  /// The time at which the next frame is expected, counted likewise. The fraction carries the rest of other rates.
  private var expected = 0.0
  /// The number of frames in a row that came too early or too late.
  private var differences = 0

  /// Creates a converter from `stream` to `encoder`.
  ///
  /// - Throws: `MediaError` if libav has no decoder for the stream or memory is short.
  package init(_ stream: MediaStream, to encoder: AudioEncoder) throws {
    self.encoder = encoder
    decoder = try Decoder(stream)
    converter = try AudioConverter(encoder.format)
    queue = try AudioQueue(encoder.format)
    decoded = try Frame()
    frame = try Frame()
  }

  private var frameLength: Int { encoder.packetLength > 0 ? encoder.packetLength : Self.freeLength }

  /// Converts a packet, or ends the stream if it is nil. Times count the encoder's samples.
  ///
  /// - Throws: `MediaError` if encoding fails, or the error of `body`.
  package func convert(_ packet: Packet?, _ body: (Packet) throws -> Void) throws {
    var isSent = false
    while !isSent {
      do {
        isSent = try decoder.send(packet)
      } catch let error as MediaError where error.operation == "decode" {
        damagedPacketCount += 1
        isSent = true
      }
      try receive(body)
    }
    guard packet == nil else { return }
    try converter.flush { try queue.append($0) }
    while queue.count > 0 { try encodeFrame(body) }
    try encoder.send(nil)
    try drain(body)
  }

  private func receive(_ body: (Packet) throws -> Void) throws {
    while true {
      do {
        guard try decoder.receive(into: decoded) == .output else { return }
      } catch let error as MediaError where error.operation == "decode" {
        damagedPacketCount += 1
        return
      }
      try take(decoded, body)
    }
  }

  private func take(_ decoded: Frame, _ body: (Packet) throws -> Void) throws {
    let rate = Double(encoder.format.rate)
    let (count, sourceRate) = (decoded.pointer.pointee.nb_samples, decoded.pointer.pointee.sample_rate)
    guard count > 0, sourceRate > 0 else { return }
    let length = Double(count) * rate / Double(sourceRate)
    let pts = decoded.bestEffortTimestamp ?? decoded.pts
    if let start = pts.map({ decoder.timeBase.rescale($0, to: encoder.timeBase) }) {
      if time == nil {
        time = start
        expected = Double(start)
      }
      let gap = Double(start) - expected
      // After a jump, the source goes on where it stopped.
      if (-Self.longestRepetition...Self.longestGap).contains(gap / rate), differs(gap / rate) {
        if gap > 0 {
          try fill(Int(gap.rounded()), body)
          expected += gap.rounded()
        } else if -gap >= 0.5 * length {
          return
        }
      }
    }
    time = time ?? 0
    expected += length
    try converter.convert(decoded) { (converted: Frame) in try queue.append(converted) }
    try encode(body)
  }

  /// Whether to correct a difference between the time of a frame and the samples so far, in seconds.
  private func differs(_ gap: Double) -> Bool {
    differences = abs(gap) > Self.tolerance ? differences + 1 : 0
    guard differences >= Self.patience || abs(gap) > Self.longestTolerance else { return false }
    if gap > 0 { differences = 0 }
    return true
  }

  /// Appends silence, one frame at a time.
  private func fill(_ samples: Int, _ body: (Packet) throws -> Void) throws {
    let silence = try Frame()
    var rest = samples
    while rest > 0 {
      try silence.allocate(encoder.format, samples: min(rest, frameLength))
      try MediaError.check(cffmpeg_silence(silence.pointer), "convert audio")
      try queue.append(silence)
      rest -= frameLength
      try encode(body)
    }
  }

  private func encode(_ body: (Packet) throws -> Void) throws {
    while queue.count >= frameLength { try encodeFrame(body) }
  }

  private func encodeFrame(_ body: (Packet) throws -> Void) throws {
    let start = time ?? 0
    try queue.take(frameLength, into: frame)
    frame.pts = start
    frame.duration = Int64(frame.pointer.pointee.nb_samples)
    time = start + Int64(frame.pointer.pointee.nb_samples)
    try encoder.send(frame)
    try drain(body)
  }

  private func drain(_ body: (Packet) throws -> Void) throws {
    while true {
      let packet = try Packet()
      guard try encoder.receive(into: packet) == .output else { return }
      try body(packet)
    }
  }
}
