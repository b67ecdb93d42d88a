import CFFmpeg

/// The media type of a stream.
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

/// A stream of an open file. Keeps the file open as long as it lives.
public struct MediaStream: @unchecked Sendable {
  let context: InputContext
  let pointer: UnsafeMutablePointer<AVStream>

  var parameters: UnsafeMutablePointer<AVCodecParameters> { pointer.pointee.codecpar }

  /// The name of its file.
  public var file: String { context.file }
  /// The index in the file.
  public var index: Int { Int(pointer.pointee.index) }
  /// The media type.
  public var mediaType: MediaType { MediaType(parameters.pointee.codec_type) }
  /// libav's name for the codec, such as `h264`.
  public var codecName: String { String(cString: avcodec_get_name(parameters.pointee.codec_id)) }
  /// The time base of the timestamps.
  public var timeBase: Rational { Rational(pointer.pointee.time_base) }
  /// The average frame rate; 0/0 if unknown.
  public var averageFrameRate: Rational { Rational(pointer.pointee.avg_frame_rate) }
  /// The lowest rate that can represent all timestamps; 0/0 if unknown.
  public var realFrameRate: Rational { Rational(pointer.pointee.r_frame_rate) }
  /// The number of frames according to the container; nil if it does not say.
  public var frameCount: Int? { pointer.pointee.nb_frames > 0 ? Int(pointer.pointee.nb_frames) : nil }
  /// The duration in ``timeBase``; nil if unknown.
  public var duration: Int64? { Timestamp.optional(pointer.pointee.duration) }
  /// The width of a pixel divided by its height; 0/1 if unknown.
  public var sampleAspectRatio: Rational { Rational(av_guess_sample_aspect_ratio(context.pointer, pointer, nil)) }
  /// The tags, such as language and title.
  public var metadata: [String: String] { Metadata.entries(pointer.pointee.metadata) }
  /// The transformation that a player applies to the pictures; nil if there is none.
  public var displayMatrix: DisplayMatrix? { DisplayMatrix(cffmpeg_stream_display_matrix(pointer)) }
  /// The order of the fields according to the container and the first packets. Frames may differ.
  public var fieldOrder: FieldOrder { FieldOrder(parameters.pointee.field_order) }
  /// Whether the stream is a cover picture rather than a film.
  public var isAttachedPicture: Bool { pointer.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0 }
  /// The size, pixel format and colours according to the container and the first packets; nil if the stream is not
  /// video or they are unknown.
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

  /// The frame rate to give to an encoder: the average rate, or else the real one; nil if both are unknown.
  public var nominalFrameRate: Rational? {
    let rate = Rational(av_guess_frame_rate(context.pointer, pointer, nil))
    // The rate that can represent all times of an unsteady film may be that of its clock.
    if rate.value > Self.maximumGuessedRate, averageFrameRate.isPositive { return averageFrameRate }
    return rate.isPositive ? rate : [averageFrameRate, realFrameRate].first { $0.isPositive }
  }

  private static let maximumGuessedRate = 240.0

  /// Whether packets of `other` can continue this stream: both have the same codec and sample rate.
  public func hasParameters(of other: MediaStream) -> Bool {
    let (mine, theirs) = (parameters.pointee, other.parameters.pointee)
    return mine.codec_id == theirs.codec_id && mine.sample_rate == theirs.sample_rate
  }

  /// Whether muxers create such a stream from the tags: QuickTime time codes and chapter titles.
  public var isMadeByMuxer: Bool {
    // "tmcd" and "text" as four-character codes.
    mediaType == .data && [0x6463_6d74, 0x7478_6574].contains(parameters.pointee.codec_tag)
  }
}
