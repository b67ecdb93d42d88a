import CFFmpeg

/// The codecs and features that a container supports.
extension Muxer {
  /// Whether the container stores a display matrix, so that the pictures in it need not be upright.
  package var keepsDisplayMatrix: Bool {
    ["mov", "mp4", "ipod", "3gp", "3g2", "psp", "ismv", "f4v"].contains(containerName)
  }

  /// Whether each packet is written to its own file, whose extension determines the codec.
  package var isImageSequence: Bool { ["image2", "image2pipe"].contains(containerName) }

  /// Whether the extension of `name` is one of a picture format.
  static func isPictureName(_ name: String) -> Bool {
    guard let sequence = av_guess_format("image2", nil, nil) else { return false }
    // libav answers with the default of the format for every extension that it does not know.
    let codec = av_guess_codec(sequence, nil, name, nil, AVMEDIA_TYPE_VIDEO)
    return codec != sequence.pointee.video_codec || ["image2", "image2pipe"].contains(containerName(for: name))
  }

  /// Whether libav's format with this name writes several files, whose names it makes of a pattern.
  static func writesManyFiles(_ format: String) -> Bool {
    guard let found = av_guess_format(format, nil, nil) else { return false }
    return found.pointee.flags & AVFMT_NOFILE != 0
  }

  /// The codec that libav prefers for video in this container, such as `h264`; nil if the container supports no video.
  package var defaultVideoCodec: String? {
    guard let format = pointer.pointee.oformat else { return nil }
    let codec =
      isImageSequence
      ? av_guess_codec(format, nil, target.name, nil, AVMEDIA_TYPE_VIDEO) : format.pointee.video_codec
    return codec == AV_CODEC_ID_NONE ? nil : String(cString: avcodec_get_name(codec))
  }

  /// Whether encoders for this container must put their parameter sets into its header.
  public var wantsGlobalHeader: Bool { (pointer.pointee.oformat?.pointee.flags ?? 0) & AVFMT_GLOBALHEADER != 0 }

  /// Whether the container supports the codec of an encoder.
  package func accepts(_ codec: VideoCodec) -> Bool { accepts(codec.pointer.pointee.id) }

  /// Whether the container can store the packets of `stream` unchanged.
  package func accepts(_ stream: MediaStream) -> Bool {
    // The codecs of attachments, such as fonts, are in no table.
    if stream.mediaType == .attachment { return containerName == "matroska" }
    return stream.parameters.pointee.codec_id != AV_CODEC_ID_NONE && accepts(stream.parameters.pointee.codec_id)
  }

  private func accepts(_ codec: AVCodecID) -> Bool {
    guard let format = pointer.pointee.oformat else { return false }
    let kind = avcodec_get_type(codec)
    let answer = avformat_query_codec(format, codec, FF_COMPLIANCE_NORMAL)
    if answer >= 0 { return answer == 1 }
    // Some containers do not list their codecs.
    let name = String(cString: avcodec_get_name(codec))
    if ["mpegts", "mpeg", "vob", "svcd", "dvd", "rtp_mpegts"].contains(containerName) {
      return Self.codecsOfMPEGStreams.contains(name)
    }
    if ["rtsp", "rtp"].contains(containerName) { return Self.codecsOfRTP.contains(name) }
    return kind == AVMEDIA_TYPE_VIDEO && codec == format.pointee.video_codec
      || kind == AVMEDIA_TYPE_AUDIO && codec == format.pointee.audio_codec
      || kind == AVMEDIA_TYPE_SUBTITLE && codec == format.pointee.subtitle_codec
  }

  /// The codecs that libav's MPEG transport and program stream muxers have stream types for.
  private static let codecsOfMPEGStreams: Set<String> = [
    "mpeg1video", "mpeg2video", "mpeg4", "h264", "hevc", "mp2", "mp3", "aac", "aac_latm", "ac3", "eac3", "dts",
    "truehd", "opus", "dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle", "klv", "timed_id3",
  ]

  /// The codecs in common use that libav's RTP muxer has payload formats for.
  private static let codecsOfRTP: Set<String> = [
    "h263", "h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "mjpeg", "vp8", "vp9", "aac", "ac3", "mp2", "mp3",
    "opus",
    "pcm_alaw", "pcm_mulaw", "pcm_s16be", "adpcm_g722", "vorbis",
  ]

  /// Returns the source's codec tag if it means the same codec in this container; otherwise 0, which lets the muxer
  /// choose.
  func codecTag(for source: MediaStream) -> UInt32 {
    let tag = source.parameters.pointee.codec_tag
    let codec = source.parameters.pointee.codec_id
    guard let tables = pointer.pointee.oformat?.pointee.codec_tag else { return tag }
    if av_codec_get_id(tables, tag) == codec { return tag }
    var other: UInt32 = 0
    return av_codec_get_tag2(tables, codec, &other) == 0 ? tag : 0
  }
}
