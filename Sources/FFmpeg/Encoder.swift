import CFFmpeg

/// The settings of an encoder.
public struct EncoderSettings: Sendable {
  /// libav's name for the encoder: `libx264`, `png`, `mjpeg`, `libwebp` ...
  package var codec: String
  /// The format of the frames to encode.
  package var format: VideoFormat
  /// The time base of the frames' timestamps.
  package var timeBase: Rational
  /// The nominal frame rate, which the timestamps need not follow; nil if unknown.
  package var frameRate: Rational?
  /// The width of a pixel divided by its height; 0/1 if unknown.
  package var sampleAspectRatio: Rational
  /// The number of threads; 0 lets libav choose.
  package var threads: Int
  /// The fixed quantizer for codecs without a better quality setting, such as MJPEG and MPEG-4: 1 (best) to 31, and for
  /// Theora 0 to 10 (best); nil uses the encoder's own rate control.
  package var quantizer: Int?
  /// The encoder's own options, by libav's names: `crf`, `preset`, `quality` ...
  package var options: [String: String]
  /// Whether the parameter sets go into the container's header, as ``Muxer/wantsGlobalHeader`` requires.
  package var usesGlobalHeader: Bool
  /// The order of the fields; frames are coded as interlaced unless it is `.progressive`.
  package var fieldOrder: FieldOrder

  /// Creates settings for a stream or a still image. A still image needs only `codec` and `format`.
  public init(
    codec: String, format: VideoFormat, timeBase: Rational = Rational(1, 25), frameRate: Rational? = nil,
    sampleAspectRatio: Rational = Rational(0, 1), threads: Int = 1, quantizer: Int? = nil,
    options: [String: String] = [:], usesGlobalHeader: Bool = false, fieldOrder: FieldOrder = .progressive
  ) {
    self.codec = codec
    self.format = format
    self.timeBase = timeBase
    self.frameRate = frameRate
    self.sampleAspectRatio = sampleAspectRatio
    self.threads = threads
    self.quantizer = quantizer
    self.options = options
    self.usesGlobalHeader = usesGlobalHeader
    self.fieldOrder = fieldOrder
  }
}

/// Encodes frames into the packets of one video stream.
public final class Encoder: @unchecked Sendable {
  let context: CodecContext
  /// The settings that the encoder was created with.
  package let settings: EncoderSettings

  /// Opens the encoder.
  ///
  /// - Throws: `MediaError` if there is no encoder with this name, or if it rejects the pixel format, the size, an
  ///   option or the value of an option.
  public init(_ settings: EncoderSettings) throws {
    self.settings = settings
    let codec = try VideoCodec(encoder: settings.codec)
    let operation = "encode with"
    try settings.format.checkSize(operation, file: settings.codec)
    context = try CodecContext(codec.pointer, operation: operation, file: settings.codec)
    let pointer = context.pointer
    pointer.pointee.width = Int32(settings.format.width)
    pointer.pointee.height = Int32(settings.format.height)
    pointer.pointee.pix_fmt = settings.format.pixelFormat.libav
    pointer.pointee.color_range = settings.format.color.range
    pointer.pointee.color_primaries = settings.format.color.primaries
    pointer.pointee.color_trc = settings.format.color.transfer
    pointer.pointee.colorspace = settings.format.color.matrix
    pointer.pointee.chroma_sample_location = settings.format.color.chromaLocation
    pointer.pointee.time_base = settings.timeBase.libav
    if let rate = settings.frameRate { pointer.pointee.framerate = rate.libav }
    pointer.pointee.sample_aspect_ratio = settings.sampleAspectRatio.libav
    pointer.pointee.thread_count = Int32(clamping: settings.threads)
    if let quantizer = settings.quantizer {
      pointer.pointee.flags |= AV_CODEC_FLAG_QSCALE
      pointer.pointee.global_quality = Int32(clamping: quantizer) * FF_QP2LAMBDA
    }
    pointer.pointee.field_order = settings.fieldOrder.ofInterleavedRows
    if settings.fieldOrder != .progressive {
      pointer.pointee.flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME
    }
    if settings.usesGlobalHeader { pointer.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
    cffmpeg_clear_last_log_line()
    let unknown = try Metadata.withOptions(settings.options) { dictionary in
      try MediaError.check(avcodec_open2(pointer, codec.pointer, &dictionary), operation, file: settings.codec)
    }
    if let option = unknown.first {
      throw MediaError(operation: operation, file: settings.codec, message: "it has no option \(option)")
    }
  }

  /// The parameter sets if `settings.usesGlobalHeader` is true; empty if the encoder produced none.
  package var parameterSets: [UInt8] {
    let pointer = context.pointer.pointee
    return Array(UnsafeBufferPointer(start: pointer.extradata, count: Int(max(0, pointer.extradata_size))))
  }

  /// Sends a frame, or nil for the end of the stream. The frame's `pts` is in `settings.timeBase`.
  ///
  /// - Returns: False if packets must be received before the frame can be sent again.
  /// - Throws: `MediaError` if encoding fails.
  public func send(_ frame: Frame?) throws -> Bool {
    if settings.quantizer != nil { frame?.pointer.pointee.quality = context.pointer.pointee.global_quality }
    cffmpeg_clear_last_log_line()
    let status = avcodec_send_frame(context.pointer, frame?.pointer)
    if status == cffmpeg_error_again() { return false }
    if status == cffmpeg_error_eof() { return true }
    try MediaError.check(status, "encode with", file: settings.codec)
    return true
  }

  /// Receives the next packet in decoding order. Its times are in `settings.timeBase`.
  ///
  /// - Throws: `MediaError` if encoding fails.
  public func receive(into packet: Packet) throws -> CodecStatus {
    cffmpeg_clear_last_log_line()
    let status = try CodecStatus.from(
      avcodec_receive_packet(context.pointer, packet.pointer), "encode with", file: settings.codec)
    return status
  }

  /// Returns the encoded bytes of one picture, for formats whose files are a single packet: PNG, JPEG, WebP.
  ///
  /// This ends the stream: the encoder cannot be used again.
  ///
  /// - Throws: `MediaError` if encoding fails.
  package func encodeStill(_ frame: Frame) throws -> [UInt8] {
    if frame.pts == nil { frame.pts = 0 }
    let packet = try Packet()
    var bytes: [UInt8] = []
    _ = try send(frame)
    _ = try send(nil)
    while try receive(into: packet) == .output { bytes += packet.bytes }
    guard !bytes.isEmpty else {
      throw MediaError(operation: "encode with", file: settings.codec, message: "it produced no packet")
    }
    return bytes
  }
}
