import CFFmpeg
import Foundation

/// Writes a media file, packet by packet.
///
/// Add the streams, write the header, write packets, finish. Nothing is removed on failure: that is the caller's business.
public final class Muxer: @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<AVFormatContext>
  /// The file written to.
  public let file: String
  /// The file named in errors: the one the user asked for, where the one written to is temporary.
  public let displayName: String
  private let interruption: Interruption
  private var sourceTimeBases: [Rational] = []
  /// Per stream, the decoding time last written and the duration that went with it.
  private var lastTimes: [(dts: Int64, duration: Int64)?] = []
  /// How many packets had no decoding time, or one that was not after the one before, and got the next that is possible.
  public private(set) var repairedPacketCount = 0
  private var hasHeader = false

  /// Creates `file` in the container that the extension of `name` tells, `file` itself if nil.
  ///
  /// `interrupt` is asked whether to give up a blocking call. Throws `MediaError` if no container has this extension or the
  /// file cannot be created.
  public init(path file: String, named name: String? = nil, interrupt: (@Sendable () -> Bool)? = nil) throws {
    self.file = file
    displayName = name ?? file
    interruption = Interruption(interrupt)
    guard let format = Self.outputFormat(for: displayName) else {
      throw MediaError(
        operation: "write", file: displayName, message: "no container is known for the extension of this name")
    }
    cffmpeg_clear_last_log_line()
    var context: UnsafeMutablePointer<AVFormatContext>?
    try MediaError.check(
      avformat_alloc_output_context2(&context, format, nil, "file:" + file), "write", file: displayName)
    pointer = try MediaError.allocated(context, "write", file: displayName)
    var callback = interruption.callback
    pointer.pointee.interrupt_callback = callback
    if format.pointee.flags & AVFMT_NOFILE == 0 {
      try MediaError.check(
        avio_open2(&pointer.pointee.pb, "file:" + file, AVIO_FLAG_WRITE, &callback, nil), "write", file: displayName)
    }
  }

  deinit {
    avio_closep(&pointer.pointee.pb)
    avformat_free_context(pointer)
  }

  private static func outputFormat(for name: String) -> UnsafePointer<AVOutputFormat>? {
    guard let format = av_guess_format(nil, name, nil) else { return nil }
    return UnsafePointer(format)
  }

  /// libav's name of the container that a file name's extension tells; nil if none does.
  public static func containerName(for name: String) -> String? {
    outputFormat(for: name).map { String(cString: $0.pointee.name) }
  }

  /// libav's name of the container.
  public var containerName: String { pointer.pointee.oformat.map { String(cString: $0.pointee.name) } ?? "" }

  /// Whether the container is one file of bytes; the others are sequences of images, devices and the like.
  public static func isSingleFile(_ name: String) -> Bool {
    outputFormat(for: name).map { $0.pointee.flags & AVFMT_NOFILE == 0 } ?? false
  }

  /// Whether the container keeps a display matrix, so that stored pictures may lie on their side.
  public var keepsDisplayMatrix: Bool {
    ["mov", "mp4", "ipod", "3gp", "3g2", "psp", "ismv", "f4v"].contains(containerName)
  }

  /// The codec that libav prefers for video in this container, such as `h264`; nil if it takes none.
  public var defaultVideoCodec: String? {
    guard let format = pointer.pointee.oformat, format.pointee.video_codec != AV_CODEC_ID_NONE else { return nil }
    return String(cString: avcodec_get_name(format.pointee.video_codec))
  }

  /// Whether encoders for this container must put their parameter sets in its head.
  public var wantsGlobalHeader: Bool { (pointer.pointee.oformat?.pointee.flags ?? 0) & AVFMT_GLOBALHEADER != 0 }

  /// Whether the container takes the codec of `codec`.
  public func accepts(_ codec: VideoCodec) -> Bool { accepts(codec.pointer.pointee.id) }

  /// Whether the container takes the packets of `stream` as they are.
  public func accepts(_ stream: MediaStream) -> Bool {
    // Fonts and the like have codecs that are in no table.
    if stream.mediaType == .attachment { return containerName == "matroska" }
    return stream.parameters.pointee.codec_id != AV_CODEC_ID_NONE && accepts(stream.parameters.pointee.codec_id)
  }

  private func accepts(_ codec: AVCodecID) -> Bool {
    guard let format = pointer.pointee.oformat else { return false }
    let kind = avcodec_get_type(codec)
    let answer = avformat_query_codec(format, codec, FF_COMPLIANCE_NORMAL)
    if answer >= 0 { return answer == 1 }
    // Some containers do not say.
    if ["mpegts", "mpeg", "vob", "svcd", "dvd"].contains(containerName) {
      return Self.codecsOfMPEGStreams.contains(String(cString: avcodec_get_name(codec)))
    }
    return kind == AVMEDIA_TYPE_VIDEO && codec == format.pointee.video_codec
      || kind == AVMEDIA_TYPE_AUDIO && codec == format.pointee.audio_codec
      || kind == AVMEDIA_TYPE_SUBTITLE && codec == format.pointee.subtitle_codec
  }

  /// What libav's writers of MPEG transport and programme streams have stream types for.
  private static let codecsOfMPEGStreams: Set<String> = [
    "mpeg1video", "mpeg2video", "mpeg4", "h264", "hevc", "mp2", "mp3", "aac", "aac_latm", "ac3", "eac3", "dts",
    "truehd",
    "opus", "dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle", "klv", "timed_id3",
  ]

  /// Adds the stream of `encoder`; tags, disposition and display matrix are those of `source` where given, the matrix only
  /// with `keepsDisplayMatrix`.
  ///
  /// Returns its index: the `streamIndex` for its packets. Throws `MediaError` when memory is short.
  public func addStream(
    encoder: Encoder, like source: MediaStream? = nil, keepsDisplayMatrix: Bool = true
  ) throws -> Int {
    let stream = try newStream()
    try MediaError.check(
      avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context.pointer), "write", file: displayName)
    // The encoder's fields may not hold what only the container carries.
    stream.pointee.codecpar.pointee.sample_aspect_ratio = encoder.settings.sampleAspectRatio.libav
    stream.pointee.sample_aspect_ratio = encoder.settings.sampleAspectRatio.libav
    stream.pointee.codecpar.pointee.chroma_location = encoder.settings.format.color.chromaLocation
    stream.pointee.time_base = encoder.settings.timeBase.libav
    if let rate = encoder.settings.frameRate { stream.pointee.avg_frame_rate = rate.libav }
    if let source {
      try copyDescription(
        of: source, to: stream, sideData: keepsDisplayMatrix ? CFFMPEG_DISPLAY_SIDE_DATA : CFFMPEG_UPRIGHT_SIDE_DATA)
    }
    return added(stream, timeBase: encoder.settings.timeBase)
  }

  /// Adds a stream whose packets will be copied from `source`, with all that the container knows of it.
  ///
  /// Returns its index: the `streamIndex` for its packets. Throws `MediaError` when memory is short.
  public func addStream(copying source: MediaStream) throws -> Int {
    let stream = try newStream()
    guard let parameters = stream.pointee.codecpar else {
      throw MediaError(operation: "write", file: displayName, message: "out of memory")
    }
    try MediaError.check(avcodec_parameters_copy(parameters, source.parameters), "write", file: displayName)
    parameters.pointee.codec_tag = codecTag(for: source)
    // These block sizes belong to the old container and are wrong in the new one.
    let block = parameters.pointee.block_align
    if parameters.pointee.codec_id == AV_CODEC_ID_MP3, [1, 1152, 576].contains(block) || block < 0 {
      parameters.pointee.block_align = 0
    }
    if parameters.pointee.codec_id == AV_CODEC_ID_AC3 { parameters.pointee.block_align = 0 }
    stream.pointee.time_base = source.pointer.pointee.time_base
    stream.pointee.avg_frame_rate = source.pointer.pointee.avg_frame_rate
    stream.pointee.r_frame_rate = source.pointer.pointee.r_frame_rate
    stream.pointee.sample_aspect_ratio = source.pointer.pointee.sample_aspect_ratio
    stream.pointee.duration = source.pointer.pointee.duration
    try copyDescription(of: source, to: stream, sideData: CFFMPEG_ALL_SIDE_DATA)
    return added(stream, timeBase: source.timeBase)
  }

  /// Copies the tags and the chapters of a file. Throws `MediaError` when memory is short.
  public func copyMetadata(of source: Demuxer) throws {
    let input = source.context.pointer
    try MediaError.check(
      av_dict_copy(&pointer.pointee.metadata, input.pointee.metadata, 0), "write", file: displayName)
    // These describe the old file, not its content.
    for key in ["major_brand", "minor_version", "compatible_brands", "encoder"] {
      av_dict_set(&pointer.pointee.metadata, key, nil, 0)
    }
    try MediaError.check(cffmpeg_copy_chapters(pointer, input), "write", file: displayName)
  }

  /// Writes the container's head; streams cannot be added any more. `options` are the container's own.
  ///
  /// Throws `MediaError` if the container refuses a stream.
  public func writeHeader(options: [String: String] = [:]) throws {
    cffmpeg_clear_last_log_line()
    _ = try Metadata.withOptions(options) { dictionary in
      try MediaError.check(avformat_write_header(pointer, &dictionary), "write", file: displayName)
    }
    hasHeader = true
  }

  /// Writes a packet, whose timestamps are in the time base given when its stream was added; packets of different streams are
  /// put in order by libav. The packet is empty afterwards. Throws `MediaError`, such as for a full disk.
  public func write(_ packet: Packet) throws {
    guard let stream = sourceTimeBases.indices.contains(packet.streamIndex) ? packet.streamIndex : nil,
      let output = pointer.pointee.streams[stream]
    else {
      throw MediaError(operation: "write", file: displayName, message: "there is no stream \(packet.streamIndex)")
    }
    packet.rescale(from: sourceTimeBases[stream], to: Rational(output.pointee.time_base))
    repairTimes(of: packet, stream: stream)
    packet.pointer.pointee.pos = -1
    cffmpeg_clear_last_log_line()
    try MediaError.check(av_interleaved_write_frame(pointer, packet.pointer), "write", file: displayName)
    try checkBytes()
  }

  /// Containers demand increasing decoding times; damaged or joined files do not always have them.
  private func repairTimes(of packet: Packet, stream: Int) {
    let isStrict = (pointer.pointee.oformat?.pointee.flags ?? 0) & AVFMT_TS_NONSTRICT == 0
    let last = lastTimes[stream]
    let wanted = packet.dts ?? packet.pts ?? last.map { $0.dts + $0.duration } ?? 0
    let dts = max(wanted, last.map { $0.dts + (isStrict ? 1 : 0) } ?? wanted)
    if dts != packet.dts {
      if dts != packet.pts || packet.dts != nil { repairedPacketCount += 1 }
      packet.dts = dts
      packet.pts = max(packet.pts ?? dts, dts)
    }
    lastTimes[stream] = (dts, max(packet.duration, isStrict ? 1 : 0))
  }

  /// Writes what is still held back and the container's tail, and closes the file. Throws `MediaError`.
  public func finish() throws {
    cffmpeg_clear_last_log_line()
    if hasHeader { try MediaError.check(av_write_trailer(pointer), "write", file: displayName) }
    hasHeader = false
    try checkBytes()
    try MediaError.check(avio_closep(&pointer.pointee.pb), "write", file: displayName)
  }

  /// A byte stream keeps its first error; the call that met it may have returned well.
  private func checkBytes() throws {
    guard let bytes = pointer.pointee.pb else { return }
    try MediaError.check(bytes.pointee.error, "write", file: displayName)
  }

  private func newStream() throws -> UnsafeMutablePointer<AVStream> {
    try MediaError.allocated(avformat_new_stream(pointer, nil), "write", file: displayName)
  }

  private func added(_ stream: UnsafeMutablePointer<AVStream>, timeBase: Rational) -> Int {
    sourceTimeBases.append(timeBase)
    lastTimes.append(nil)
    return Int(stream.pointee.index)
  }

  private func copyDescription(
    of source: MediaStream, to stream: UnsafeMutablePointer<AVStream>, sideData: cffmpeg_side_data
  ) throws {
    stream.pointee.disposition = source.pointer.pointee.disposition
    stream.pointee.id = source.pointer.pointee.id
    try MediaError.check(
      av_dict_copy(&stream.pointee.metadata, source.pointer.pointee.metadata, 0), "write", file: displayName)
    if sideData != CFFMPEG_ALL_SIDE_DATA {
      for key in ["encoder"] + statisticsKeys(of: stream) { av_dict_set(&stream.pointee.metadata, key, nil, 0) }
    }
    try MediaError.check(
      cffmpeg_stream_copy_side_data(stream, source.pointer, sideData), "write", file: displayName)
  }

  /// The tags in which Matroska writers note the numbers of the old encoding: `BPS`, `NUMBER_OF_FRAMES-eng` ...
  private func statisticsKeys(of stream: UnsafeMutablePointer<AVStream>) -> [String] {
    let names = ["BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES", "_STATISTICS_"]
    return Metadata.entries(stream.pointee.metadata).keys.filter { key in names.contains { key.hasPrefix($0) } }
  }

  /// The old container's tag where it means the same codec in the new one, otherwise 0: the muxer's choice.
  private func codecTag(for source: MediaStream) -> UInt32 {
    let tag = source.parameters.pointee.codec_tag
    let codec = source.parameters.pointee.codec_id
    guard let tables = pointer.pointee.oformat?.pointee.codec_tag else { return tag }
    if av_codec_get_id(tables, tag) == codec { return tag }
    var other: UInt32 = 0
    return av_codec_get_tag2(tables, codec, &other) == 0 ? tag : 0
  }
}
