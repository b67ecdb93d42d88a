import FFmpeg

/// How to encode the output. Options that are nil get a default that suits the container.
public struct EncodingOptions: Sendable {
  /// libav's name of an encoder or a codec; nil for the container's default.
  public var codec: String?
  /// The constant rate factor; nil for the encoder's default. Lower values give better quality and larger files.
  public var crf: Double?
  /// The encoder's preset, by its own names; nil for a fast one. Slower presets give smaller files.
  public var preset: String?
  /// The pixel format; nil for the encoder's nearest to the source's.
  public var pixelFormat: PixelFormat?
  /// The colour behind transparent frames if the encoder stores no alpha.
  public var background: BackgroundColor
  /// The number of encoder threads.
  public var threads: Int
  /// Whether to write interlaced frames as such, painted field by field. Progressive films stay progressive.
  public var keepsFields: Bool
  /// Whether the encoder emits each frame at once, for viewers who may join at any time: no frame reordering, no
  /// lookahead, and a keyframe every two seconds. Output is somewhat larger.
  public var isLowDelay: Bool
  /// How sound and subtitles are copied or converted.
  public var tracks: TrackOptions

  /// Creates options. By default, everything depends on the container.
  public init(
    codec: String? = nil, crf: Double? = nil, preset: String? = nil, pixelFormat: PixelFormat? = nil,
    background: BackgroundColor = .black, threads: Int = 1, keepsFields: Bool = false, isLowDelay: Bool = false,
    tracks: TrackOptions = TrackOptions()
  ) {
    self.keepsFields = keepsFields
    self.codec = codec
    self.crf = crf
    self.preset = preset
    self.pixelFormat = pixelFormat
    self.background = background
    self.threads = threads
    self.isLowDelay = isLowDelay
    self.tracks = tracks
  }

  /// Returns `name` if libav has a video encoder or codec with this name. Use it to parse a command line.
  ///
  /// - Throws: `MediaError` if there is none.
  @Sendable public static func codecName(_ name: String) throws -> String {
    _ = try VideoCodec(encoder: name)
    return name
  }
}

/// The encoder chosen for a container, with every setting that does not depend on the video.
struct EncoderChoice {
  let codec: VideoCodec
  let quantizer: Int?
  let options: [String: String]
  let isLowDelay: Bool
  let hasConstantFrameRate: Bool
  /// The pixel format that was asked for.
  let requestedPixelFormat: PixelFormat?

