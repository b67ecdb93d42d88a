import CFFmpeg

/// Decodes the packets of one video or audio stream into frames.
public final class Decoder: @unchecked Sendable {
  private let context: CodecContext
  private let file: String
  /// The headers of the OpenEXR files in the decoder, by their times.
  private var headers: [Int64?: OpenEXRHeader] = [:]
  /// More files than the decoder has threads. Entries beyond this belong to files that were not decoded.
  private static let maximumHeaderCount = 1024
  /// The time base of the frames' timestamps, which is the stream's.
  package let timeBase: Rational

  /// Creates a decoder for `stream`.
  ///
  /// - Parameters:
  ///   - threads: The number of threads; 0 lets libav choose.
  ///   - isLowDelay: Whether to return each frame at once instead of holding frames back to decode them in parallel.
  /// - Throws: `MediaError` if libav has no decoder for the codec or the stream's parameters are damaged.
  public convenience init(_ stream: MediaStream, threads: Int = 1, isLowDelay: Bool = false) throws {
    try self.init(
      parameters: stream.parameters, codec: Self.codec(for: stream), timeBase: stream.timeBase, named: stream.file,
      threads: threads, isLowDelay: isLowDelay)
  }

  private init(
    parameters: UnsafePointer<AVCodecParameters>, codec: UnsafePointer<AVCodec>?, timeBase: Rational,
    named name: String, threads: Int, isLowDelay: Bool
  ) throws {
    file = name
    self.timeBase = timeBase
    cffmpeg_clear_last_log_line()
    guard let codec else {
      let codec = String(cString: avcodec_get_name(parameters.pointee.codec_id))
      throw MediaError(operation: "decode", file: file, message: "there is no decoder for \(codec)")
    }
    context = try CodecContext(codec, operation: "decode", file: file)
    try MediaError.check(avcodec_parameters_to_context(context.pointer, parameters), "decode", file: file)
    context.pointer.pointee.pkt_timebase = timeBase.libav
    context.pointer.pointee.thread_count = Int32(clamping: threads)
    if isLowDelay { context.pointer.pointee.thread_type = FF_THREAD_SLICE }
    try MediaError.check(avcodec_open2(context.pointer, codec, nil), "decode", file: file)
  }

  /// Returns the decoder for a stream; nil if there is none. libav's own decoders of VP8 and VP9 leave out the alpha
  /// that WebM stores beside the packets.
  private static func codec(for stream: MediaStream) -> UnsafePointer<AVCodec>? {
    let id = stream.parameters.pointee.codec_id
    let names = [AV_CODEC_ID_VP8: "libvpx", AV_CODEC_ID_VP9: "libvpx-vp9"]
    // The key is in capitals if the tag was written as such, beside the track's own field.
    let hasAlpha = stream.metadata.contains { $0.key.lowercased() == "alpha_mode" && $0.value == "1" }
    if hasAlpha, let name = names[id], let codec = avcodec_find_decoder_by_name(name) {
      return codec
    }
    return avcodec_find_decoder(id)
  }

  /// Creates a decoder for pictures without a container, such as `mjpeg`.
  ///
  /// - Parameters:
  ///   - name: The name of the source in error messages.
  ///   - maximumPixelCount: The largest number of pixels that a picture may have; the decoder rejects larger ones.
  /// - Throws: `MediaError` if libav has no such decoder.
  package init(codec: String, named name: String, maximumPixelCount: Int) throws {
    file = name
    timeBase = Rational(1, 1_000_000)
    cffmpeg_clear_last_log_line()
    guard let found = avcodec_find_decoder_by_name(codec) else {
      throw MediaError(operation: "decode", file: name, message: "there is no decoder for \(codec)")
    }
    context = try CodecContext(found, operation: "decode", file: name)
    context.pointer.pointee.thread_count = 1
    context.pointer.pointee.max_pixels = Int64(maximumPixelCount)
    try MediaError.check(avcodec_open2(context.pointer, found, nil), "decode", file: name)
  }

  /// Creates a decoder for the packets of `encoder`.
  ///
  /// - Throws: `MediaError` if libav has no decoder for the codec or memory is short.
  convenience init(_ encoder: Encoder) throws {
    let name = encoder.settings.codec
    var parameters = avcodec_parameters_alloc()
    defer { avcodec_parameters_free(&parameters) }
    let own = try MediaError.allocated(parameters, "decode", file: name)
    try MediaError.check(avcodec_parameters_from_context(own, encoder.context.pointer), "decode", file: name)
    try self.init(
      parameters: own, codec: avcodec_find_decoder(own.pointee.codec_id), timeBase: encoder.settings.timeBase,
      named: name, threads: 1, isLowDelay: false)
  }

  /// Sends a packet, or nil for the end of the stream.
  ///
  /// - Returns: False if frames must be received before the packet can be sent again.
  /// - Throws: `MediaError` for damaged data. Decoding can continue with the next packet.
  public func send(_ packet: Packet?) throws -> Bool {
    cffmpeg_clear_last_log_line()
    if let packet, context.pointer.pointee.codec_id == AV_CODEC_ID_EXR {
      if headers.count >= Self.maximumHeaderCount { headers.removeAll() }
      headers[packet.pts] = packet.withUnsafeBytes { OpenEXRHeader($0) }
    }
    let status = avcodec_send_packet(context.pointer, packet?.pointer)
    if status == cffmpeg_error_again() { return false }
    if status == cffmpeg_error_eof() { return true }
    try MediaError.check(status, "decode", file: file)
    return true
  }

  /// Receives the next frame in presentation order.
  ///
  /// - Throws: `MediaError` for damaged data. Decoding can continue.
  public func receive(into frame: Frame) throws -> CodecStatus {
    cffmpeg_clear_last_log_line()
    let status = try CodecStatus.from(avcodec_receive_frame(context.pointer, frame.pointer), "decode", file: file)
    let header = headers.isEmpty || status != .output ? nil : headers.removeValue(forKey: frame.pts)
    (frame.isHalfPrecision, frame.openEXRAttributes) = (header?.hasHalfSamples ?? false, header?.attributes ?? [])
    return status
  }
}

extension Demuxer {
  /// Returns the first picture of the best video stream that can be decoded. For a still image, this is the image.
  ///
  /// Skips damaged packets before it.
  ///
  /// - Throws: `MediaError` if there is no such picture.
  public func firstFrame() throws -> Frame {
    let stream = try bestVideoStream()
    let decoder = try Decoder(stream)
    let packet = try Packet()
    let frame = try Frame()
    var firstError: (any Error)?
    var isDrained = false
    while !isDrained {
      do {
        if try read(into: packet) {
          guard packet.streamIndex == stream.index else { continue }
          _ = try decoder.send(packet)
        } else {
          isDrained = true
          _ = try decoder.send(nil)
        }
        if try decoder.receive(into: frame) == .output { return frame }
      } catch let error as MediaError {
        firstError = firstError ?? error
        if error.operation == "read" {
          isDrained = true
          if (try? decoder.send(nil)) != nil, (try? decoder.receive(into: frame)) == .output { return frame }
        }
      }
    }
    throw firstError ?? MediaError(operation: "decode", file: file, message: "it contains no picture")
  }
}
