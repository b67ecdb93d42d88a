import FFmpeg

/// A file format that pictures can be written in.
public enum PictureFormat: String, Sendable, CaseIterable {
  /// Lossless, with alpha.
  case png
  /// Near the best quality, without chroma subsampling and alpha.
  case jpeg
  /// High quality, with alpha.
  case webp
  /// Uncompressed, without alpha.
  case bmp
  /// Lossless, with alpha.
  case tiff
  /// Uncompressed, without alpha.
  case ppm
  /// OpenEXR: scene-linear light in floats, lossless, with alpha.
  case exr

  /// Creates the format that the extension of `path` names, ignoring case; nil if it names none.
  public init?(path: String) {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
    let fileExtension = name[name.index(after: dot)...].lowercased()
    guard let format = Self.allCases.first(where: { $0.extensions.contains(fileExtension) }) else { return nil }
    self = format
  }

  /// The file extensions of the format, in lower case and without the dot.
  public var extensions: [String] {
    switch self {
    case .jpeg: ["jpg", "jpeg"]
    case .tiff: ["tif", "tiff"]
    default: [rawValue]
    }
  }

  /// The file extensions of all formats.
  public static var allExtensions: [String] { allCases.flatMap(\.extensions) }

  /// Whether the format stores alpha.
  public var hasAlpha: Bool {
    switch self {
    case .png, .webp, .tiff, .exr: true
    case .jpeg, .bmp, .ppm: false
    }
  }

  /// The name of libav's encoder.
  var encoderName: String {
    switch self {
    case .jpeg: "mjpeg"
    case .webp: "libwebp"
    default: rawValue
    }
  }

  /// The encoder's pixel format and colour description for a picture with or without alpha.
  func pixelFormat(withAlpha: Bool) -> (name: String, color: ColorDescription) {
    switch self {
    case .png, .tiff: (withAlpha ? "rgba" : "rgb24", .sRGB)
    case .jpeg: ("yuvj444p", .jpeg)
    case .webp: ("bgra", .sRGB)
    case .bmp: ("bgr24", .sRGB)
    case .ppm: ("rgb24", .sRGB)
    case .exr: (withAlpha ? "gbrapf32le" : "gbrpf32le", .sceneLinear)
    }
  }

  /// The encoder's format for a picture of `source` that is painted in floats: with as many bits per sample if the
  /// encoder has such a format. Grey becomes RGB, because it is painted in colour.
  package func deepFormat(for source: VideoFormat, width: Int, height: Int) throws -> VideoFormat {
    let keepsAlpha = hasAlpha && source.pixelFormat.hasAlpha
    let (name, color) = pixelFormat(withAlpha: keepsAlpha)
    var result = VideoFormat(width: width, height: height, pixelFormat: .rgb24, color: color)
    let deep = try VideoCodec(encoder: encoderName).pixelFormats.filter { format in
      format.isRGB && format.isDeep && format.hasIntegerSamples && format.hasAlpha == keepsAlpha
    }
    let wanted = PixelFormat(named: keepsAlpha ? "rgba64le" : "rgb48le") ?? .rgb24
    result.pixelFormat =
      VideoCodec.bestPixelFormat(among: deep, for: wanted) ?? PixelFormat(named: name) ?? .rgb24
    return result
  }

  /// Whether samples are scene-linear light rather than values of a display.
  package var isSceneLinear: Bool { self == .exr }

  /// The encoder's options for a picture. OpenEXR's 16-bit floats are used where their precision is enough.
  func options(isHalfPrecision: Bool) -> [String: String] {
    switch self {
    // Quantiser 2 of 1 to 31, in libav's unit of 1/118.
    case .jpeg: ["flags": "+qscale", "global_quality": "236"]
    case .webp: ["quality": "95"]
    case .exr: OpenEXROptions.encoder(isHalfPrecision: isHalfPrecision)
    default: [:]
    }
  }
}
