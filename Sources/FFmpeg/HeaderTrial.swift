import CFFmpeg
import Foundation

/// Asks libavformat which streams a container takes: from its table of codecs, by writing a header in memory, and by
/// reading back what was written.
struct HeaderTrial {
  /// Adds a stream to a muxer and returns its index.
  typealias Addition = (Muxer) throws -> Int

  /// What a container's table says about a codec.
  enum Listing { case listed, unlisted, noList }

  private let muxer: Muxer
  /// The container whose header is written; nil if there is none to try, for example for files of single images.
  let format: UnsafePointer<AVOutputFormat>?
  /// Whether each stream has a container of its own, as in RTSP.
  let isAlone: Bool

  init(_ muxer: Muxer) {
    self.muxer = muxer
    let options = muxer.target.options
    // Formats that open several files or connections have other containers inside.
    let inner =
      switch muxer.containerName {
      case "rtsp": "rtp"
      case "rtp_mpegts": "mpegts"
      case "hls": options["hls_segment_type"] == "fmp4" ? "mp4" : "mpegts"
      case "dash": "mp4"
      case "segment", "stream_segment", "ssegment":
        options["segment_format"] ?? Muxer.containerName(for: muxer.target.name)
      default: muxer.containerName
      }
    let found = inner.flatMap { av_guess_format($0, nil, nil) }
    format = found.flatMap { $0.pointee.flags & AVFMT_NOFILE == 0 ? UnsafePointer($0) : nil }
    isAlone = muxer.containerName == "rtsp"
  }

  /// Whether packets keep their times.
  var storesTimes: Bool { (format?.pointee.flags ?? 0) & AVFMT_NOTIMESTAMPS == 0 }

  /// Looks a codec up in the container's table.
  func listing(of codec: AVCodecID) -> Listing {
    guard let format = format ?? muxer.pointer.pointee.oformat.map({ UnsafePointer($0) }) else { return .unlisted }
    // Below the normal level, containers add what they can store and few programs read. Files of single images would
    // take anything.
    let levels =
      self.format == nil || muxer.isImageSequence
      ? [FF_COMPLIANCE_NORMAL] : [FF_COMPLIANCE_NORMAL, FF_COMPLIANCE_UNOFFICIAL]
    let answers = levels.map { avformat_query_codec(format, codec, $0) }
    if answers.contains(1) { return .listed }
    return answers.contains { $0 < 0 } ? .noList : .unlisted
  }

  /// Whether the container takes streams of a kind at all, as far as it has a usual codec for it.
  func hasUsualCodec(for kind: AVMediaType) -> Bool {
    usualCodec(for: kind) != AV_CODEC_ID_NONE
  }

  /// The codec that libav prefers for a kind of stream.
  func usualCodec(for kind: AVMediaType) -> AVCodecID {
    guard let format else { return AV_CODEC_ID_NONE }
    return av_guess_codec(format, nil, muxer.target.name, nil, kind)
  }

  /// Whether the container writes a header for these streams.
  func accepts(_ streams: [Addition], strictness: Int32? = nil) -> Bool {
    (try? write(streams, strictness: strictness, to: { _ in })) != nil
  }

  /// Writes `packet` as the only one of a stream and reads it back.
  ///
  /// Some containers take every codec and store those that they do not know in a way that no reader understands.
  ///
  /// - Returns: Whether a reader finds the codec; nil if it finds no stream.
  func readsBack(_ stream: @escaping Addition, codec: AVCodecID, packet: Packet) -> Bool? {
    withStreams(of: [stream], packet: packet) { found in
      found.isEmpty ? nil : found.contains { $0.pointee.codecpar.pointee.codec_id == codec }
    } ?? nil
  }

  /// Writes an attached file beside a picture and reads it back.
  ///
  /// - Parameter codec: The encoder of the picture. Readers expect more than attached files.
  /// - Returns: Whether a reader finds it, as a file or as a cover picture.
  func readsBackAttachment(_ stream: @escaping Addition, beside codec: VideoCodec) -> Bool {
    guard let encoder = try? Encoder(EncoderSettings(trialOf: codec, usesGlobalHeader: muxer.wantsGlobalHeader)),
      let packet = try? encoder.trialPacket()
    else { return false }
    return withStreams(of: [{ try $0.addStream(encoder: encoder) }, stream], packet: packet) { found in
      found.contains {
        $0.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_ATTACHMENT
          || $0.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0
      }
    } ?? false
  }

  /// Writes `packet` to the first stream and passes what a reader finds to `body`; returns nil if the stream cannot be
  /// written or read.
  private func withStreams<Result>(
    of streams: [Addition], packet: Packet, _ body: ([UnsafeMutablePointer<AVStream>]) -> Result
  ) -> Result? {
    let reader = format.flatMap { av_find_input_format($0.pointee.name) }
    // Readers such as RTP's listen to the network themselves.
    if let reader, reader.pointee.flags & AVFMT_NOFILE != 0 { return nil }
    var bytes: [UInt8] = []
    guard let trial = try? write(streams, strictness: nil, isSeekable: false, to: { bytes += $0 }) else { return nil }
    (packet.streamIndex, packet.pts, packet.dts) = (0, 0, 0)
    packet.markAsKeyframe()
    guard (try? trial.write(packet)) != nil, (try? trial.finish()) != nil else { return nil }
    var context: UnsafeMutablePointer<AVFormatContext>?
    let url = "data:application/octet-stream;base64," + Data(bytes).base64EncodedString()
    guard avformat_open_input(&context, url, reader, nil) >= 0, let found = context else { return nil }
    defer { avformat_close_input(&context) }
    avformat_find_stream_info(found, nil)
    return body((0..<Int(found.pointee.nb_streams)).compactMap { found.pointee.streams[$0] })
  }

  private func write(
    _ streams: [Addition], strictness: Int32?, isSeekable: Bool = true,
    to body: @escaping (UnsafeRawBufferPointer) -> Void
  ) throws -> Muxer {
    guard let format else {
      throw MediaError(operation: "write", file: muxer.displayName, message: "the container cannot be tried")
    }
    let trial = try Muxer(
      container: String(cString: format.pointee.name), named: muxer.displayName, isSeekable: isSeekable,
      write: body)
    trial.options = muxer.options
    trial.pointer.pointee.strict_std_compliance = strictness ?? muxer.pointer.pointee.strict_std_compliance
    // The usual size of a packet on Ethernet, which RTP asks for.
    trial.pointer.pointee.packet_size = 1460
    trial.pointer.pointee.pb?.pointee.max_packet_size = 1460
    for add in streams { _ = try add(trial) }
    try trial.writeHeader()
    return trial
  }
}
