import Kernels
import Threading

extension Picture {
  /// Mixes this picture with `stylized`, a picture of the same size. The result keeps this picture's alpha.
  ///
  /// - Parameter strength: The weight of `stylized`, 0…1.
  public func mixed(with stylized: Picture, strength: Float, pool: ComputePool? = nil) -> Picture {
    blended(with: stylized) { source, stylized, destination in
      Blending.mix(
        source: source, sourceStride: stride, stylized: stylized, stylizedStride: stride, into: destination,
        destinationStride: stride, width: width, height: height, strength: strength, pool: pool)
    }
  }

  /// Combines the colours of this picture with the brightness of `stylized`, a picture of the same size.
  ///
  /// The result keeps this picture's alpha.
  public func preservingColors(in stylized: Picture, pool: ComputePool? = nil) -> Picture {
    blended(with: stylized) { source, stylized, destination in
      Blending.preserveColors(
        source: source, sourceStride: stride, stylized: stylized, stylizedStride: stride, into: destination,
        destinationStride: stride, width: width, height: height, pool: pool)
    }
  }

  func blended(
    with stylized: Picture,
    _ body: (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
  ) -> Picture {
    precondition(
      stylized.width == width && stylized.height == height,
      "a stylized picture of \(stylized.width)x\(stylized.height) pixels for one of \(width)x\(height)")
    let result = [UInt8](unsafeUninitializedCapacity: pixels.count) { result, initializedCount in
      pixels.withUnsafeBufferPointer { source in
        stylized.pixels.withUnsafeBufferPointer { stylized in
          guard let source = source.baseAddress, let stylized = stylized.baseAddress, let result = result.baseAddress
          else { return }
          body(source, stylized, result)
        }
      }
      initializedCount = pixels.count
    }
    return Picture(width: width, height: height, pixels: result, alpha: alpha)
  }
}
