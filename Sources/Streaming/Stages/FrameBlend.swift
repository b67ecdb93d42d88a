import FFmpeg
import Imaging

/// What of the source shows through the repainted picture.
public struct FrameBlend: Equatable, Sendable {
  /// The share of the repainted picture, 0 (the source) to 1.
  public var strength: Double
  /// Whether the colours are the source's, and only the brightness is repainted.
  public var preservesColors: Bool

  /// The repainted picture alone unless told otherwise.
  public init(strength: Double = 1, preservesColors: Bool = false) {
    self.strength = min(1, max(0, strength))
    self.preservesColors = preservesColors
  }

  /// Whether the repainted picture stays as it is.
  public var isIdentity: Bool { strength == 1 && !preservesColors }

  /// Changes `stylized`; both are RGB24 of one size.
  func apply(source: Frame, stylized: Frame) {
    guard let from = source.plane(0), let to = stylized.plane(0) else { return }
    if preservesColors {
      Blending.preserveColors(
        source: from, sourceStride: source.stride(0), stylized: to, stylizedStride: stylized.stride(0), into: to,
        destinationStride: stylized.stride(0), width: source.width, height: source.height)
    }
    if strength < 1 {
      Blending.mix(
        source: from, sourceStride: source.stride(0), stylized: to, stylizedStride: stylized.stride(0), into: to,
        destinationStride: stylized.stride(0), width: source.width, height: source.height,
        strength: Float(strength))
    }
  }
}
