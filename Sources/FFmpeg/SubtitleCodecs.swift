import CFFmpeg

/// The subtitle encoders of libav.
enum SubtitleCodecs {
  /// Returns the encoders to which subtitles of a codec can be converted: text to text, and pictures to pictures. The
  /// encoder of the `usual` codec comes first.
  static func encoders(for source: AVCodecID, usual: AVCodecID) -> [UnsafePointer<AVCodec>] {
    guard let kind = kind(of: source) else { return [] }
    var result: [UnsafePointer<AVCodec>] = []
    var state: UnsafeMutableRawPointer?
    while let codec = av_codec_iterate(&state) {
      let id = codec.pointee.id
      guard codec.pointee.type == AVMEDIA_TYPE_SUBTITLE, av_codec_is_encoder(codec) != 0, self.kind(of: id) == kind,
        codec.pointee.capabilities & AV_CODEC_CAP_EXPERIMENTAL == 0
      else { continue }
      result.insert(codec, at: id == usual ? 0 : result.count)
    }
    return result
  }

  /// Whether subtitles are text or pictures, as a property of libav's descriptors; nil if it is unknown.
  private static func kind(of codec: AVCodecID) -> Int32? {
    let kinds = Int32(AV_CODEC_PROP_TEXT_SUB) | Int32(AV_CODEC_PROP_BITMAP_SUB)
    guard let properties = avcodec_descriptor_get(codec)?.pointee.props, properties & kinds != 0 else { return nil }
    return properties & kinds
  }
}
