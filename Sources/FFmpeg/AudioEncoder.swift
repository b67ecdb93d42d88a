import CFFmpeg

/// Encodes audio. Use it from one thread at a time.
package final class AudioEncoder {
  /// The codec string for browsers (RFC 6381) of ``init(rate:)``.
  package static let codecString = "mp4a.40.2"

  /// The format of the samples.
  package let format: AudioFormat
  let context: CodecContext
  private let name: String
  private let frame: Frame

  /// The number of samples per channel in a packet; 0 if packets may have any length.
  package var packetLength: Int { Int(context.pointer.pointee.frame_size) }
  /// The time base of the packets' timestamps: one sample.
  package var timeBase: Rational { Rational(1, Int32(format.rate)) }

  /// Creates an encoder for stereo AAC-LC at 128 kbit/s, which browsers play.
  ///
  /// - Parameter rate: The sample rate in Hz.
  /// - Throws: `MediaError` if the installed libav has no AAC encoder.
  package convenience init(rate: Int) throws {
    try self.init(
      AudioCodec(encoder: "aac"), AudioFormat(stereoFloatsAt: rate, isPlanar: true), bitRate: 128_000,
      usesGlobalHeader: true)
  }

  /// The codec's own header, for AAC the AudioSpecificConfig (ISO/IEC 14496-3), with `usesGlobalHeader`; otherwise
  /// empty.
  package var header: [UInt8] {
    let pointer = context.pointer.pointee
    return Array(UnsafeBufferPointer(start: pointer.extradata, count: Int(max(0, pointer.extradata_size))))
  }

  /// Opens the encoder.
  ///
  /// - Parameters:
  ///   - bitRate: The rate in bits per second; nil for the encoder's default.
  ///   - rawBits: The number of significant bits of a sample; 0 for all.
  ///   - usesGlobalHeader: Whether the parameter sets go into the container's header.
  /// - Throws: `MediaError` if it rejects the format or the bit rate.
  package init(
    _ codec: AudioCodec, _ format: AudioFormat, bitRate: Int? = nil, rawBits: Int = 0, usesGlobalHeader: Bool
  ) throws {
    name = codec.name
    self.format = format
    context = try CodecContext(codec.pointer, operation: "encode with", file: name)
    let pointer = context.pointer
    cffmpeg_set_audio(pointer, format.layout, format.sampleFormat, Int32(format.rate))
    pointer.pointee.time_base = AVRational(num: 1, den: Int32(format.rate))
    pointer.pointee.bits_per_raw_sample = Int32(rawBits)
    if let bitRate { pointer.pointee.bit_rate = Int64(bitRate) }
    if usesGlobalHeader { pointer.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
    cffmpeg_clear_last_log_line()
    try MediaError.check(avcodec_open2(pointer, codec.pointer, nil), "encode with", file: name)
    frame = try Frame()
  }

  /// Sends ``packetLength`` samples of two floats each to an encoder of planar stereo floats.
  ///
  /// - Parameter time: The time of the first sample, counted in samples.
  /// - Throws: `MediaError` if encoding fails.
  package func send(_ samples: [Float], time: Int64) throws {
    try frame.allocate(format, samples: packetLength)
    for channel in 0..<2 {
      guard let plane = frame.plane(channel) else { continue }
      plane.withMemoryRebound(to: Float.self, capacity: packetLength) { plane in
        for index in 0..<min(packetLength, samples.count / 2) { plane[index] = samples[2 * index + channel] }
      }
    }
    frame.pts = time
    try send(frame)
  }

  /// Sends a frame of ``format``, or nil for the end of the stream. The frame's `pts` counts samples. All frames except
  /// the last have ``packetLength`` samples.
  ///
  /// - Throws: `MediaError` if encoding fails.
  package func send(_ frame: Frame?) throws {
    cffmpeg_clear_last_log_line()
    try MediaError.check(avcodec_send_frame(context.pointer, frame?.pointer), "encode with", file: name)
  }

  /// Receives the next packet.
  ///
  /// - Throws: `MediaError` if encoding fails.
  package func receive(into packet: Packet) throws -> CodecStatus {
    cffmpeg_clear_last_log_line()
    return try CodecStatus.from(avcodec_receive_packet(context.pointer, packet.pointer), "encode with", file: name)
  }
}

extension Frame {
  /// Replaces the content by a buffer for audio, whose samples are undefined.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func allocate(_ format: AudioFormat, samples: Int) throws {
    unreference()
    cffmpeg_set_audio_frame(pointer, format.layout, format.sampleFormat, Int32(format.rate), Int32(samples))
    try MediaError.check(av_frame_get_buffer(pointer, 0), "allocate a frame")
  }
}
