import Glibc

/// The perceived chroma of pixels.
///
/// `C = √(a² + b²)` of OKLab: 0 for greys, about 0.3 for the most vivid colours of a screen. B. Ottosson: A perceptual
/// color space for image processing, 2020.
package enum OKLabChroma {
  /// Writes the chroma of `pixels` sRGB pixels, three bytes each, to `output`.
  package static func forward(_ bytes: UnsafePointer<UInt8>, pixels: Int, output: UnsafeMutablePointer<Float>) {
    for pixel in 0..<pixels {
      let (red, green, blue) = (linear(bytes[3 * pixel]), linear(bytes[3 * pixel + 1]), linear(bytes[3 * pixel + 2]))
      let l = cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
      let m = cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
      let s = cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
      let a = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s
      let b = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s
      output[pixel] = Float((a * a + b * b).squareRoot())
    }
  }

  private static let linearLevels: [Double] = (0...255).map { level in
    let value = Double(level) / 255
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
  }

  /// Returns the linear intensity of an sRGB level, 0…1.
  @inline(__always)
  private static func linear(_ level: UInt8) -> Double { linearLevels[Int(level)] }
}
