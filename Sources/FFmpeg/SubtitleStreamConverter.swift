import CFFmpeg

/// Decodes a subtitle stream and encodes it again: text as text, pictures as pictures.
package final class SubtitleStreamConverter: StreamConverter {
  /// More than libav's own programs allow for one subtitle.
  private static let maximumSize = 1 << 20
  /// How long the last subtitle is shown if the source does not say: five seconds, in milliseconds.
  private static let lastDuration: UInt32 = 5000
  /// libav's value for a duration that is known only when the next subtitle comes.
  private static let unknownDuration = UInt32.max

  /// The number of packets that could not be decoded and were left out.
  package private(set) var damagedPacketCount = 0
  let encoder: CodecContext
  private let decoder: CodecContext
  private let encoderName: String
  private let buffer: UnsafeMutablePointer<UInt8>
  /// A subtitle whose end is not known yet.
  private var waiting: AVSubtitle?

  /// The time base of the packets.
  package let timeBase = Rational.microseconds

  /// Opens a decoder for `stream` and the encoder of `codec`.
  ///
  /// - Parameters:
  ///   - width: The width of the film, for subtitles that are pictures of unknown size.
  ///   - height: The height of the film, likewise.
  /// - Throws: `MediaError` if libav has none for the stream, or if the encoder rejects it.
  init(
    _ stream: MediaStream, to codec: UnsafePointer<AVCodec>, width: Int, height: Int, usesGlobalHeader: Bool
  ) throws {
    let name = stream.codecName
    guard let found = avcodec_find_decoder(stream.parameters.pointee.codec_id) else {
      throw MediaError(operation: "decode", file: stream.file, message: "there is no decoder for \(name)")
    }
    cffmpeg_clear_last_log_line()
    decoder = try CodecContext(found, operation: "decode", file: stream.file)
    try MediaError.check(
      avcodec_parameters_to_context(decoder.pointer, stream.parameters), "decode", file: stream.file)
    decoder.pointer.pointee.pkt_timebase = stream.pointer.pointee.time_base
    try MediaError.check(avcodec_open2(decoder.pointer, found, nil), "decode", file: stream.file)
    encoderName = String(cString: codec.pointee.name)
    encoder = try CodecContext(codec, operation: "encode with", file: encoderName)
    let (from, to) = (decoder.pointer, encoder.pointer)
    to.pointee.time_base = timeBase.libav
    to.pointee.width = from.pointee.width > 0 ? from.pointee.width : Int32(width)
    to.pointee.height = from.pointee.height > 0 ? from.pointee.height : Int32(height)
    if usesGlobalHeader { to.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
    // The encoders of text read its styles there. libav frees the copy with the context.
    if let header = from.pointee.subtitle_header, from.pointee.subtitle_header_size > 0 {
      let size = Int(from.pointee.subtitle_header_size)
      let copy = try MediaError.allocated(av_mallocz(size + 1), "encode with", file: encoderName)
      copy.copyMemory(from: header, byteCount: size)
      to.pointee.subtitle_header = copy.assumingMemoryBound(to: UInt8.self)
      to.pointee.subtitle_header_size = Int32(size)
    }
    try MediaError.check(avcodec_open2(to, codec, nil), "encode with", file: encoderName)
    buffer = .allocate(capacity: Self.maximumSize)
  }

  deinit {
    if var waiting { avsubtitle_free(&waiting) }
    buffer.deallocate()
  }

  /// Converts a packet, or ends the stream if it is nil. Times are in ``timeBase``.
  ///
  /// - Throws: `MediaError` if memory is short, or the error of `body`.
  package func convert(_ packet: Packet?, _ body: (Packet) throws -> Void) throws {
    guard let packet else {
      try release(at: nil, body)
      return
    }
    var subtitle = AVSubtitle()
    var isComplete: Int32 = 0
    cffmpeg_clear_last_log_line()
    guard avcodec_decode_subtitle2(decoder.pointer, &subtitle, &isComplete, packet.pointer) >= 0 else {
      damagedPacketCount += 1
      return
    }
    guard isComplete != 0 else { return }
    guard let pts = Timestamp.optional(subtitle.pts) else {
      avsubtitle_free(&subtitle)
      damagedPacketCount += 1
      return
    }
    // Encoders expect subtitles that begin at their timestamp.
    subtitle.pts = pts + 1000 * Int64(subtitle.start_display_time)
    if subtitle.end_display_time != Self.unknownDuration {
      subtitle.end_display_time -= min(subtitle.end_display_time, subtitle.start_display_time)
    }
    subtitle.start_display_time = 0
    try release(at: subtitle.pts, body)
    if subtitle.end_display_time == Self.unknownDuration || subtitle.end_display_time == 0 {
      waiting = subtitle
      return
    }
    defer { avsubtitle_free(&subtitle) }
    try encode(&subtitle, body)
  }

  /// Encodes the waiting subtitle, which ends at `end` in microseconds.
  private func release(at end: Int64?, _ body: (Packet) throws -> Void) throws {
    guard var subtitle = waiting else { return }
    waiting = nil
    defer { avsubtitle_free(&subtitle) }
    subtitle.end_display_time = end.map { UInt32(clamping: ($0 - subtitle.pts) / 1000) } ?? Self.lastDuration
    try encode(&subtitle, body)
  }

  private func encode(_ subtitle: inout AVSubtitle, _ body: (Packet) throws -> Void) throws {
    // A subtitle without content ends the one before it, whose end is known here.
    guard subtitle.num_rects > 0 else { return }
    let duration = 1000 * Int64(subtitle.end_display_time)
    try write(&subtitle, at: subtitle.pts, duration: duration, body)
    guard encoder.pointer.pointee.codec_id == AV_CODEC_ID_DVB_SUBTITLE else { return }
    // DVB has no durations: a second packet clears the screen.
    let count = subtitle.num_rects
    subtitle.num_rects = 0
    defer { subtitle.num_rects = count }
    try write(&subtitle, at: subtitle.pts + duration, duration: 0, body)
  }

  private func write(
    _ subtitle: inout AVSubtitle, at time: Int64, duration: Int64, _ body: (Packet) throws -> Void
  ) throws {
    cffmpeg_clear_last_log_line()
    let size = avcodec_encode_subtitle(encoder.pointer, buffer, Int32(Self.maximumSize), &subtitle)
    guard size >= 0 else {
      damagedPacketCount += 1
      return
    }
    guard size > 0 else { return }
    let packet = try Packet(bytes: UnsafeRawBufferPointer(start: buffer, count: Int(size)))
    (packet.pts, packet.dts, packet.duration) = (time, time, duration)
    packet.markAsKeyframe()
    try body(packet)
  }
}

extension Packet {
  /// Declares that decoding can start at this packet.
  func markAsKeyframe() { pointer.pointee.flags |= AV_PKT_FLAG_KEY }
}
