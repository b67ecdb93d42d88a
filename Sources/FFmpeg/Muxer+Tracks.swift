import CFFmpeg

/// Streams of sound, subtitles and covers.
extension Muxer {
  /// Adds a stream for the packets of an audio encoder.
  ///
  /// - Parameter source: The stream whose tags and disposition are copied; nil for none.
  /// - Returns: The index of the stream, for the `streamIndex` of its packets.
  /// - Throws: `MediaError` if memory is short.
  package func addStream(audio encoder: AudioEncoder, like source: MediaStream? = nil) throws -> Int {
    try addStream(encoder.context, timeBase: encoder.timeBase, like: source)
  }

  /// Adds a stream for the packets of a converter of subtitles, with the tags and disposition of `source`.
  ///
  /// - Returns: The index of the stream, for the `streamIndex` of its packets.
  /// - Throws: `MediaError` if memory is short.
  func addStream(subtitles converter: SubtitleStreamConverter, like source: MediaStream) throws -> Int {
    try addStream(converter.encoder, timeBase: converter.timeBase, like: source)
  }

  private func addStream(_ encoder: CodecContext, timeBase: Rational, like source: MediaStream?) throws -> Int {
    let stream = try newStream()
    try MediaError.check(
      avcodec_parameters_from_context(stream.pointee.codecpar, encoder.pointer), "write", file: displayName)
    stream.pointee.time_base = timeBase.libav
    if let source { try copyDescription(of: source, to: stream, sideData: CFFMPEG_UPRIGHT_SIDE_DATA) }
    return added(stream, timeBase: timeBase)
  }

  /// Adds an attached file, such as a font. It has no packets.
  ///
  /// - Parameters:
  ///   - bytes: The content.
  ///   - name: The name of the file.
  ///   - type: The media type, such as `font/ttf`.
  /// - Returns: The index of the stream.
  /// - Throws: `MediaError` if memory is short.
  package func addStream(attachment bytes: [UInt8], named name: String, type: String) throws -> Int {
    let stream = try newStream()
    guard let parameters = stream.pointee.codecpar,
      let copy = av_mallocz(bytes.count + Int(AV_INPUT_BUFFER_PADDING_SIZE))
    else { throw MediaError(operation: "write", file: displayName, message: "out of memory") }
    bytes.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count) }
    parameters.pointee.codec_type = AVMEDIA_TYPE_ATTACHMENT
    parameters.pointee.extradata = copy.assumingMemoryBound(to: UInt8.self)
    parameters.pointee.extradata_size = Int32(clamping: bytes.count)
    av_dict_set(&stream.pointee.metadata, "filename", name, 0)
    av_dict_set(&stream.pointee.metadata, "mimetype", type, 0)
    return added(stream, timeBase: .microseconds)
  }

  /// Adds a cover picture as an attached file, with its tags.
  ///
  /// - Returns: The index of the stream.
  /// - Throws: `MediaError` if memory is short.
  func addStream(attaching picture: MediaStream) throws -> Int {
    let packet = picture.pointer.pointee.attached_pic
    let codec = picture.parameters.pointee.codec_id
    let tags = picture.metadata
    let type = avcodec_descriptor_get(codec)?.pointee.mime_types?[0].map { String(cString: $0) }
    let index = try addStream(
      attachment: Array(UnsafeBufferPointer(start: packet.data, count: Int(packet.size))),
      // Players look for a cover under this name.
      named: tags["filename"] ?? "cover." + (picture.codecName == "mjpeg" ? "jpg" : picture.codecName),
      type: tags["mimetype"] ?? type ?? "image/\(picture.codecName)")
    pointer.pointee.streams[index]?.pointee.codecpar.pointee.codec_id = codec
    for (key, value) in tags where key != "filename" && key != "mimetype" { setTag(key, to: value, stream: index) }
    return index
  }

  /// Options of the header with which the container keeps what `source` has: tags with names of QuickTime's, and tracks
  /// that players do not choose by themselves.
  package func options(toKeep source: Demuxer) -> [String: String] {
    var result: [String: String] = [:]
    if isQuickTime, source.metadata.keys.contains(where: { $0.hasPrefix("com.") }) {
      result["movflags"] = "use_metadata_tags"
    }
    // By default, Matroska's muxer flags a track of each kind.
    let hasFlags = source.streams.contains { $0.pointer.pointee.disposition & AV_DISPOSITION_DEFAULT != 0 }
    if hasFlags, takesOption("default_mode") { result["default_mode"] = "passthrough" }
    for (key, value) in result {
      guard let own = target.options[key] else { continue }
      // Flags add up. Of others, the user's value counts.
      result[key] = key == "movflags" ? "\(own)+\(value)" : own
    }
    return result
  }

  /// Sets a tag of a stream, such as `title` or `language`. Call it before the header is written.
  package func setTag(_ name: String, to value: String, stream index: Int) {
    guard index >= 0, index < Int(pointer.pointee.nb_streams), let stream = pointer.pointee.streams[index] else {
      return
    }
    av_dict_set(&stream.pointee.metadata, name, value, 0)
  }

  /// Puts a track's title where the players of a container look for it.
  func placeTitle(in stream: UnsafeMutablePointer<AVStream>) {
    guard isQuickTime, let title = Metadata.entries(stream.pointee.metadata)["title"], !title.isEmpty else { return }
    av_dict_set(&stream.pointee.metadata, "handler_name", title, 0)
  }
}

extension MediaStream {
  /// Whether the stream is a cover picture that the demuxer has read.
  var hasAttachedPicture: Bool { isAttachedPicture && pointer.pointee.attached_pic.size > 0 }
}
