import CFFmpeg
import Foundation

/// Owns an `AVFormatContext` opened for reading.
final class InputContext {
  private(set) var pointer: UnsafeMutablePointer<AVFormatContext>
  let file: String
  private let interruption: Interruption
  private let input: SpooledInput?
  private let stream: DescriptorStream?

  init(_ source: MediaSource, interrupt: (@Sendable () -> Bool)?) throws {
    let file = source.displayName
    self.file = file
    interruption = Interruption(interrupt)
    let format = try source.format.map { try MediaSource.inputFormat(named: $0, for: source.name) }
    let isPipe = source.kind == .standardStream || source.kind == .pipe
    let interruption = interruption
    input =
      isPipe
      ? try SpooledInput(
        path: source.kind == .pipe ? source.name : nil, named: file, interruption: interruption) : nil
    let stream = try input.map {
      try DescriptorStream(
        $0.descriptor, lead: $0.lead, isWriting: false, interruption: interruption, file: file)
    }
    var context: UnsafeMutablePointer<AVFormatContext>? = try MediaError.allocated(
      avformat_alloc_context(), "open", file: file)
    context?.pointee.interrupt_callback = interruption.callback
    self.stream = stream
    if let stream { context?.pointee.pb = stream.pointer }
    cffmpeg_clear_last_log_line()
    // libav frees the context on failure.
    let options = source.standardOptions.merging(source.options) { $1 }
    let unknown = try Metadata.withOptions(options) { dictionary in
      let status = avformat_open_input(&context, source.url, format, &dictionary)
      if status == cffmpeg_error_no_protocol(), let scheme = source.scheme {
        throw MediaError(operation: "open", file: file, message: "the installed libav has no protocol '\(scheme)'")
      }
      try MediaError.check(status, "open", file: file)
    }
    pointer = try MediaError.allocated(context, "open", file: file)
    if let option = unknown.first(where: { source.options[$0] != nil }) {
      throw MediaError(
        operation: "open", file: file, message: "neither the protocol nor the format has an option '\(option)'")
    }
  }

  deinit {
    var context: UnsafeMutablePointer<AVFormatContext>? = pointer
    avformat_close_input(&context)
  }

  func closeConnection() { pointer = cffmpeg_close_connection(pointer) ?? pointer }
}

/// Reads a media file or stream, packet by packet. A still image is a file with one packet.
public final class Demuxer: @unchecked Sendable {
  let context: InputContext
  /// The streams in the order of their indices.
  public let streams: [MediaStream]
  /// The name of the file or stream, as given.
  public var file: String { context.file }

  /// What libav logged at the end of the packets, such as the reason why a truncated file ends early; nil if the file
  /// ended normally or has not ended yet.
  public private(set) var endRemark: String?
  private var isClosed = false
  private let inputFormat: (name: String, flags: Int32)

  /// Opens `file` and reads its first packets.
  ///
  /// - Parameter interrupt: Called on the calling thread; true gives up a blocking call, now or in later reads.
  /// - Throws: `MediaError` if the file is missing, a directory, empty, or in a format that libav cannot read.
  public convenience init(path file: String, interrupt: (@Sendable () -> Bool)? = nil) throws {
    try self.init(MediaSource(file: file), interrupt: interrupt)
  }

  /// Opens `source` and waits for its first packets.
  ///
  /// - Parameter interrupt: Called on the calling thread; true gives up a blocking call, now or in later reads.
  /// - Throws: `MediaError` if libav cannot read the source, or lacks the protocol, format or an option.
  public init(_ source: MediaSource, interrupt: (@Sendable () -> Bool)? = nil) throws {
    if source.kind == .file, source.format == nil { try Self.checkFile(source.name) }
    context = try InputContext(source, interrupt: interrupt)
    let file = source.displayName
    try MediaError.check(avformat_find_stream_info(context.pointer, nil), "read the streams of", file: file)
    let input = context
    inputFormat = input.pointer.pointee.iformat.map { (String(cString: $0.pointee.name), $0.pointee.flags) } ?? ("", 0)
    streams = (0..<Int(input.pointer.pointee.nb_streams)).compactMap { index in
      input.pointer.pointee.streams[index].map { MediaStream(context: input, pointer: $0) }
    }
  }

