import CFFmpeg
import Foundation

/// Writes a media file, packet by packet.
///
/// Add the streams, write the header, write packets, then call ``finish()``. After a failure, the caller removes the
/// file.
public final class Muxer: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<AVFormatContext>
  /// The destination.
  package let target: MediaTarget
  /// The name in error messages: the one that the user gave, even if a temporary file is written.
  package let displayName: String
  private let interruption: Interruption
  private var standardOutput: DescriptorStream?
  private var byteStream: ByteStream?
  private var pictures: PictureFiles?
  /// The options that the protocol did not accept.
  var options: [String: String] = [:]
  private var sourceTimeBases: [Rational] = []
  /// For each stream, the decoding time and duration of the last packet.
  private var lastTimes: [(dts: Int64, duration: Int64)?] = []
  /// The number of packets whose decoding time was missing or not after that of the previous packet, and was replaced
  /// by the next possible one.
  package private(set) var repairedPacketCount = 0
  private var hasHeader = false

  /// Creates `file` in the container given by the extension of `name`.
  ///
  /// - Parameters:
  ///   - name: The name that the user gave; nil if it is `file`.
  ///   - interrupt: Called during blocking calls; true gives up the call.
  /// - Throws: `MediaError` if no container has this extension or the file cannot be created.
  public convenience init(
    path file: String, named name: String? = nil, interrupt: (@Sendable () -> Bool)? = nil
  ) throws {
    let name = name ?? file
    guard let format = Self.containerName(for: name) else {
      throw MediaError(
        operation: "write", file: name, message: "no container is known for this file extension")
    }
    try self.init(MediaTarget(file: file, named: name, format: format), interrupt: interrupt)
  }

  /// Creates the file or connects to the destination.
  ///
  /// - Parameter interrupt: Called during blocking calls; true gives up the call.
  /// - Throws: `MediaError` if that fails.
  package init(_ target: MediaTarget, interrupt: (@Sendable () -> Bool)? = nil) throws {
    self.target = target
    displayName = target.displayName
    interruption = Interruption(interrupt)
    cffmpeg_clear_last_log_line()
    var context: UnsafeMutablePointer<AVFormatContext>?
    try MediaError.check(
      avformat_alloc_output_context2(&context, nil, target.format, target.url), "write", file: displayName)
    pointer = try MediaError.allocated(context, "write", file: displayName)
    var callback = interruption.callback
    pointer.pointee.interrupt_callback = callback
    options = target.options
    if target.kind == .imageSequence { pictures = PictureFiles(of: pointer) }
    guard let format = pointer.pointee.oformat, format.pointee.flags & AVFMT_NOFILE == 0 else { return }
    if target.kind == .standardStream {
      let stream = try DescriptorStream(STDOUT_FILENO, isWriting: true, interruption: interruption, file: displayName)
      pointer.pointee.pb = stream.pointer
      standardOutput = stream
      return
    }
    let rest = try Metadata.withOptions(options) { dictionary in
      let status = avio_open2(&pointer.pointee.pb, target.url, AVIO_FLAG_WRITE, &callback, &dictionary)
      if status == cffmpeg_error_no_protocol(), let scheme = MediaKind.scheme(of: target.name) {
        throw MediaError(
          operation: "write", file: displayName, message: "the installed libav has no protocol '\(scheme)'")
      }
      try MediaError.check(status, "write", file: displayName)
    }
    options = options.filter { rest.contains($0.key) }
  }

  /// Creates a muxer that passes its bytes to a closure, in order and on the thread that writes.
  ///
  /// - Parameters:
  ///   - container: libav's name for the container.
  ///   - name: The name in error messages.
  ///   - isSeekable: Whether the container may seek back, which only repeats calls of `write`.
  /// - Throws: `MediaError` if the installed libav has no such container or memory is short.
  package init(
    container: String, named name: String, isSeekable: Bool = false, write: @escaping (UnsafeRawBufferPointer) -> Void
  ) throws {
    target = MediaTarget(file: name, named: name, format: container)
    displayName = name
    interruption = Interruption(nil)
    cffmpeg_clear_last_log_line()
    var context: UnsafeMutablePointer<AVFormatContext>?
    try MediaError.check(avformat_alloc_output_context2(&context, nil, container, nil), "write", file: name)
    pointer = try MediaError.allocated(context, "write", file: name)
    let stream = try ByteStream(file: name, isSeekable: isSeekable, write: write)
    pointer.pointee.pb = stream.pointer
    byteStream = stream
  }

  deinit {
    closeBytes()
    avformat_free_context(pointer)
  }

  @discardableResult
  private func closeBytes() -> Int32 {
    // Formats that open their own files do not use this field for a byte stream.
    guard let format = pointer.pointee.oformat, format.pointee.flags & AVFMT_NOFILE == 0 else { return 0 }
    guard standardOutput == nil, byteStream == nil else {
      if pointer.pointee.pb != nil { avio_flush(pointer.pointee.pb) }
      let status = pointer.pointee.pb?.pointee.error ?? 0
      pointer.pointee.pb = nil
      return min(status, 0)
    }
    return avio_closep(&pointer.pointee.pb)
  }

  private static func outputFormat(for name: String) -> UnsafePointer<AVOutputFormat>? {
    guard let format = av_guess_format(nil, name, nil) else { return nil }
    return UnsafePointer(format)
  }

  /// Returns libav's name for the container of a file name's extension; nil if there is none.
  package static func containerName(for name: String) -> String? {
    outputFormat(for: name).map { String(cString: $0.pointee.name) }
  }

  /// libav's name for the container.
  package var containerName: String { pointer.pointee.oformat.map { String(cString: $0.pointee.name) } ?? "" }

  /// The options of the destination that neither the protocol nor the container has. They may be options of the
  /// encoder.
  package var foreignOptions: [String: String] { options.filter { !takesOption($0.key) } }

  func takesOption(_ name: String) -> Bool {
    av_opt_find(pointer, name, nil, 0, 0) != nil || hasOption(name)
  }

  /// Whether the container has an option of its own with this name.
  func hasOption(_ name: String) -> Bool {
    guard var own = pointer.pointee.oformat?.pointee.priv_class else { return false }
    return withUnsafeMutablePointer(to: &own) { av_opt_find($0, name, nil, 0, AV_OPT_SEARCH_FAKE_OBJ) != nil }
  }

  /// Writes every packet at once. A silent stream delays the others by at most half a second.
  package func useLowDelay() {
    pointer.pointee.flags |= AVFMT_FLAG_FLUSH_PACKETS
    pointer.pointee.flush_packets = 1
    pointer.pointee.max_interleave_delta = 500_000
  }

  /// Adds a stream for the packets of `encoder`.
  ///
  /// - Parameters:
  ///   - source: The stream whose tags, disposition and side data are copied; nil for none.
  ///   - keepsDisplayMatrix: Whether to copy the display matrix of `source`, too.
  ///   - packetTimeBase: The time base of the packets; nil for that of the encoder.
  /// - Returns: The index of the stream, for the `streamIndex` of its packets.
  /// - Throws: `MediaError` if memory is short.
  public func addStream(
    encoder: Encoder, like source: MediaStream? = nil, keepsDisplayMatrix: Bool = true,
    packetTimeBase: Rational? = nil
  ) throws -> Int {
    let stream = try newStream()
    try MediaError.check(
      avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context.pointer), "write", file: displayName)
    // The encoder's fields may lack what only the container stores.
    stream.pointee.codecpar.pointee.sample_aspect_ratio = encoder.settings.sampleAspectRatio.libav
    stream.pointee.sample_aspect_ratio = encoder.settings.sampleAspectRatio.libav
    stream.pointee.codecpar.pointee.chroma_location = encoder.settings.format.color.chromaLocation
    // Some players refuse HEVC in MP4 and MOV unless this tag says that the parameter sets are in the header.
    let isHEVC = stream.pointee.codecpar.pointee.codec_id == AV_CODEC_ID_HEVC
    if isHEVC, encoder.settings.usesGlobalHeader, ["mov", "mp4", "ipod"].contains(containerName) {
      // "hvc1" as a four-character code.
      stream.pointee.codecpar.pointee.codec_tag = 0x3163_7668
    }
    stream.pointee.time_base = encoder.settings.timeBase.libav
    if let rate = encoder.settings.frameRate { stream.pointee.avg_frame_rate = rate.libav }
    if let source {
      try copyDescription(
        of: source, to: stream, sideData: keepsDisplayMatrix ? CFFMPEG_DISPLAY_SIDE_DATA : CFFMPEG_UPRIGHT_SIDE_DATA)
      // WebM's tag for alpha beside the packets.
      if !encoder.settings.format.pixelFormat.hasAlpha {
        av_dict_set(&stream.pointee.metadata, "alpha_mode", nil, 0)
      }
    }
    return added(stream, timeBase: packetTimeBase ?? encoder.settings.timeBase)
  }

  /// Sets the HDR metadata of a stream, in place of what was copied from its source; nil for none.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func setHDRMetadata(_ metadata: HDRMetadata?, ofStream index: Int) throws {
    guard let stream = pointer.pointee.streams[index] else { return }
    cffmpeg_stream_remove_hdr(stream)
    try metadata?.write(to: stream, file: displayName)
  }

  /// Adds a stream for packets that are copied from `source`, with everything that its container stores about it.
  ///
  /// - Returns: The index of the stream, for the `streamIndex` of its packets.
  /// - Throws: `MediaError` if memory is short.
  package func addStream(copying source: MediaStream) throws -> Int {
    let stream = try newStream()
    guard let parameters = stream.pointee.codecpar else {
      throw MediaError(operation: "write", file: displayName, message: "out of memory")
    }
    try MediaError.check(avcodec_parameters_copy(parameters, source.parameters), "write", file: displayName)
    parameters.pointee.codec_tag = codecTag(for: source)
    // These block sizes belong to the old container and would be wrong in the new one.
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

  /// Copies the tags and chapters of a file.
  ///
  /// - Throws: `MediaError` if memory is short.
  package func copyMetadata(of source: Demuxer) throws {
    let input = source.context.pointer
    try MediaError.check(
      av_dict_copy(&pointer.pointee.metadata, input.pointee.metadata, 0), "write", file: displayName)
    // These tags describe the old file, not its content.
    for key in ["major_brand", "minor_version", "compatible_brands", "encoder"] {
      av_dict_set(&pointer.pointee.metadata, key, nil, 0)
    }
    try MediaError.check(cffmpeg_copy_chapters(pointer, input), "write", file: displayName)
  }

  /// Writes the container's header. Streams cannot be added afterwards.
  ///
  /// - Parameter options: Options of the container, which override those of the destination.
  /// - Throws: `MediaError` if the container rejects a stream or has no such option.
  public func writeHeader(options: [String: String] = [:]) throws {
    cffmpeg_clear_last_log_line()
    // Y4M with more than 8 bits is an extension that other programs read.
    if containerName == "yuv4mpegpipe" { pointer.pointee.strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL }
    let options = fragmentingPipes(self.options.filter { takesOption($0.key) }).merging(options) { $1 }
    let unknown = try Metadata.withOptions(options) { dictionary in
      try MediaError.check(avformat_write_header(pointer, &dictionary), "write", file: displayName)
    }
    hasHeader = true
    if let option = unknown.first {
      throw MediaError(operation: "write", file: displayName, message: "the container has no option '\(option)'")
    }
  }

  /// Writes a packet and leaves it empty. libav interleaves the packets of different streams.
  ///
  /// The packet's timestamps are in the time base of the encoder or stream that its stream was added for.
  ///
  /// - Throws: `MediaError` if writing fails, for example because the disk is full.
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
    let status = av_interleaved_write_frame(pointer, packet.pointer)
    if let failure = pictures?.failure { throw failure }
    try MediaError.check(status, "write", file: displayName)
    try checkBytes()
  }

  /// Containers require increasing decoding times, which damaged or joined files do not always have.
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

  /// Writes the pending packets and the trailer, and closes the file.
  ///
  /// - Throws: `MediaError` if writing fails.
  public func finish() throws {
    cffmpeg_clear_last_log_line()
    if hasHeader { setFinalDelay() }
    let status = hasHeader ? av_write_trailer(pointer) : 0
    hasHeader = false
    if let failure = pictures?.failure { throw failure }
    try MediaError.check(status, "write", file: displayName)
    try checkBytes()
    try MediaError.check(closeBytes(), "write", file: displayName)
  }

  /// Animated pictures store the time between frames, so the duration of the last one is an option of the container.
  private func setFinalDelay() {
    guard takesOption("final_delay"), options["final_delay"] == nil, let last = lastTimes.first.flatMap(\.self),
      let stream = pointer.pointee.streams[0], let own = pointer.pointee.priv_data
    else { return }
    // GIF counts hundredths of a second in 16 bits; APNG takes a fraction of seconds of 16 bits each.
    let hundredths = Rational(stream.pointee.time_base).rescale(last.duration, to: Rational(1, 100))
    let delay = min(max(0, hundredths), 65535)
    av_opt_set(own, "final_delay", containerName == "gif" ? "\(delay)" : "\(delay)/100", 0)
  }

  /// A byte stream keeps its first error, even if the call that caused it reported success.
  private func checkBytes() throws {
    guard let bytes = pointer.pointee.pb else { return }
    try MediaError.check(bytes.pointee.error, "write", file: displayName)
  }

  func newStream() throws -> UnsafeMutablePointer<AVStream> {
    try MediaError.allocated(avformat_new_stream(pointer, nil), "write", file: displayName)
  }

  func added(_ stream: UnsafeMutablePointer<AVStream>, timeBase: Rational) -> Int {
    sourceTimeBases.append(timeBase)
    lastTimes.append(nil)
    return Int(stream.pointee.index)
  }

  func copyDescription(
    of source: MediaStream, to stream: UnsafeMutablePointer<AVStream>, sideData: cffmpeg_side_data
  ) throws {
    stream.pointee.disposition = source.pointer.pointee.disposition
    stream.pointee.id = source.pointer.pointee.id
    try MediaError.check(
      av_dict_copy(&stream.pointee.metadata, source.pointer.pointee.metadata, 0), "write", file: displayName)
    if sideData != CFFMPEG_ALL_SIDE_DATA {
      for key in ["encoder"] + statisticsKeys(of: stream) { av_dict_set(&stream.pointee.metadata, key, nil, 0) }
    }
    placeTitle(in: stream)
    try MediaError.check(
      cffmpeg_stream_copy_side_data(stream, source.pointer, sideData), "write", file: displayName)
  }

  /// The tags in which Matroska muxers store statistics of the old encoding: `BPS`, `NUMBER_OF_FRAMES-eng` ...
  private func statisticsKeys(of stream: UnsafeMutablePointer<AVStream>) -> [String] {
    let names = ["BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES", "_STATISTICS_"]
    return Metadata.entries(stream.pointee.metadata).keys.filter { key in names.contains { key.hasPrefix($0) } }
  }
}
