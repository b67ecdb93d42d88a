import FFmpeg
import Hummingbird

/// Writes encoded pictures and sound as fragmented MP4, one fragment for each frame. Not thread-safe.
///
/// Sample times have no gaps, because browsers would treat a gap as the start of another stream: a frame's sample lasts
/// from the previous frame's time to its own. In front of each fragment, a `prft` box says when the frame was captured.
final class FragmentMuxer {
  /// An empty `free` box.
  static let heartbeat: [UInt8] = [0, 0, 0, 8] + Array("free".utf8)
  private static let name = "the stream"

  private let muxer: Muxer
  private let head: StreamHead
  private let packet: Packet
  private let collector: Collector

  /// Collects the muxer's output until it is taken.
  private final class Collector {
    var bytes = ByteBuffer()

    func take() -> ByteBuffer {
      defer { bytes = ByteBuffer() }
      return bytes
    }
  }

  /// - Throws: `MediaError` if memory is short.
  init(_ encoder: Encoder, audio: AudioEncoder?) throws {
    let collector = Collector()
    self.collector = collector
    muxer = try Muxer(container: "mp4", named: Self.name) { collector.bytes.writeBytes($0) }
    _ = try muxer.addStream(encoder: encoder)
    if let audio { _ = try muxer.addStream(audio: audio) }
    try muxer.writeHeader(options: Muxer.fragmentOptions)
    muxer.flushBytes()
    packet = try Packet()
    let codecs = [VideoEncoding.codecString(encoder.parameterSets)] + (audio == nil ? [] : [AudioEncoder.codecString])
    head = StreamHead(
      bytes: collector.take(), mediaType: "video/mp4; codecs=\"\(codecs.joined(separator: ", "))\"")
  }

  /// Returns the fragment of a picture and the sound packets.
  ///
  /// - Parameters:
  ///   - start: When the picture's sample begins, in `VideoEncoding.timeBase`.
  ///   - captured: When the picture was captured, on the ``ServerClock``.
  /// - Throws: `MediaError` if memory is short.
  func fragment(
    _ picture: EncodedPicture, start: Int64, captured: Int64, sound: [Packet], _ rendition: Rendition
  ) throws -> Segment {
    collector.bytes.writeBytes(Self.producerReferenceTime(captured, media: start))
    try write(picture.packet, stream: 0)
    for packet in sound { try write(packet, stream: 1) }
    try muxer.endFragment()
    return Segment(bytes: collector.take(), isKeyframe: picture.isKeyframe, head: head, rendition: rendition)
  }

  /// Writes a copy, because the muxer empties packets.
  private func write(_ original: Packet, stream: Int) throws {
    try packet.reference(original)
    packet.streamIndex = stream
    try muxer.write(packet)
  }

  /// Returns a `prft` box of version 1 for the first track: the time at which the frame was captured (ISO/IEC 14496-12,
  /// 8.16.5).
  private static func producerReferenceTime(_ captured: Int64, media: Int64) -> [UInt8] {
    func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    let capture: UInt32 = 24
    return bytes(UInt32(32)) + Array("prft".utf8) + bytes(1 << 24 | capture) + bytes(UInt32(1))
      + bytes(ServerClock.ntp(of: captured)) + bytes(UInt64(max(0, media)))
  }
}