  /// Chooses the encoder for a video like `video`.
  ///
  /// - Throws: ``EncodingError`` if the container does not support the codec, or the codec lacks a rate factor or
  ///   presets, `MediaError` if the encoder does not exist.
  init(_ request: EncodingOptions, like video: VideoDescription, for muxer: Muxer) throws {
    let codec: VideoCodec
    if let name = request.codec {
      codec = try VideoCodec(encoder: name)
      guard muxer.accepts(codec) else {
        throw EncodingError.codecNotInContainer(codec: name, container: muxer.containerName, file: muxer.displayName)
      }
    } else if !muxer.isImageSequence, let preferred = Self.preferred(request, video, muxer) {
      codec = preferred
    } else if let name = muxer.defaultVideoCodec,
      name != "png" || muxer.isImageSequence || muxer.containerName == "apng"
    {
      // PNG as the default codec means that the container is for audio and the picture is its cover.
      // The first encoder of WebP makes animations, which many programs do not read as pictures.
      codec = try VideoCodec(encoder: name == "webp" && muxer.isImageSequence ? "libwebp" : name)
    } else {
      throw EncodingError.noVideo(container: muxer.containerName, file: muxer.displayName)
    }
    // Fast presets, at a quality without visible artefacts: with the smallest networks, encoding takes longer than
    // painting. On painted video, x264's superfast takes 0.6 of veryfast's time and 1.03 of its bytes.
    let (standard, extra): (Double, [String: String]) =
      switch codec.name {
      case "libx264": (20, ["preset": "superfast"])
      case "libx265": (23, ["preset": "superfast", "x265-params": "log-level=none"])
      case "libvpx-vp9": (30, ["deadline": "realtime", "cpu-used": "6", "row-mt": "1"])
      case "libvpx": (10, ["deadline": "realtime", "cpu-used": "6"])
      case "libaom-av1": (28, ["usage": "realtime", "cpu-used": "8", "row-mt": "1"])
      case "libsvtav1": (32, ["preset": "10"])
      case "exr": (23, OpenEXROptions.encoder(isHalfPrecision: video.isHalfPrecision))
      default: (23, [:])
      }
    var options = extra.filter { codec.hasOption($0.key) }
    if request.isLowDelay { options.merge(Self.lowDelayOptions(of: codec)) { $1 } }
    // AVI stores no presentation timestamps, only the decoding order.
    if muxer.containerName == "avi" { options["bf"] = "0" }
    if codec.hasOption("crf") {
      let crf = request.crf ?? standard
      options["crf"] = crf == crf.rounded() ? String(Int(crf)) : String(crf)
      quantizer = nil
    } else if let crf = request.crf {
      guard codec.hasQuantizer else { throw EncodingError.noRateFactor(codec: codec.name) }
      quantizer = min(31, max(1, Int(crf.rounded())))
    } else {
      quantizer = codec.usualQuantizer
    }
    if let preset = request.preset {
      guard codec.hasOption("preset") else { throw EncodingError.noPreset(codec: codec.name) }
      options["preset"] = preset
    }
    for (name, value) in muxer.foreignOptions {
      guard codec.takesOption(name) else {
        throw EncodingError.unknownOption(name: name, codec: codec.name, file: muxer.displayName)
      }
      options[name] = value
    }
    self.codec = codec
    self.options = options
    isLowDelay = request.isLowDelay
    hasConstantFrameRate = muxer.hasConstantFrameRate
    // Few programs take anything else from a camera.
    requestedPixelFormat = request.pixelFormat ?? (muxer.isCamera ? .yuv420p : nil)
  }

  /// Returns the first of the preferred encoders that the container supports. HDR displays play HDR in HEVC, not in
  /// H.264, and transparent films in MOV are for editing programs, which exchange them in ProRes 4444.
  private static func preferred(
    _ request: EncodingOptions, _ video: VideoDescription, _ muxer: Muxer
  ) -> VideoCodec? {
    var names = video.format.color.isHDR ? ["libx265", "libx264"] : ["libx264"]
    // ProRes has no constant rate factor.
    if video.isTransparent, muxer.containerName == "mov", request.crf == nil { names.insert("prores_ks", at: 0) }
    return names.lazy.compactMap { try? VideoCodec(encoder: $0) }.first { muxer.accepts($0) }
  }

  private static func lowDelayOptions(of codec: VideoCodec) -> [String: String] {
    let options: [String: String] =
      switch codec.name {
      case "libx264", "libx265": ["tune": "zerolatency"]
      case "libvpx", "libvpx-vp9", "libaom-av1": ["lag-in-frames": "0"]
      default: [:]
      }
    return options.filter { codec.hasOption($0.key) }.merging(["bf": "0"]) { $1 }
  }

