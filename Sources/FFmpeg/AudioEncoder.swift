import CFFmpeg

/// Encodes stereo audio as AAC-LC at 128 kbit/s, which browsers play. Use it from one thread at a time.
package final class AudioEncoder {
  /// The codec string for browsers (RFC 6381).
  package static let codecString = "mp4a.40.2"
  private static let name = "aac"

  /// The sample rate in Hz.
  package let rate: Int
  let context: CodecContext
  private let frame: Frame

  /// The number of samples per channel in a packet.
  package var packetLength: Int { Int(context.pointer.pointee.frame_size) }
  /// The time base of the packets' timestamps: one sample.
  package var timeBase: Rational { Rational(1, Int32(rate)) }

  /// Creates an encoder for a sample rate in Hz.
  ///
  /// - Throws: `MediaError` if the installed libav has no AAC encoder.
  package init(rate: Int) throws {
    self.rate = rate
    guard let codec = avcodec_find_encoder_by_name(Self.name) else {
      throw MediaError(operation: "encode with", file: Self.name, message: "there is no audio encoder with this name")
    }
    context = try CodecContext(codec, operation: "encode with", file: Self.name)
    let pointer = context.pointer
    cffmpeg_set_stereo(pointer)
    pointer.pointee.sample_rate = Int32(rate)
    pointer.pointee.time_base = AVRational(num: 1, den: Int32(rate))
    pointer.pointee.bit_rate = 128_000
    pointer.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
    cffmpeg_clear_last_log_line()
    try MediaError.check(avcodec_open2(pointer, codec, nil), "encode with", file: Self.name)
    frame = try Frame()
  }

  /// Sends ``packetLength`` samples of two floats each.
  ///
  /// - Parameter time: The time of the first sample, counted in samples.
  /// - Throws: `MediaError` if encoding fails.
  package func send(_ samples: [Float], time: Int64) throws {
    frame.unreference()
    cffmpeg_set_stereo_frame(frame.pointer, Int32(rate), Int32(packetLength))
    try MediaError.check(av_frame_get_buffer(frame.pointer, 0), "allocate a frame")
    for channel in 0..<2 {
      guard let plane = frame.plane(channel) else { continue }
      plane.withMemoryRebound(to: Float.self, capacity: packetLength) { plane in
        for index in 0..<min(packetLength, samples.count / 2) { plane[index] = samples[2 * index + channel] }
      }
    }
    frame.pts = time
    cffmpeg_clear_last_log_line()
    try MediaError.check(avcodec_send_frame(context.pointer, frame.pointer), "encode with", file: Self.name)
  }

  /// Receives the next packet.
  ///
  /// - Throws: `MediaError` if encoding fails.
  package func receive(into packet: Packet) throws -> CodecStatus {
    cffmpeg_clear_last_log_line()
    return try CodecStatus.from(
      avcodec_receive_packet(context.pointer, packet.pointer), "encode with", file: Self.name)
  }
}
