import CFFmpeg

/// The filter with which a scaler computes a pixel from its neighbours.
public enum ScalingFilter: Sendable {
  case bilinear, bicubic, area, lanczos

  var flag: Int32 {
    switch self {
    case .bilinear: SWS_BILINEAR
    case .bicubic: SWS_BICUBIC
    case .area: SWS_AREA
    case .lanczos: SWS_LANCZOS
    }
  }
}

/// Converts pictures between sizes and pixel formats.
///
/// Respects the matrix, range and chroma location of both formats. Chroma is interpolated at full resolution and
/// rounding is accurate, so that a picture converted to RGB and back keeps its position and colours.
public final class Scaler: @unchecked Sendable {
  private let context: OpaquePointer
  /// The format that the scaler reads.
  public let source: VideoFormat
  /// The format that the scaler writes.
  package let target: VideoFormat

  /// Creates a converter from `source` to `target`.
  ///
  /// - Throws: `MediaError` if a size is out of range or swscale cannot convert between the pixel formats.
  public init(from source: VideoFormat, to target: VideoFormat, filter: ScalingFilter = .bicubic) throws {
    let operation = "convert \(source.pixelFormat) to \(target.pixelFormat)"
    try source.checkSize(operation, file: nil)
    try target.checkSize(operation, file: nil)
    guard sws_isSupportedInput(source.pixelFormat.libav) > 0, sws_isSupportedOutput(target.pixelFormat.libav) > 0 else {
      throw MediaError(operation: operation, file: nil, message: "swscale does not support this conversion")
    }
    self.source = source
    self.target = target
    cffmpeg_clear_last_log_line()
    var allocated: OpaquePointer? = try MediaError.allocated(sws_alloc_context(), operation)
    let flags = filter.flag | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP
    var options: [(String, Int64)] = [
      ("srcw", Int64(source.width)), ("srch", Int64(source.height)),
      ("src_format", Int64(source.pixelFormat.libav.rawValue)), ("src_range", source.isFullRange ? 1 : 0),
      ("dstw", Int64(target.width)), ("dsth", Int64(target.height)),
      ("dst_format", Int64(target.pixelFormat.libav.rawValue)), ("dst_range", target.isFullRange ? 1 : 0),
      ("sws_flags", Int64(flags)),
    ]
    options += Self.chromaOptions(source, prefix: "src") + Self.chromaOptions(target, prefix: "dst")
    do {
      let raw = allocated.map { UnsafeMutableRawPointer($0) }
      for (name, value) in options {
        try MediaError.check(av_opt_set_int(raw, name, value, 0), operation)
      }
      try MediaError.check(sws_init_context(allocated, nil, nil), operation)
      // Fails only for conversions without a matrix, such as grey to grey.
      sws_setColorspaceDetails(
        allocated, sws_getCoefficients(source.effectiveMatrix), source.isFullRange ? 1 : 0,
        sws_getCoefficients(target.effectiveMatrix), target.isFullRange ? 1 : 0, 0, 1 << 16, 1 << 16)
      context = try MediaError.allocated(allocated, operation)
    } catch {
      sws_freeContext(allocated)
      allocated = nil
      throw error
    }
  }

  deinit { sws_freeContext(context) }

  /// The options for the positions of the chroma samples; empty for formats without subsampling.
  private static func chromaOptions(_ format: VideoFormat, prefix: String) -> [(String, Int64)] {
    let shift = format.pixelFormat.chromaShift
    guard !format.pixelFormat.isRGB else { return [] }
    let position = format.chromaPosition
    var options: [(String, Int64)] = []
    if shift.horizontal == 1 { options.append((prefix + "_h_chr_pos", Int64(position.across))) }
    if shift.vertical == 1 { options.append((prefix + "_v_chr_pos", Int64(position.down))) }
    return options
  }

  /// Converts `source` into `target`, whose planes must not be shared. Does not copy times and tags.
  ///
  /// - Throws: `MediaError` if a frame does not have the format of this scaler.
  public func scale(_ source: Frame, into target: Frame) throws {
    guard source.width == self.source.width, source.height == self.source.height,
      source.pixelFormat == self.source.pixelFormat, target.width == self.target.width,
      target.height == self.target.height, target.pixelFormat == self.target.pixelFormat
    else {
      throw MediaError(
        operation: "convert a frame", file: nil,
        message: "\(source.width)x\(source.height) \(source.pixelFormat) to \(target.width)x\(target.height) "
          + "\(target.pixelFormat) does not match the formats of this scaler")
    }
    try MediaError.check(cffmpeg_scale(context, source.pointer, target.pointer), "convert a frame")
  }
}
