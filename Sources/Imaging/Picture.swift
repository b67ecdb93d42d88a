/// A still picture in memory: interleaved 8-bit RGB and an optional alpha plane.
///
/// Rows are stored from top to bottom without padding. Copies share the samples until one of them changes.
public struct Picture: Sendable, Equatable {
  /// The width in pixels, at least 1.
  public let width: Int
  /// The height in pixels, at least 1.
  public let height: Int
  /// The `3 · width · height` colour samples. Pixel `(x, y)` begins at index `3 · (y · width + x)`.
  public private(set) var pixels: [UInt8]
  /// The `width · height` alpha samples, from 0 (transparent) to 255 (opaque); nil if the picture is opaque.
  ///
  /// The colours are not premultiplied.
  public private(set) var alpha: [UInt8]?

  /// Creates a picture from its samples. The counts must match the size.
  public init(width: Int, height: Int, pixels: [UInt8], alpha: [UInt8]? = nil) {
    precondition(width >= 1 && height >= 1, "a picture of \(width)x\(height) pixels")
    precondition(pixels.count == 3 * width * height, "\(pixels.count) samples for \(width)x\(height) pixels")
    precondition(alpha.map { $0.count == width * height } ?? true, "the alpha plane has another size")
    self.width = width
    self.height = height
    self.pixels = pixels
    self.alpha = alpha
  }

  /// Creates a picture of a single colour.
  public init(width: Int, height: Int, red: UInt8, green: UInt8, blue: UInt8) {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for _ in 0..<width * height {
      pixels.append(red)
      pixels.append(green)
      pixels.append(blue)
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// The number of bytes from one row of `pixels` to the next.
  public var stride: Int { 3 * width }

  /// The red, green and blue of pixel `(x, y)`.
  public subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel (\(x), \(y)) of \(width)x\(height)")
    let offset = 3 * (y * width + x)
    return (pixels[offset], pixels[offset + 1], pixels[offset + 2])
  }

  /// Calls `body` with the mutable storage of `pixels`, which is valid only during the call.
  public mutating func withUnsafeMutablePixels<Result>(
    _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    try pixels.withUnsafeMutableBufferPointer { try body($0) }
  }

  /// Returns the picture with its alpha plane replaced, or removed if `alpha` is nil.
  public func withAlpha(_ alpha: [UInt8]?) -> Picture {
    Picture(width: width, height: height, pixels: pixels, alpha: alpha)
  }

  /// Returns the picture composited over a colour, white by default, without alpha.
  public func flattened(red: UInt8 = 255, green: UInt8 = 255, blue: UInt8 = 255) -> Picture {
    guard let alpha else { return self }
    var result = pixels
    for (index, opacity) in alpha.enumerated() where opacity < 255 {
      for (channel, behind) in [red, green, blue].enumerated() {
        let blend = Int(pixels[3 * index + channel]) * Int(opacity) + Int(behind) * (255 - Int(opacity))
        result[3 * index + channel] = UInt8((blend + 127) / 255)
      }
    }
    return Picture(width: width, height: height, pixels: result)
  }
}
