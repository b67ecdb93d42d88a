import CFFmpeg

/// An audio encoder of libav: `aac`, `libopus`, `flac`, `pcm_s16le` ...
package struct AudioCodec: @unchecked Sendable {
  let pointer: UnsafePointer<AVCodec>

  init(_ pointer: UnsafePointer<AVCodec>) { self.pointer = pointer }

  /// Finds the encoder with this name, or the preferred encoder for the codec with this name.
  ///
  /// - Throws: `MediaError` if there is none.
  package init(encoder name: String) throws {
    var found = avcodec_find_encoder_by_name(name)
    if found == nil, let descriptor = avcodec_descriptor_get_by_name(name) {
      found = Self.encoder(of: descriptor.pointee.id)
    }
    guard let found, found.pointee.type == AVMEDIA_TYPE_AUDIO else {
      throw MediaError(operation: "encode with", file: name, message: "there is no audio encoder with this name")
    }
    pointer = found
  }

  /// Finds the encoder for a codec; nil if there is none that is ready for use.
  init?(_ codec: AVCodecID) {
    guard codec != AV_CODEC_ID_NONE, let found = Self.encoder(of: codec), found.pointee.type == AVMEDIA_TYPE_AUDIO
    else {
      return nil
    }
    pointer = found
  }

  /// libav's first encoder of a codec may be an experimental one, which does not open.
  private static func encoder(of codec: AVCodecID) -> UnsafePointer<AVCodec>? {
    guard let first = avcodec_find_encoder(codec) else { return nil }
    guard first.pointee.capabilities & AV_CODEC_CAP_EXPERIMENTAL != 0 else { return first }
    var state: UnsafeMutableRawPointer?
    while let next = av_codec_iterate(&state) {
      if next.pointee.id == codec, av_codec_is_encoder(next) != 0,
        next.pointee.capabilities & AV_CODEC_CAP_EXPERIMENTAL == 0
      {
        return next
      }
    }
    return first
  }

  /// Whether a codec keeps every bit of the samples.
  static func isLossless(_ codec: AVCodecID) -> Bool {
    guard let descriptor = avcodec_descriptor_get(codec) else { return false }
    return descriptor.pointee.props & Int32(AV_CODEC_PROP_LOSSLESS) != 0
  }

  /// libav's name for the encoder.
  package var name: String { String(cString: pointer.pointee.name) }
  /// libav's name for the codec.
  package var codecName: String { String(cString: avcodec_get_name(pointer.pointee.id)) }

  /// Returns the formats that the encoder takes, those first that lose the least from `source`.
  ///
  /// They differ in sample rate and layout, because some encoders refuse combinations that they list, and some
  /// containers refuse rates that the codec has.
  package func formats(like source: AudioFormat) -> [AudioFormat] {
    let (rates, layouts) = (rates(near: source.rate), layouts(like: source.layout))
    let format = sampleFormat(like: source.sampleFormat)
    return rates.flatMap { rate in layouts.map { AudioFormat(rate: rate, sampleFormat: format, layout: $0) } }
  }

  /// The source's rate, then higher rates, lowest first, then lower rates, highest first.
  private func rates(near rate: Int) -> [Int] {
    var listed: [Int] = []
    if let list = pointer.pointee.supported_samplerates {
      var index = 0
      while list[index] != 0 {
        listed.append(Int(list[index]))
        index += 1
      }
    } else {
      // The encoder takes every rate, but a container may not: these are the rates of film and of discs.
      listed = [rate, 48_000, 44_100]
    }
    let unique = Array(Set(listed))
    return unique.filter { $0 >= rate }.sorted() + unique.filter { $0 < rate }.sorted(by: >)
  }

  /// The source's layout, then the usual one of as many channels, then those with fewer channels.
  private func layouts(like layout: AVChannelLayout) -> [AVChannelLayout] {
    var wanted = [layout]
    for channels in stride(from: layout.nb_channels, through: 1, by: -1) {
      wanted.append(cffmpeg_default_layout(channels))
    }
    // The list may be short in speakers, not in channels: stereo for a source of one channel.
    if layout.nb_channels < 2 { wanted.append(cffmpeg_default_layout(2)) }
    var listed: [AVChannelLayout] = []
    if let list = pointer.pointee.ch_layouts {
      var index = 0
      while list[index].nb_channels != 0 {
        listed.append(list[index])
        index += 1
      }
    }
    func isSame(_ one: AVChannelLayout, _ other: AVChannelLayout) -> Bool {
      var (one, other) = (one, other)
      return av_channel_layout_compare(&one, &other) == 0
    }
    var result: [AVChannelLayout] = []
    for layout in wanted where listed.isEmpty || listed.contains(where: { isSame($0, layout) }) {
      if !result.contains(where: { isSame($0, layout) }) { result.append(layout) }
    }
    return result
  }

  /// The listed format that keeps the most bits: the source's, packed or planar, or else the smallest larger one, or
  /// else the largest.
  private func sampleFormat(like source: AVSampleFormat) -> AVSampleFormat {
    guard let list = pointer.pointee.sample_fmts else { return source }
    var listed: [AVSampleFormat] = []
    while list[listed.count] != AV_SAMPLE_FMT_NONE { listed.append(list[listed.count]) }
    let packed = av_get_packed_sample_fmt(source)
    if let same = listed.first(where: { av_get_packed_sample_fmt($0) == packed }) { return same }
    let (size, isFloat) = (av_get_bytes_per_sample(source), packed == AV_SAMPLE_FMT_FLT || packed == AV_SAMPLE_FMT_DBL)
    func kept(_ format: AVSampleFormat) -> (Int32, Int, Int32) {
      let bytes = av_get_bytes_per_sample(format)
      let kind = av_get_packed_sample_fmt(format)
      // A float has 24 bits of precision, as much as integers of 24 bits, which libav keeps in 32.
      let isSameKind = isFloat == (kind == AV_SAMPLE_FMT_FLT || kind == AV_SAMPLE_FMT_DBL)
      return (min(bytes, size), isSameKind ? 1 : 0, -bytes)
    }
    return listed.max { kept($0) < kept($1) } ?? source
  }
}
