import CFFmpeg

/// The codecs and features that a container supports.
extension Muxer {
  /// Whether the container is of the QuickTime family: MOV, MP4, 3GP ...
  var isQuickTime: Bool { takesOption("movflags") }

  /// Whether the container stores a display matrix, so that the pictures in it need not be upright.
  package var keepsDisplayMatrix: Bool { isQuickTime }

  /// Whether the container stores one frame rate instead of a time for each frame.
  package var hasConstantFrameRate: Bool {
    let flags = pointer.pointee.oformat?.pointee.flags ?? 0
    guard !isImageSequence, flags & AVFMT_VARIABLE_FPS == 0 else { return false }
    if flags & AVFMT_NOTIMESTAMPS != 0 { return true }
    // libav has no flag for those that count frames.
    return [
      "a64", "amv", "avi", "avm2", "dv", "film_cpk", "filmstrip", "gxf", "ogg", "ogv", "roq", "swf", "yuv4mpegpipe",
    ].contains(containerName)
  }

  /// Whether a container with a constant frame rate can leave places empty.
  package var storesEmptyFrames: Bool { containerName == "avi" }

  /// Whether each packet is written to its own file, whose extension determines the codec.
  package var isImageSequence: Bool { ["image2", "image2pipe"].contains(containerName) }

  /// Whether the destination is a virtual camera of the kernel, which programs read as they read a real one.
  package var isCamera: Bool { containerName.split(separator: ",").contains("v4l2") }

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
  package func accepts(_ codec: VideoCodec) -> Bool {
    let trial = HeaderTrial(self)
    let id = codec.pointer.pointee.id
    switch trial.listing(of: id) {
    case .listed: return true
    case .unlisted: return false
    case .noList: break
    }
    // A container without timestamps stores its codecs in forms of its own. Its usual one is safe.
    guard id != trial.format?.pointee.video_codec else { return true }
    guard trial.storesTimes else { return false }
    // An encoder that does not open says why when it is opened for the film.
    guard let encoder = try? Encoder(EncoderSettings(trialOf: codec)) else { return true }
    let add: HeaderTrial.Addition = { try $0.addStream(encoder: encoder) }
    guard trial.accepts([add]) else { return false }
    if trial.isAlone { return true }
    guard let packet = try? encoder.trialPacket() else { return true }
    return trial.readsBack(add, codec: id, packet: packet) ?? true
  }

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

extension EncoderSettings {
  /// The settings to encode one small picture, which shows whether a container takes the codec.
  init(trialOf codec: VideoCodec, usesGlobalHeader: Bool = false) {
    let format = VideoFormat(
      width: 320, height: 240,
      pixelFormat: VideoCodec.bestPixelFormat(among: codec.pixelFormats, for: .yuv420p) ?? .yuv420p)
    self.init(
      codec: codec.name, format: format, frameRate: Rational(25, 1), usesGlobalHeader: usesGlobalHeader)
  }
}

extension Encoder {
  /// Returns the first packet, of a picture with undefined content. The encoder cannot be used again.
  func trialPacket() throws -> Packet {
    let (frame, packet) = (try Frame(settings.format), try Packet())
    frame.pts = 0
    _ = try send(frame)
    _ = try send(nil)
    guard try receive(into: packet) == .output else {
      throw MediaError(operation: "encode with", file: settings.codec, message: "it produced no packet")
    }
    return packet
  }
}
