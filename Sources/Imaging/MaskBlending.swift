import FFmpeg
import Kernels
import Threading

extension Blending {
  /// Computes `destination = source + strength · m · (stylized − source)` with the mask's weight `m` of each pixel,
  /// rounded to nearest. Otherwise as without a mask.
  ///
  /// - Parameter mask: As many rows and columns as the pictures, from 0 to 1.
  package static func mix(
    source: UnsafePointer<UInt8>, sourceStride: Int, stylized: UnsafePointer<UInt8>, stylizedStride: Int,
    mask: MaskRows, into destination: UnsafeMutablePointer<UInt8>, destinationStride: Int, width: Int, height: Int,
    strength: Float, pool: ComputePool? = nil
  ) {
    let scale = weightScale(strength)
    forEachRow(height, pool) { y in
      let weights = mask.row(y)
      let source = source + y * sourceStride
      let stylized = stylized + y * stylizedStride
      let destination = destination + y * destinationStride
      for x in 0..<width {
        let weight = fixedPoint(weights[x] * scale)
        for index in 3 * x..<3 * x + 3 { destination[index] = mixed(source[index], stylized[index], weight) }
      }
    }
  }

  /// Mixes float pictures, see
  /// ``mix(source:sourceStride:stylized:stylizedStride:mask:into:destinationStride:width:height:strength:pool:)``.
  package static func mix(
    source: UnsafePointer<Float>, stylized: UnsafePointer<Float>, mask: MaskRows,
    into destination: UnsafeMutablePointer<Float>, width: Int, height: Int
  ) {
    for y in 0..<height {
      let weights = mask.row(y)
      for x in 0..<width {
        for index in 3 * (y * width + x)..<3 * (y * width + x) + 3 {
          destination[index] = source[index] + (stylized[index] - source[index]) * weights[x]
        }
      }
    }
  }

  /// Mixes a row of samples.
  @inline(__always)
  fileprivate static func mixRow(
    _ source: UnsafePointer<UInt8>, into stylized: UnsafeMutablePointer<UInt8>, weights: UnsafePointer<Float>,
    count: Int, scale: Float
  ) {
    for x in 0..<count { stylized[x] = mixed(source[x], stylized[x], fixedPoint(weights[x] * scale)) }
  }

  /// The factor from weights to multiples of 2⁻¹⁶. NaN counts as 0.
  @inline(__always)
  fileprivate static func weightScale(_ strength: Float) -> Float { (strength > 0 ? min(strength, 1) : 0) * 65536 }

  /// Rounds a number from 0 to 65536. At 2²³, floats are whole numbers.
  @inline(__always)
  private static func fixedPoint(_ value: Float) -> Int32 {
    Int32(bitPattern: (value + 8_388_608).bitPattern & 0x7F_FFFF)
  }

  @inline(__always)
  private static func mixed(_ source: UInt8, _ stylized: UInt8, _ weight: Int32) -> UInt8 {
    let from = Int32(truncatingIfNeeded: source)
    let difference = Int32(truncatingIfNeeded: stylized) &- from
    return UInt8(truncatingIfNeeded: (from &<< 16 &+ difference &* weight &+ 32768) &>> 16)
  }
}

/// Blends frames in their own samples, so that what is not painted stays exactly as it is, which a way through RGB
/// would round and whose chroma it would smooth. Not thread-safe.
package final class MaskedFrames {
  /// The format of the frames.
  package let format: VideoFormat
  private let sampling: MaskSampling

  /// Creates a blending of frames of `format`; nil unless it has a plane of 8-bit samples for each component.
  package init?(_ format: VideoFormat) {
    let pixelFormat = format.pixelFormat
    guard pixelFormat.hasIntegerSamples, pixelFormat.hasPlaneForEachComponent,
      (0..<pixelFormat.componentCount).allSatisfy({ pixelFormat.bitDepth(of: $0) == 8 })
    else { return nil }
    self.format = format
    sampling = MaskSampling(format)
  }

  /// Mixes `original` into `painted`, whose planes must not be shared. Both have this object's format. Alpha stays.
  package func mix(_ original: Frame, into painted: Frame, mask: MaskRows, strength: Float) {
    let pixelFormat = format.pixelFormat
    let scale = Blending.weightScale(strength)
    for plane in 0..<(pixelFormat.isGray ? 1 : 3) {
      guard let from = original.plane(plane), let to = painted.plane(plane) else { return }
      let isChroma = !pixelFormat.isRGB && plane > 0
      let size = pixelFormat.extents(of: plane, width: format.width, height: format.height)
      for y in 0..<size.height {
        Blending.mixRow(
          from + y * original.stride(plane), into: to + y * painted.stride(plane),
          weights: sampling.weights(of: mask, row: y, isChroma: isChroma), count: size.width, scale: scale)
      }
    }
  }
}

extension Picture {
  /// Mixes this picture with `stylized`, a picture of the same size, where `mask` says so. The result keeps this
  /// picture's alpha.
  ///
  /// - Parameters:
  ///   - strength: The weight of `stylized` where the mask is 1, 0…1.
  ///   - mask: A mask of the same size.
  package func mixed(with stylized: Picture, strength: Float, mask: MaskPlane, pool: ComputePool? = nil) -> Picture {
    precondition(
      mask.width == width && mask.height == height,
      "a mask of \(mask.width)x\(mask.height) pixels for a picture of \(width)x\(height)")
    return blended(with: stylized) { source, stylized, destination in
      Blending.mix(
        source: source, sourceStride: stride, stylized: stylized, stylizedStride: stride, mask: mask.rows,
        into: destination, destinationStride: stride, width: width, height: height, strength: strength, pool: pool)
    }
  }
}
