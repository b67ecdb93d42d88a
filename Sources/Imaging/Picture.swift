/// A still picture in memory: interleaved 8-bit red, green and blue, and an alpha plane where there is one.
///
/// Rows follow each other without gaps, top row first. A value type: a copy shares the samples until one is changed.
public struct Picture: Sendable, Equatable {
  /// Pixels across, at least 1.
  public let width: Int
  /// Pixels down, at least 1.
  public let height: Int
  /// `3 · width · height` samples: pixel `(x, y)` begins at `3 · (y · width + x)`.
  public private(set) var pixels: [UInt8]
  /// `width · height` samples, 0 for transparent to 255 for opaque, not multiplied into the colours; nil if all is opaque.
  public private(set) var alpha: [UInt8]?

  /// A picture of the given samples, whose numbers must fit the size.
  public init(width: Int, height: Int, pixels: [UInt8], alpha: [UInt8]? = nil) {
    precondition(width >= 1 && height >= 1, "a picture of \(width)x\(height) pixels")
    precondition(pixels.count == 3 * width * height, "\(pixels.count) samples for \(width)x\(height) pixels")
    precondition(alpha.map { $0.count == width * height } ?? true, "an alpha plane of another size")
    self.width = width
    self.height = height
    self.pixels = pixels
    self.alpha = alpha
  }

  /// A picture of one colour.
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

  /// The bytes from one row of `pixels` to the next.
  public var stride: Int { 3 * width }

  /// Red, green and blue of the pixel `(x, y)`.
  public subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel (\(x), \(y)) of \(width)x\(height)")
    let offset = 3 * (y * width + x)
    return (pixels[offset], pixels[offset + 1], pixels[offset + 2])
  }

  /// Lends `pixels` for writing for the length of `body`.
  public mutating func withUnsafeMutablePixels<Result>(
    _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    try pixels.withUnsafeMutableBufferPointer { try body($0) }
  }

  /// The same colours with another alpha plane of the same size, or without.
  public func withAlpha(_ alpha: [UInt8]?) -> Picture {
    Picture(width: width, height: height, pixels: pixels, alpha: alpha)
  }

  /// The same picture laid over white, without alpha.
  public func flattened() -> Picture {
    guard let alpha else { return self }
    var result = pixels
    for (index, opacity) in alpha.enumerated() where opacity < 255 {
      for offset in 3 * index..<3 * index + 3 {
        let blend = Int(pixels[offset]) * Int(opacity) + 255 * (255 - Int(opacity))
        result[offset] = UInt8((blend + 127) / 255)
      }
    }
    return Picture(width: width, height: height, pixels: result)
  }
}