  /// Creates an encoder for frames of `description`, whose format is the one to encode.
  ///
  /// The time base is that of `description`. It is one frame for containers with a constant frame rate, and coarser for
  /// codecs that do not support fine time bases: one frame, if it must be, or a part of one for codecs that support
  /// only certain rates.
  ///
  /// - Throws: `MediaError` if the encoder rejects the settings, ``EncodingError`` if it cannot code fields that are to
  ///   be kept.
  func makeEncoder(for description: VideoDescription, threads: Int, usesGlobalHeader: Bool) throws -> Encoder {
    var options = options
    if codec.name == "libx265", let parameters = description.hdrMetadata?.x265Parameters, !parameters.isEmpty {
      options["x265-params", default: "log-level=none"] += ":" + parameters
    }
    if isLowDelay, options["g"] == nil {
      options["g"] = String(max(1, Int(min(1000, 2 * (description.frameRate?.value ?? 25)).rounded())))
    }
    var settings = EncoderSettings(
      codec: codec.name, format: description.format, timeBase: description.timeBase,
      frameRate: description.frameRate, sampleAspectRatio: description.sampleAspectRatio, threads: threads,
      quantizer: quantizer, options: options, usesGlobalHeader: usesGlobalHeader, fieldOrder: description.fieldOrder)
    let rate = description.frameRate ?? (hasConstantFrameRate ? Rational(25, 1) : nil)
    if hasConstantFrameRate { (settings.timeBase, settings.frameRate) = (rate?.inverse ?? settings.timeBase, rate) }
    var encoder: Encoder?
    do {
      encoder = try Encoder(settings)
    } catch {
      let timeBases = hasConstantFrameRate ? [] : [coarse(description.timeBase)].compactMap(\.self)
      let rates = rate.map { [$0] + codec.frameRates(for: $0) } ?? []
      for (timeBase, rate) in timeBases.map({ ($0, rate) }) + rates.map({ ($0.inverse, $0) }) where encoder == nil {
        (settings.timeBase, settings.frameRate) = (timeBase, rate)
        encoder = try? Encoder(settings)
      }
      guard encoder != nil else { throw error }
    }
    guard let encoder, description.fieldOrder == .progressive || Encoder.codesFields(encoder.settings) else {
      throw EncodingError.noFields(codec: codec.name)
    }
    return encoder
  }

  /// Whether the time base of `encoder` is a frame rate rather than that of the times of `description`.
  func countsFrames(_ encoder: Encoder, for description: VideoDescription) -> Bool {
    ![description.timeBase, coarse(description.timeBase)].contains(encoder.settings.timeBase)
  }

  /// Returns the finest time base that divides `timeBase` and that codecs with 16 bits for it take; nil if that is
  /// `timeBase` itself.
  private func coarse(_ timeBase: Rational) -> Rational? {
    guard timeBase.numerator == 1, timeBase.denominator > 65535 else { return nil }
    let factor = (2...1000).first { timeBase.denominator % $0 == 0 && timeBase.denominator / $0 <= 65535 }
    return factor.map { Rational(1, timeBase.denominator / $0) }
  }
}

/// Describes why a video cannot be encoded as requested.
public enum EncodingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The container does not support the codec.
  case codecNotInContainer(codec: String, container: String, file: String)
  /// The container does not support video.
  case noVideo(container: String, file: String)
  /// The encoder has no constant rate factor.
  case noRateFactor(codec: String)
  /// The encoder has no presets.
  case noPreset(codec: String)
  /// The encoder cannot code interlaced frames.
  case noFields(codec: String)
  /// The protocol, the container and the encoder all lack this option.
  case unknownOption(name: String, codec: String, file: String)
  /// The encoder stores scene-linear light, and the source is PQ or HLG.
  case lightOfHDR(codec: String)
  /// The encoder does not take the pixel format.
  case pixelFormatNotInCodec(name: String, codec: String, supported: [String])
  /// The output name refers to several files or to a device.
  case notOneFile(file: String)

  /// The error message, one sentence.
  public var description: String {
    switch self {
    case .codecNotInContainer(let codec, let container, let file):
      "\(file): the container \(container) does not support the codec \(codec)"
    case .noVideo(let container, let file): "\(file): the container \(container) does not support video"
    case .noRateFactor(let codec): "the encoder \(codec) has no constant rate factor"
    case .noPreset(let codec):
      "the encoder \(codec) has no presets: leave out --encoder-preset, or set its own options with --output-option"
    case .noFields(let codec):
      "the encoder \(codec) cannot code interlaced frames: leave out --keep-fields, or choose another, such as "
        + "--codec libx264 or --codec mpeg2video"
    case .unknownOption(let name, let codec, let file):
      "\(file): neither the protocol, the container nor the encoder \(codec) has an option '\(name)'"
    case .lightOfHDR(let codec):
      "the encoder \(codec) stores scene-linear light, to which HDR is not converted: add --sdr"
    case .pixelFormatNotInCodec(let name, let codec, let supported):
      "the encoder \(codec) does not take the pixel format \(name), expected one of "
        + supported.joined(separator: ", ")
    case .notOneFile(let file): "\(file): expected the name of a video file, such as out.mp4"
    }
  }
}
