import FFmpeg
import Imaging
import Kernels

/// How to blend the painted frame with the source.
public struct FrameBlend: Equatable, Sendable {
  /// The share of the painted frame in the result, from 0 (the source) to 1.
  public var strength: Double
  /// Whether to keep the source's colours and paint only the brightness.
  public var preservesColors: Bool

  /// Creates a blend. By default, it shows the painted frame alone.
  public init(strength: Double = 1, preservesColors: Bool = false) {
    self.strength = min(1, max(0, strength))
    self.preservesColors = preservesColors
  }

  /// Whether the painted frame stays unchanged.
  public var isIdentity: Bool { strength == 1 && !preservesColors }

  /// Blends `source` into `stylized`. Both are RGB24 and of the same size, as is the mask of the strength, if any.
  func apply(source: Frame, stylized: Frame, mask: MaskRows? = nil) {
    guard let from = source.plane(0), let to = stylized.plane(0) else { return }
    if preservesColors {
      Blending.preserveColors(
        source: from, sourceStride: source.stride(0), stylized: to, stylizedStride: stylized.stride(0), into: to,
        destinationStride: stylized.stride(0), width: source.width, height: source.height)
    }
    if let mask {
      Blending.mix(
        source: from, sourceStride: source.stride(0), stylized: to, stylizedStride: stylized.stride(0), mask: mask,
        into: to, destinationStride: stylized.stride(0), width: source.width, height: source.height,
        strength: Float(strength))
    } else if strength < 1 {
      Blending.mix(
        source: from, sourceStride: source.stride(0), stylized: to, stylizedStride: stylized.stride(0), into: to,
        destinationStride: stylized.stride(0), width: source.width, height: source.height,
        strength: Float(strength))
    }
  }
}
