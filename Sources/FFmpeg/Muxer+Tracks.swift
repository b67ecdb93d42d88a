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

  /// Whether the container stores a cover picture as an attached file and not as a stream.
  func storesAsAttachment(_ stream: MediaStream) -> Bool {
    containerName == "matroska" && stream.isAttachedPicture && stream.pointer.pointee.attached_pic.size > 0
  }

  /// Adds a cover picture as an attached file. It has no packets.
  ///
  /// - Returns: The index of the stream.
  /// - Throws: `MediaError` if memory is short.
  func addStream(attaching picture: MediaStream) throws -> Int {
    let stream = try newStream()
    let packet = picture.pointer.pointee.attached_pic
    guard let parameters = stream.pointee.codecpar,
      let copy = av_mallocz(Int(packet.size) + Int(AV_INPUT_BUFFER_PADDING_SIZE))
    else { throw MediaError(operation: "write", file: displayName, message: "out of memory") }
    copy.copyMemory(from: packet.data, byteCount: Int(packet.size))
    parameters.pointee.codec_type = AVMEDIA_TYPE_ATTACHMENT
    parameters.pointee.codec_id = picture.parameters.pointee.codec_id
    parameters.pointee.extradata = copy.assumingMemoryBound(to: UInt8.self)
    parameters.pointee.extradata_size = packet.size
    try MediaError.check(
      av_dict_copy(&stream.pointee.metadata, picture.pointer.pointee.metadata, 0), "write", file: displayName)
    let entries = Metadata.entries(stream.pointee.metadata)
    let name = picture.codecName == "mjpeg" ? "jpg" : picture.codecName
    // Players look for a cover under this name.
    if entries["filename"] == nil { av_dict_set(&stream.pointee.metadata, "filename", "cover." + name, 0) }
    if entries["mimetype"] == nil,
      let type = avcodec_descriptor_get(parameters.pointee.codec_id)?.pointee.mime_types?[0]
    {
      av_dict_set(&stream.pointee.metadata, "mimetype", type, 0)
    }
    return added(stream, timeBase: picture.timeBase)
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
