import FFmpeg

/// A file format that pictures are written in.
public enum PictureFormat: String, Sendable, CaseIterable {
  /// Lossless, keeps alpha.
  case png
  /// Quality close to the best, colours in full resolution, no alpha.
  case jpeg
  /// High quality, keeps alpha.
  case webp
  /// Not compressed, no alpha.
  case bmp
  /// Lossless, keeps alpha.
  case tiff
  /// Not compressed, no alpha.
  case ppm

  /// The format that the extension of `path` names, upper or lower case; nil if it names none.
  public init?(path: String) {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
    let fileExtension = name[name.index(after: dot)...].lowercased()
    guard let format = Self.allCases.first(where: { $0.extensions.contains(fileExtension) }) else { return nil }
    self = format
  }

  /// The extensions that name it, in lower case and without a dot.
  public var extensions: [String] {
    switch self {
    case .jpeg: ["jpg", "jpeg"]
    case .tiff: ["tif", "tiff"]
    default: [rawValue]
    }
  }

  /// Every extension that names a format.
  public static var allExtensions: [String] { allCases.flatMap(\.extensions) }

  /// Whether transparency can be stored.
  public var hasAlpha: Bool {
    switch self {
    case .png, .webp, .tiff: true
    case .jpeg, .bmp, .ppm: false
    }
  }

  /// libav's encoder.
  var encoderName: String {
    switch self {
    case .jpeg: "mjpeg"
    case .webp: "libwebp"
    default: rawValue
    }
  }

  /// What the encoder is given, for a picture with alpha or without.
  func pixelFormat(withAlpha: Bool) -> (name: String, color: ColorDescription) {
    switch self {
    case .png, .tiff: (withAlpha ? "rgba" : "rgb24", .sRGB)
    case .jpeg: ("yuvj444p", .jpeg)
    case .webp: ("bgra", .sRGB)
    case .bmp: ("bgr24", .sRGB)
    case .ppm: ("rgb24", .sRGB)
    }
  }

  /// The encoder's options.
  var options: [String: String] {
    switch self {
    // Quantiser 2 of 1 to 31, in libav's unit of 1/118.
    case .jpeg: ["flags": "+qscale", "global_quality": "236"]
    case .webp: ["quality": "95"]
    default: [:]
    }
  }
}
