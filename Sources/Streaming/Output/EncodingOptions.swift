import FFmpeg

/// How the output is to be encoded; what is left open is chosen for the container.
public struct EncodingOptions: Sendable {
  /// libav's name of the encoder, or of a codec; nil for the container's.
  public var codec: String?
  /// The constant rate factor: lower is better and larger; nil for the encoder's usual one.
  public var crf: Double?
  /// The number of threads of the encoder.
  public var threads: Int
  /// Whether each frame is to leave the encoder at once, for viewers who may begin at any time: no reordered frames, no
  /// look ahead, and a frame to begin at every two seconds. It costs some size.
  public var isLowDelay: Bool

  /// Options that leave all open unless told otherwise.
  public init(codec: String? = nil, crf: Double? = nil, threads: Int = 1, isLowDelay: Bool = false) {
    self.codec = codec
    self.crf = crf
    self.threads = threads
    self.isLowDelay = isLowDelay
  }

  /// `name` if libav has a video encoder or a codec of that name; for the reading of a command line. Throws
  /// `MediaError`.
  @Sendable public static func codecName(_ name: String) throws -> String {
    _ = try VideoCodec(encoder: name)
    return name
  }
}

/// An encoder chosen for a container, with all settings but those of the video.
struct EncoderChoice {
  let codec: VideoCodec
  let quantizer: Int?
  let options: [String: String]
  let isLowDelay: Bool

  /// Throws `EncodingError` if the container does not take the codec or the codec has no rate factor, `MediaError` if
  /// there is no such encoder.
  init(_ request: EncodingOptions, for muxer: Muxer) throws {
    let codec: VideoCodec
    if let name = request.codec {
      codec = try VideoCodec(encoder: name)
      guard muxer.accepts(codec) else {
        throw EncodingError.codecNotInContainer(codec: name, container: muxer.containerName, file: muxer.displayName)
      }
    } else if !muxer.isImageSequence, let preferred = try? VideoCodec(encoder: "libx264"), muxer.accepts(preferred) {
      codec = preferred
    } else if let name = muxer.defaultVideoCodec,
      name != "png" || muxer.isImageSequence || muxer.containerName == "apng"
    {
      // Where it is PNG, the video is the cover of a sound file.
      codec = try VideoCodec(encoder: name)
    } else {
      throw EncodingError.noVideo(container: muxer.containerName, file: muxer.displayName)
    }
    // The settings are fast ones, at a quality where one does not see the codec: beside the smallest networks the
    // encoder is what takes longest. On painted film x264's superfast takes 0.6 of veryfast's time for 1.03 of its
    // bytes.
    let (standard, extra): (Double, [String: String]) =
      switch codec.name {
      case "libx264": (20, ["preset": "superfast"])
      case "libx265": (23, ["preset": "superfast", "x265-params": "log-level=none"])
      case "libvpx-vp9": (30, ["deadline": "realtime", "cpu-used": "6", "row-mt": "1"])
      case "libvpx": (10, ["deadline": "realtime", "cpu-used": "6"])
      case "libaom-av1": (28, ["usage": "realtime", "cpu-used": "8", "row-mt": "1"])
      case "libsvtav1": (32, ["preset": "10"])
      default: (23, [:])
      }
    var options = extra.filter { codec.hasOption($0.key) }
    if request.isLowDelay { options.merge(Self.lowDelayOptions(of: codec)) { $1 } }
    // AVI knows no time of display, only an order of decoding.
    if muxer.containerName == "avi" { options["bf"] = "0" }
    if codec.hasOption("crf") {
      let crf = request.crf ?? standard
      options["crf"] = crf == crf.rounded() ? String(Int(crf)) : String(crf)
      quantizer = nil
    } else if let crf = request.crf {
      guard codec.hasQuantizer else { throw EncodingError.noRateFactor(codec: codec.name) }
      quantizer = min(31, max(1, Int(crf.rounded())))
    } else {
      quantizer = codec.hasQuantizer ? 3 : nil
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

  /// The pixel format for a video of that size: 4:2:0, which every player shows, unless the encoder has no such format
  /// or cannot crop its chroma to an odd size.
  func pixelFormat(width: Int, height: Int) -> PixelFormat {
    let needsEvenSize = ["libx264", "libx264rgb", "libx265"].contains(codec.name)
    let isOdd = width % 2 + height % 2 > 0
    // JPEG's range is full.
    let preferred: [PixelFormat] =
      codec.name == "mjpeg"
      ? [.yuvj420p] : needsEvenSize && isOdd ? [.yuv444p] : [.yuv420p, .yuvj420p, .yuv422p, .yuv444p, .yuvj444p]
    // An encoder that names no formats takes them all.
    let isFree = codec.pixelFormats.isEmpty
    return preferred.first { isFree || codec.pixelFormats.contains($0) } ?? codec.bestPixelFormat(for: .rgb24)
  }

  /// An encoder for frames of `description`, whose format is the one to encode.
  ///
  /// Some codecs do not take the fine time bases of containers: for them time is counted in frames.
  func makeEncoder(for description: VideoDescription, threads: Int, usesGlobalHeader: Bool) throws -> Encoder {
    var options = options
    if isLowDelay, options["g"] == nil {
      options["g"] = String(max(1, Int(min(1000, 2 * (description.frameRate?.value ?? 25)).rounded())))
    }
    var settings = EncoderSettings(
      codec: codec.name, format: description.format, timeBase: description.timeBase,
      frameRate: description.frameRate, sampleAspectRatio: description.sampleAspectRatio, threads: threads,
      quantizer: quantizer, options: options, usesGlobalHeader: usesGlobalHeader)
    do {
      return try Encoder(settings)
    } catch {
      guard let rate = description.frameRate else { throw error }
      settings.timeBase = rate.inverse
      guard let encoder = try? Encoder(settings) else { throw error }
      return encoder
    }
  }
}

/// Why a video cannot be encoded as asked.
public enum EncodingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The container does not take this codec.
  case codecNotInContainer(codec: String, container: String, file: String)
  /// The container holds no video.
  case noVideo(container: String, file: String)
  /// The encoder has no constant rate factor.
  case noRateFactor(codec: String)
  /// Nobody knows this option.
  case unknownOption(name: String, codec: String, file: String)
  /// The output's name stands for several files, or for a device.
  case notOneFile(file: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .codecNotInContainer(let codec, let container, let file):
      "\(file): the container \(container) does not take the codec \(codec)"
    case .noVideo(let container, let file): "\(file): the container \(container) holds no video"
    case .noRateFactor(let codec): "the encoder \(codec) has no constant rate factor"
    case .unknownOption(let name, let codec, let file):
      "\(file): neither the protocol, the container nor the encoder \(codec) has an option '\(name)'"
    case .notOneFile(let file): "\(file): expected the name of a video file, such as out.mp4"
    }
  }
}
