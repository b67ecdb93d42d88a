import CFFmpeg

/// A video encoder of libav: `libx264`, `png`, `mjpeg`, `libwebp` ...
package struct VideoCodec: Sendable {
  nonisolated(unsafe) let pointer: UnsafePointer<AVCodec>

  /// Finds the encoder with this name, or the preferred encoder for the codec with this name.
  ///
  /// - Throws: `MediaError` if there is none.
  package init(encoder name: String) throws {
    var found = avcodec_find_encoder_by_name(name)
    if found == nil, let descriptor = avcodec_descriptor_get_by_name(name) {
      found = avcodec_find_encoder(descriptor.pointee.id)
    }
    guard let found, found.pointee.type == AVMEDIA_TYPE_VIDEO else {
      throw MediaError(operation: "encode with", file: name, message: "there is no video encoder with this name")
    }
    pointer = found
  }

  /// libav's name for the encoder.
  package var name: String { String(cString: pointer.pointee.name) }

  /// The pixel formats that the encoder accepts; empty if it does not list them.
  package var pixelFormats: [PixelFormat] {
    guard let list = pointer.pointee.pix_fmts else { return [] }
    var result: [PixelFormat] = []
    var index = 0
    while list[index] != AV_PIX_FMT_NONE {
      result.append(PixelFormat(list[index]))
      index += 1
    }
    return result
  }

  /// Returns that of `formats` which loses the least of `source`: depth, chroma, colour and alpha; nil if there are
  /// none.
  package static func bestPixelFormat(among formats: [PixelFormat], for source: PixelFormat) -> PixelFormat? {
    let best = avcodec_find_best_pix_fmt_of_list(
      formats.map(\.libav) + [AV_PIX_FMT_NONE], source.libav, source.hasAlpha ? 1 : 0, nil)
    return best == AV_PIX_FMT_NONE ? nil : PixelFormat(best)
  }

  private func has(_ property: Int32) -> Bool {
    (avcodec_descriptor_get(pointer.pointee.id)?.pointee.props ?? 0) & property != 0
  }

  /// Whether the codec is one for players rather than for editing: lossy, with frames that depend on others.
  package var isForPlayers: Bool { has(AV_CODEC_PROP_LOSSY) && !has(AV_CODEC_PROP_INTRA_ONLY) }

  /// Returns the frame rates that the encoder supports, those first that can represent every frame of a film with
  /// `rate`; empty if it supports all rates.
  package func frameRates(for rate: Rational) -> [Rational] {
    guard let list = pointer.pointee.supported_framerates, rate.isPositive else { return [] }
    var all: [Rational] = []
    while list[all.count].den != 0 { all.append(Rational(list[all.count])) }
    let multiples = all.filter { abs(($0.value / rate.value).rounded() * rate.value / $0.value - 1) < 1e-4 }
    return multiples.sorted { $0.value < $1.value }
      + all.filter { !multiples.contains($0) }.sorted { $0.value > $1.value }
  }

  /// Whether the encoder has a private option with this name, such as `crf`.
  package func hasOption(_ name: String) -> Bool {
    var options = pointer.pointee.priv_class
    return withUnsafeMutablePointer(to: &options) {
      av_opt_find($0, name, nil, 0, AV_OPT_SEARCH_FAKE_OBJ) != nil
    }
  }

  /// Whether the encoder has an option with this name: a private one, or one that all encoders have, such as `b` and
  /// `g`.
  package func takesOption(_ name: String) -> Bool {
    if hasOption(name) { return true }
    var options = avcodec_get_class()
    return withUnsafeMutablePointer(to: &options) {
      av_opt_find($0, name, nil, AV_OPT_FLAG_ENCODING_PARAM, AV_OPT_SEARCH_FAKE_OBJ) != nil
    }
  }

  /// Whether the encoder respects ``EncoderSettings/quantizer``. These are libav's own encoders without a quality
  /// option.
  package var hasQuantizer: Bool {
    [
      AV_CODEC_ID_MPEG4, AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MJPEG, AV_CODEC_ID_FLV1,
      AV_CODEC_ID_H263, AV_CODEC_ID_H263P, AV_CODEC_ID_MSMPEG4V2, AV_CODEC_ID_MSMPEG4V3, AV_CODEC_ID_WMV1,
      AV_CODEC_ID_WMV2,
    ].contains(pointer.pointee.id)
  }

  /// The ``EncoderSettings/quantizer`` for a quality without visible artefacts; nil if the encoder has another setting
  /// or none.
  package var usualQuantizer: Int? {
    // Theora counts from 0 (worst) to 10. Without a quality, libav gives all of these encoders 200 kbit/s.
    pointer.pointee.id == AV_CODEC_ID_THEORA ? 9 : hasQuantizer ? 3 : nil
  }
}
