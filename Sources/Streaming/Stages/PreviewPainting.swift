import FFmpeg
import Networks
import Threading

/// Paints a small picture of a single source frame, for a choice of styles.
///
/// It has its own stylizer, which it frees afterwards, so a preview needs memory only while it is painted.
package struct PreviewPainting: Sendable {
  /// The width of the painted picture in pixels.
  package let width: Int
  /// The height of the painted picture in pixels.
  package let height: Int

  /// Chooses the size at which the longer side of a `width` × `height` picture has `longSide` pixels; both sides are
  /// even and at least 32.
  package init(width: Int, height: Int, longSide: Int) {
    let long = max(width, height, 1)
    func scaled(_ extent: Int) -> Int { max(32, Int((Double(extent * longSide) / Double(long) / 2).rounded()) * 2) }
    (self.width, self.height) = (scaled(width), scaled(height))
  }

  /// Returns `source` in a style, upright, as RGB24 of this size.
  ///
  /// - Throws: `MediaError` if the frame cannot be converted, `InferenceError` if memory is insufficient.
  package func run(_ source: Frame, orientation: Orientation, style: NamedStyle, pool: ComputePool) throws -> Frame {
    let format = VideoFormat(width: width, height: height, pixelFormat: .rgb24)
    let (work, painted) = (try Frame(format), try Frame(format))
    try InputConversion(orientation: orientation, denoises: false).convert(source, into: work)
    let stylizer = try style.model.makeStylizer(
      width: width, height: height, canvasLines: style.model.canvasLines(for: .medium), pool: pool, memoryLimit: nil)
    if let from = work.plane(0), let to = painted.plane(0) {
      try stylizer.stylize(from, sourceStride: work.stride(0), into: to, destinationStride: painted.stride(0))
    }
    return painted
  }
}
