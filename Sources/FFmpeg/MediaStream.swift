import CFFmpeg

/// The kinds of stream a container holds.
public enum MediaType: String, Sendable {
  case video, audio, subtitle, attachment, data, unknown

  init(_ type: AVMediaType) {
    switch type {
    case AVMEDIA_TYPE_VIDEO: self = .video
    case AVMEDIA_TYPE_AUDIO: self = .audio
    case AVMEDIA_TYPE_SUBTITLE: self = .subtitle
    case AVMEDIA_TYPE_ATTACHMENT: self = .attachment
    case AVMEDIA_TYPE_DATA: self = .data
    default: self = .unknown
    }
  }
}

/// One stream of an opened file. Keeps the file open as long as it lives.
public struct MediaStream: @unchecked Sendable {
  let context: InputContext
  let pointer: UnsafeMutablePointer<AVStream>

  var parameters: UnsafeMutablePointer<AVCodecParameters> { pointer.pointee.codecpar }

  /// The file it lies in.
  public var file: String { context.file }
  /// Its index in the file.
  public var index: Int { Int(pointer.pointee.index) }
  /// Its kind.
  public var mediaType: MediaType { MediaType(parameters.pointee.codec_type) }
  /// libav's name of its codec, such as `h264`.
  public var codecName: String { String(cString: avcodec_get_name(parameters.pointee.codec_id)) }
  /// The unit of its timestamps.
  public var timeBase: Rational { Rational(pointer.pointee.time_base) }
  /// The mean frame rate; 0/0 if unknown.
  public var averageFrameRate: Rational { Rational(pointer.pointee.avg_frame_rate) }
  /// The lowest rate that can represent all timestamps; 0/0 if unknown.
  public var realFrameRate: Rational { Rational(pointer.pointee.r_frame_rate) }
  /// The number of frames the container claims; nil if it does not say.
  public var frameCount: Int? { pointer.pointee.nb_frames > 0 ? Int(pointer.pointee.nb_frames) : nil }
  /// Its length in `timeBase`; nil if unknown.
  public var duration: Int64? { Timestamp.optional(pointer.pointee.duration) }
  /// Width over height of one pixel; 0/1 if unknown.
  public var sampleAspectRatio: Rational { Rational(av_guess_sample_aspect_ratio(context.pointer, pointer, nil)) }
  /// Its tags: language, title ...
  public var metadata: [String: String] { Metadata.entries(pointer.pointee.metadata) }
  /// How a player turns its pictures; nil if it does not.
  public var displayMatrix: DisplayMatrix? { DisplayMatrix(cffmpeg_stream_display_matrix(pointer)) }
  /// Whether it is a cover picture and no film.
  public var isAttachedPicture: Bool { pointer.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0 }
  /// Size, pixel format and colours as the container and the first packets tell; nil if it is no video or they do not.
  public var format: VideoFormat? {
    let values = parameters.pointee
    guard mediaType == .video, values.width > 0, values.height > 0, values.format != AV_PIX_FMT_NONE.rawValue else {
      return nil
    }
    return VideoFormat(
      width: Int(values.width), height: Int(values.height),
      pixelFormat: PixelFormat(AVPixelFormat(rawValue: values.format)),
      color: ColorDescription(
        range: values.color_range, primaries: values.color_primaries, transfer: values.color_trc,
        matrix: values.color_space, chromaLocation: values.chroma_location))
  }

  /// A frame rate to tell an encoder: the mean one, else the real one; nil if neither is known.
  public var nominalFrameRate: Rational? {
    let rate = Rational(av_guess_frame_rate(context.pointer, pointer, nil))
    return rate.isPositive ? rate : [averageFrameRate, realFrameRate].first { $0.isPositive }
  }

  /// Whether packets of `other` can go on where this stream's ended: the same codec and rate.
  public func hasParameters(of other: MediaStream) -> Bool {
    let (mine, theirs) = (parameters.pointee, other.parameters.pointee)
    return mine.codec_id == theirs.codec_id && mine.sample_rate == theirs.sample_rate
  }

  /// Whether muxers write such a stream by themselves: time codes and chapter titles of QuickTime, from the tags.
  public var isMadeByMuxer: Bool {
    // "tmcd" and "text", as the container spells them.
    mediaType == .data && [0x6463_6d74, 0x7478_6574].contains(parameters.pointee.codec_tag)
  }
}