  /// Returns the video stream that a player would choose, ignoring cover pictures.
  ///
  /// - Throws: `MediaError` if there is none.
  public func bestVideoStream() throws -> MediaStream {
    let found = av_find_best_stream(context.pointer, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
    if found >= 0, Int(found) < streams.count, !streams[Int(found)].isAttachedPicture { return streams[Int(found)] }
    guard let stream = streams.first(where: { $0.mediaType == .video && !$0.isAttachedPicture }) else {
      throw MediaError(operation: "find a picture in", file: file, message: "the file has no video stream")
    }
    return stream
  }

  /// Returns the audio stream that a player would choose for `video`; nil if there is none.
  public func bestAudioStream(beside video: MediaStream) -> MediaStream? {
    let found = av_find_best_stream(context.pointer, AVMEDIA_TYPE_AUDIO, -1, Int32(video.index), nil, 0)
    return found >= 0 && Int(found) < streams.count ? streams[Int(found)] : nil
  }

  /// libav's name for the container, such as `mov,mp4,m4a,3gp,3g2,mj2`.
  public var formatName: String { inputFormat.name }
  /// The duration in seconds; nil if unknown.
  public var seconds: Double? {
    Timestamp.optional(context.pointer.pointee.duration).map { Double($0) * Rational.microseconds.value }
  }
  /// The first time of all streams in microseconds; nil if unknown.
  package var startTime: Int64? { Timestamp.optional(context.pointer.pointee.start_time) }
  /// Whether the clock of the streams starts at any time and may jump, as in MPEG-TS.
  package var hasDiscontinuousClock: Bool { inputFormat.flags & AVFMT_TS_DISCONT != 0 }
  /// The file's tags, such as title and artist.
  public var metadata: [String: String] { Metadata.entries(context.pointer.pointee.metadata) }

  /// Closes the connection, so that another one can use its port or device. The streams, tags and chapters stay. There
  /// are no packets afterwards. Use it from the thread that reads.
  package func close() {
    isClosed = true
    context.closeConnection()
  }

  /// Makes ``read(into:)`` skip a stream that is not needed.
  public func discard(_ stream: MediaStream) { stream.pointer.pointee.discard = AVDISCARD_ALL }

  /// Reads the next packet of any stream into `packet`.
  ///
  /// - Returns: False at the end of the file.
  /// - Throws: `MediaError` if reading fails.
  public func read(into packet: Packet) throws -> Bool {
    packet.unreference()
    if isClosed { return false }
    cffmpeg_clear_last_log_line()
    let status = av_read_frame(context.pointer, packet.pointer)
    if status == cffmpeg_error_eof() {
      if let deviceError { throw deviceError }
      let line = String(cString: cffmpeg_last_log_line())
      if !line.isEmpty { endRemark = line }
      return false
    }
    try MediaError.check(status, "read", file: file)
    return true
  }

  /// The error of the disk or connection that holds the file, which ends the packets; nil if there was none.
  ///
  /// Formats report it in many ways: as the end, or as damage. The byte stream keeps the reason. Use it from the thread
  /// that reads.
  package var deviceError: MediaError? {
    guard let bytes = context.pointer.pointee.pb, bytes.pointee.error < 0, bytes.pointee.error != cffmpeg_error_eof()
    else { return nil }
    return MediaError(operation: "read", file: file, code: bytes.pointee.error)
  }

  private static func checkFile(_ file: String) throws {
    var status = stat()
    guard stat(file, &status) == 0 else {
      throw MediaError(operation: "open", file: file, message: String(cString: strerror(errno)))
    }
    let kind = status.st_mode & S_IFMT
    // Devices might never begin or never end.
    let refusal =
      kind == S_IFDIR
      ? "it is a directory" : kind != S_IFREG ? "it is not a regular file" : status.st_size == 0 ? "it is empty" : nil
    if let refusal { throw MediaError(operation: "open", file: file, message: refusal) }
  }
}
