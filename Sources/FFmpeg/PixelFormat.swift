import CFFmpeg

/// The layout of a picture's samples in memory, by libav's name: `yuv420p`, `rgb24`, `rgba` ...
public struct PixelFormat: Equatable, Hashable, Sendable, CustomStringConvertible {
  let libav: AVPixelFormat

  init(_ format: AVPixelFormat) { libav = format }

  /// Creates the format with libav's name `name`; nil if there is none.
  public init?(named name: String) {
    let format = av_get_pix_fmt(name)
    guard format != AV_PIX_FMT_NONE else { return nil }
    libav = format
  }

  /// Interleaved 8-bit red, green, blue.
  public static let rgb24 = PixelFormat(AV_PIX_FMT_RGB24)
  /// Interleaved 8-bit red, green, blue, alpha; alpha is not premultiplied.
  public static let rgba = PixelFormat(AV_PIX_FMT_RGBA)
  /// Planar 8-bit YUV 4:2:0: chroma has half the width and half the height.
  public static let yuv420p = PixelFormat(AV_PIX_FMT_YUV420P)
  /// Planar 8-bit YUV 4:2:2: chroma has half the width.
  public static let yuv422p = PixelFormat(AV_PIX_FMT_YUV422P)
  /// Planar 8-bit YUV 4:4:4: chroma has the full size.
  public static let yuv444p = PixelFormat(AV_PIX_FMT_YUV444P)
  /// Full-range `yuv420p`, as in JPEG.
  public static let yuvj420p = PixelFormat(AV_PIX_FMT_YUVJ420P)
  /// Full-range `yuv444p`.
  public static let yuvj444p = PixelFormat(AV_PIX_FMT_YUVJ444P)
  /// 8-bit grey.
  public static let gray8 = PixelFormat(AV_PIX_FMT_GRAY8)

  private func has(_ flag: Int32) -> Bool {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return false }
    return descriptor.pointee.flags & UInt64(flag) != 0
  }

  /// Whether the pixels can be transparent. The colours of a palette may be.
  public var hasAlpha: Bool { has(AV_PIX_FMT_FLAG_ALPHA) || has(AV_PIX_FMT_FLAG_PAL) }
  /// Whether the samples are red, green and blue.
  public var isRGB: Bool { has(AV_PIX_FMT_FLAG_RGB) }
  /// Whether the pixels are indices into a palette.
  public var isPalette: Bool { has(AV_PIX_FMT_FLAG_PAL) }
  /// Whether there is only one colour component.
  public var isGray: Bool {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return false }
    return descriptor.pointee.nb_components <= 2 && !isRGB && !isPalette
  }
  /// Whether this is one of the `yuvj` formats, which have full range by definition.
  public var isFullRangeByName: Bool { name.hasPrefix("yuvj") }
  /// The bit depth of the first component.
  public var bitDepth: Int {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return 0 }
    return Int(descriptor.pointee.comp.0.depth)
  }
  /// How often the width and height are halved for chroma: `(1, 1)` for 4:2:0, `(1, 0)` for 4:2:2, `(0, 0)` for 4:4:4.
  public var chromaShift: (horizontal: Int, vertical: Int) {
    guard let descriptor = av_pix_fmt_desc_get(libav) else { return (0, 0) }
    return (Int(descriptor.pointee.log2_chroma_w), Int(descriptor.pointee.log2_chroma_h))
  }

  /// libav's name.
  public var name: String {
    guard let name = av_get_pix_fmt_name(libav) else { return "unknown" }
    return String(cString: name)
  }

  /// libav's name.
  public var description: String { name }
}
