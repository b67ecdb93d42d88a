import CFFmpeg

/// The streams of an output file, and how the packets of a source become theirs.
///
/// A stream is copied if the container takes it, converted if libav can, and otherwise omitted. Each choice is made
/// with the streams chosen so far, because some containers take only one stream of a kind.
package struct Tracks {
  /// A stream that is copied or converted.
  package struct Track {
    /// The index in the output.
    package let index: Int
    /// nil for a stream that is copied.
    package let converter: (any StreamConverter)?
  }

  /// The index of the encoded video in the output.
  package private(set) var videoIndex = 0
  /// The other streams, by their index in the source.
  package private(set) var others: [Int: Track] = [:]
  /// What is converted or omitted, one sentence each.
  package private(set) var warnings: [String] = []

  private let muxer: Muxer
  private let demuxer: Demuxer
  private let encoder: Encoder
  private let options: TrackOptions
  private let trial: HeaderTrial
  private var chosen: [Choice] = []
  private var video: HeaderTrial.Addition
  /// The place of the video among ``chosen``; nil while it has not come yet.
  private var videoPlace: Int?

  private struct Choice {
    let source: Int
    let add: HeaderTrial.Addition
    let converter: (any StreamConverter)?
    let hasPackets: Bool
  }

  /// Adds the streams of `demuxer` to `muxer`, in their order. Streams that are not needed are discarded by `demuxer`.
  ///
  /// - Parameters:
  ///   - video: The stream that is encoded again, with `encoder`.
  ///   - keepsDisplayMatrix: Whether its display matrix is copied.
  ///   - packetTimeBase: The time base of its packets; nil for that of the encoder.
  /// - Throws: `MediaError` if `options` ask for what the container cannot do, or memory is short.
  package init(
    of demuxer: Demuxer, video: MediaStream, encoder: Encoder, keepsDisplayMatrix: Bool,
    packetTimeBase: Rational? = nil, to muxer: Muxer, options: TrackOptions
  ) throws {
    self.muxer = muxer
    self.demuxer = demuxer
    self.encoder = encoder
    self.options = options
    trial = HeaderTrial(muxer)
    self.video = {
      try $0.addStream(
        encoder: encoder, like: video, keepsDisplayMatrix: keepsDisplayMatrix, packetTimeBase: packetTimeBase)
    }
    for stream in demuxer.streams {
      if stream.index == video.index {
        videoPlace = videoPlace ?? chosen.count
      } else {
        try choose(stream)
      }
    }
    let place = videoPlace ?? 0
    for (number, choice) in chosen.enumerated() {
      if number == place { videoIndex = try self.video(muxer) }
      let index = try choice.add(muxer)
      if choice.hasPackets { others[choice.source] = Track(index: index, converter: choice.converter) }
    }
    if place >= chosen.count { videoIndex = try self.video(muxer) }
  }

  private mutating func choose(_ stream: MediaStream) throws {
    let name = "\(muxer.displayName): the \(stream.mediaType) stream \(stream.index) (\(stream.codecName))"
    let isForced = stream.mediaType == .audio && options.audioCodec != nil
    if stream.mediaType == .audio, AudioFormat(stream.parameters.pointee) == nil {
      demuxer.discard(stream)
      warnings.append(
        "\(name) is omitted: it is announced, but does not begin in the part of the source that is examined; a greater "
          + "analyzeduration and probesize (--input-option) examine more")
      return
    }
    if !isForced, copies(stream) { return }
    if stream.isMadeByMuxer {
      demuxer.discard(stream)
      return
    }
    if options.isStrictCopy, !isForced {
      throw MediaError(
        operation: "copy", file: muxer.displayName,
        message: "the container \(muxer.containerName) does not support the \(stream.mediaType) stream \(stream.index) "
          + "(\(stream.codecName)) as it is; choose another container, or leave out --strict-copy")
    }
    if let codec = try converts(stream) {
      if !isForced {
        warnings.append("\(name) is converted to \(codec): the container \(muxer.containerName) does not support it")
      }
      return
    }
    demuxer.discard(stream)
    let isUnknown = isForced && avcodec_find_decoder(stream.parameters.pointee.codec_id) == nil
    let reason =
      isUnknown
      ? "the installed libav has no decoder for it" : "the container \(muxer.containerName) does not support it"
    warnings.append("\(name) is omitted: \(reason)")
  }

  // MARK: Copying

  private mutating func copies(_ stream: MediaStream) -> Bool {
    if stream.hasAttachedPicture {
      // Containers with attached files keep covers there. The demuxer has the picture already, so that no packet of it
      // is needed.
      let attach: HeaderTrial.Addition = { try $0.addStream(attaching: stream) }
      if readsBackAttachment(attach), self.add(stream, attach, hasPackets: false) {
        demuxer.discard(stream)
        return true
      }
    }
    let add: HeaderTrial.Addition = { try $0.addStream(copying: stream) }
    guard takes(stream.parameters.pointee.codec_id, of: stream.mediaType, add) else { return false }
    if self.add(stream, add) { return true }
    // What the same container already held goes into it again.
    let families = demuxer.formatName.split(separator: ",")
    guard let own = trial.format.map({ String(cString: $0.pointee.name) }), families.contains(Substring(own)) else {
      return false
    }
    return self.add(stream, add, strictness: FF_COMPLIANCE_EXPERIMENTAL)
  }

  /// Whether the container knows the codec, by its table or by what a reader finds.
  private func takes(_ codec: AVCodecID, of kind: MediaType, _ add: @escaping HeaderTrial.Addition) -> Bool {
    // Attachments, such as fonts, are in no table.
    if kind == .attachment { return readsBackAttachment(add) }
    guard codec != AV_CODEC_ID_NONE else { return false }
    switch trial.listing(of: codec) {
    case .listed: return true
    case .unlisted: return false
    case .noList: break
    }
    guard trial.format != nil, kind != .audio || trial.hasUsualCodec(for: AVMEDIA_TYPE_AUDIO) else { return false }
    if trial.isAlone { return true }
    // The content does not matter: no reader takes so few bytes for another codec.
    let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
    guard let packet = try? bytes.withUnsafeBytes({ try Packet(bytes: $0) }) else { return true }
    return trial.readsBack(add, codec: codec, packet: packet) ?? true
  }

  private func readsBackAttachment(_ add: @escaping HeaderTrial.Addition) -> Bool {
    guard let codec = try? VideoCodec(encoder: encoder.settings.codec) else { return false }
    return trial.readsBackAttachment(add, beside: codec)
  }

  /// Chooses a stream if the container takes it beside those chosen so far.
  private mutating func add(
    _ stream: MediaStream, _ add: @escaping HeaderTrial.Addition, converter: (any StreamConverter)? = nil,
    strictness: Int32? = nil, hasPackets: Bool = true
  ) -> Bool {
    var additions = trial.isAlone ? [] : chosen.map(\.add)
    if !trial.isAlone { additions.insert(video, at: videoPlace ?? additions.count) }
    let isBehindVideo = videoPlace != nil
    additions.insert(add, at: isBehindVideo ? additions.count : max(0, additions.count - 1))
    if !trial.accepts(additions, strictness: strictness) {
      // Some containers want the video first.
      guard !isBehindVideo, chosen.isEmpty, trial.accepts([video, add], strictness: strictness) else { return false }
      videoPlace = 0
    }
    if let strictness { muxer.pointer.pointee.strict_std_compliance = strictness }
    chosen.append(Choice(source: stream.index, add: add, converter: converter, hasPackets: hasPackets))
    return true
  }

  // MARK: Converting

  /// Returns what the stream is converted to, such as `aac`; nil if that is not possible.
  private mutating func converts(_ stream: MediaStream) throws -> String? {
    switch stream.mediaType {
    case .audio: try convertsAudio(stream)
    case .subtitle: convertsSubtitles(stream)
    default: nil
    }
  }

  private mutating func convertsAudio(_ stream: MediaStream) throws -> String? {
    guard let source = AudioFormat(stream.parameters.pointee),
      avcodec_find_decoder(stream.parameters.pointee.codec_id) != nil
    else { return nil }
    let codecs: [AudioCodec]
    if let name = options.audioCodec {
      codecs = [try AudioCodec(encoder: name)]
    } else if trial.hasUsualCodec(for: AVMEDIA_TYPE_AUDIO) {
      // The container's usual codec, or else the best of the usual ones.
      let usual = ["libopus", "aac", "libvorbis", "libmp3lame", "ac3", "mp2", "flac", "pcm_s16le"]
      let (own, first) = (stream.parameters.pointee.codec_id, trial.usualCodec(for: AVMEDIA_TYPE_AUDIO))
      // The container may take the source's codec at another rate. It is no worse than the usual one if both are
      // lossless or both lossy.
      let isAlike = AudioCodec.isLossless(own) == AudioCodec.isLossless(first)
      codecs =
        (isAlike ? [own, first] : [first]).compactMap { AudioCodec($0) }
        + usual.compactMap { try? AudioCodec(encoder: $0) }
    } else {
      return nil
    }
    let rawBits = Int(stream.parameters.pointee.bits_per_raw_sample)
    var failure: (any Error)?
    for codec in codecs {
      var rates: Set<Int> = []
      for format in codec.formats(like: source) where !rates.contains(format.rate) {
        let encoder: AudioEncoder
        do {
          encoder = try AudioEncoder(
            codec, format, bitRate: options.audioBitRate, rawBits: rawBits, usesGlobalHeader: muxer.wantsGlobalHeader)
        } catch {
          failure = failure ?? error
          // The user's bit rate is no reason for another codec.
          if options.audioBitRate != nil, (try? AudioEncoder(codec, format, usesGlobalHeader: false)) != nil {
            throw error
          }
          continue
        }
        rates.insert(format.rate)
        let add: HeaderTrial.Addition = { try $0.addStream(audio: encoder, like: stream) }
        guard takes(codec.pointer.pointee.id, of: .audio, add),
          let converter = try? AudioStreamConverter(stream, to: encoder),
          self.add(stream, add, converter: converter)
        else { continue }
        let isSame = codec.pointer.pointee.id == stream.parameters.pointee.codec_id
        return isSame ? "\(codec.codecName) at \(format.rate) Hz" : codec.codecName
      }
    }
    guard let name = options.audioCodec else { return nil }
    throw failure
      ?? MediaError(
        operation: "write", file: muxer.displayName,
        message: "the container \(muxer.containerName) does not support the audio codec \(name)")
  }

  private mutating func convertsSubtitles(_ stream: MediaStream) -> String? {
    let source = stream.parameters.pointee.codec_id
    for codec in SubtitleCodecs.encoders(for: source, usual: trial.usualCodec(for: AVMEDIA_TYPE_SUBTITLE)) {
      let size = encoder.settings.format
      guard
        let converter = try? SubtitleStreamConverter(
          stream, to: codec, width: size.width, height: size.height, usesGlobalHeader: muxer.wantsGlobalHeader)
      else { continue }
      let add: HeaderTrial.Addition = { try $0.addStream(subtitles: converter, like: stream) }
      if takes(codec.pointee.id, of: .subtitle, add), self.add(stream, add, converter: converter) {
        return String(cString: avcodec_get_name(codec.pointee.id))
      }
    }
    return nil
  }
}
