import FFmpeg
import Imaging

/// Makes masks of frames at a given size: turned, scaled, inverted, with soft edges. Not thread-safe.
final class MaskConversion {
  /// The width of the edges of a range of luma.
  static let lumaSoftness: Float = 0.1
  /// The luma is blurred over this share of the picture's shorter side, so that grain and the noise of compression do
  /// not flicker in the mask.
  private static let lumaReach = 1.0 / 120

  private let settings: MaskSettings
  private let reader = MaskReader()
  private var resizer = MaskResizer()
  private let blur = MaskBlur()
  private let read = MaskPlane()
  private let turned = (MaskPlane(), MaskPlane())

  init(_ settings: MaskSettings) { self.settings = settings }

  /// Fills `mask`, whose size is that of the wanted mask, from a frame.
  ///
  /// - Parameters:
  ///   - usesAlpha: Whether to read the alpha of the frame instead of its luma.
  ///   - turns: How to turn the frame, one after another.
  ///   - scale: The pixels of `mask` for each pixel of the source as displayed.
  /// - Throws: `MediaError` if the frame cannot be converted.
  func convert(
    _ frame: Frame, usesAlpha: Bool, turns: [Orientation], scale: Double, into mask: MaskPlane
  ) throws {
    if usesAlpha { try reader.readAlpha(frame, into: read) } else { try reader.readLuma(frame, into: read) }
    convert(read, turns: turns, scale: scale, into: mask)
  }

  /// Fills `mask` from a plane. See ``convert(_:usesAlpha:turns:scale:into:)``.
  func convert(_ plane: MaskPlane, turns: [Orientation] = [], scale: Double, into mask: MaskPlane) {
    var plane = plane
    var (next, spare) = turned
    for turn in turns where turn != .upright {
      turn.apply(plane, into: next)
      plane = next
      swap(&next, &spare)
    }
    resizer.resize(plane, into: mask)
    if case .luma(let range) = settings.origin {
      blur.apply(to: mask, reach: Double(min(mask.width, mask.height)) * Self.lumaReach)
      mask.select(Float(range.lowerBound)...Float(range.upperBound), softness: Self.lumaSoftness)
    }
    if settings.isInverted { mask.invert() }
    blur.apply(to: mask, reach: settings.feather * scale)
    mask.finish()
  }
}

extension Orientation {
  /// Turns a mask into another, which gets the matching size.
  fileprivate func apply(_ source: MaskPlane, into target: MaskPlane) {
    target.resize(
      width: swapsSides ? source.height : source.width, height: swapsSides ? source.width : source.height)
    apply(
      UnsafePointer(source.values), sourceStride: source.width, width: source.width, height: source.height,
      into: target.values, targetStride: target.width, channels: 1)
  }
}
