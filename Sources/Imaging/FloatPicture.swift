/// A picture of floats, for formats with more than 8 bits per sample or with alpha: interleaved RGB and an alpha plane.
///
/// Colours are from 0 to 255, with fractions, and not premultiplied. Alpha is from 0 to 1. Rows are stored from top to
/// bottom without padding. The picture owns its memory, which is reused when the size changes. Use it from one thread
/// at a time.
package final class FloatPicture: @unchecked Sendable {
  /// The width in pixels; 0 before the first ``resize(width:height:hasAlpha:)``.
  package private(set) var width = 0
  /// The height in pixels.
  package private(set) var height = 0
  /// The `3 · width · height` colour samples.
  package private(set) var colours: UnsafeMutablePointer<Float>
  /// The `width · height` alpha samples; nil if the picture is opaque.
  package private(set) var alpha: UnsafeMutablePointer<Float>?
  private var capacity = 0
  private var alphaStorage: UnsafeMutablePointer<Float>?

  /// Creates an empty picture.
  package init() { colours = .allocate(capacity: 0) }

  deinit {
    colours.deallocate()
    alphaStorage?.deallocate()
  }

  /// The number of pixels.
  package var pixelCount: Int { width * height }

  /// Changes the size. The contents are undefined afterwards.
  package func resize(width: Int, height: Int, hasAlpha: Bool = false) {
    precondition(width >= 1 && height >= 1, "a picture of \(width)x\(height) pixels")
    (self.width, self.height) = (width, height)
    if pixelCount > capacity {
      colours.deallocate()
      alphaStorage?.deallocate()
      alphaStorage = nil
      capacity = pixelCount
      colours = .allocate(capacity: 3 * capacity)
      colours.initialize(repeating: 0, count: 3 * capacity)
    }
    if hasAlpha, alphaStorage == nil {
      let made = UnsafeMutablePointer<Float>.allocate(capacity: capacity)
      made.initialize(repeating: 1, count: capacity)
      alphaStorage = made
    }
    alpha = hasAlpha ? alphaStorage : nil
  }

  /// Composites the colours over `background`, each component from 0 to 255, and makes the picture opaque.
  ///
  /// - Parameter other: The picture of the same size whose alpha is used; nil for this picture.
  package func composite(over background: (red: Float, green: Float, blue: Float), alphaOf other: FloatPicture? = nil) {
    guard let alpha = (other ?? self).alpha else { return }
    for index in 0..<pixelCount where alpha[index] < 1 {
      let (pixel, opacity) = (colours + 3 * index, alpha[index])
      pixel[0] = background.red + (pixel[0] - background.red) * opacity
      pixel[1] = background.green + (pixel[1] - background.green) * opacity
      pixel[2] = background.blue + (pixel[2] - background.blue) * opacity
    }
    self.alpha = nil
  }

  /// Resizes the picture into `target`, whose size is set before the call, with its alpha if both have one.
  ///
  /// - Parameters:
  ///   - across: The weights from this width to that of `target`.
  ///   - down: The weights from this height to that of `target`.
  func resample(into target: FloatPicture, across: ResamplingWeights, down: ResamplingWeights) {
    Imaging.resample(
      UnsafePointer(colours), rowLength: width, channels: 3, across: across, down: down, into: target.colours,
      pool: nil)
    guard let alpha, let targetAlpha = target.alpha else { return }
    Imaging.resample(
      UnsafePointer(alpha), rowLength: width, channels: 1, across: across, down: down, into: targetAlpha, pool: nil)
  }
}

/// Resizes float pictures by bicubic interpolation, and keeps the weights from frame to frame.
package struct FloatResizer {
  private var across: ResamplingWeights?
  private var down: ResamplingWeights?
  private var sizes = [0, 0, 0, 0]

  /// Creates a resizer.
  package init() {}

  /// Resizes `source` to the size of `target`, with its alpha if both have one. See
  /// ``Picture/resized(width:height:filter:pool:)``.
  package mutating func resize(_ source: FloatPicture, into target: FloatPicture) {
    if source.width == target.width, source.height == target.height {
      target.colours.update(from: source.colours, count: 3 * source.pixelCount)
      if let alpha = source.alpha, let copy = target.alpha { copy.update(from: alpha, count: source.pixelCount) }
      return
    }
    let wanted = [source.width, source.height, target.width, target.height]
    if sizes != wanted {
      across = ResamplingWeights(sourceLength: source.width, length: target.width, filter: .bicubic)
      down = ResamplingWeights(sourceLength: source.height, length: target.height, filter: .bicubic)
      sizes = wanted
    }
    guard let across, let down else { return }
    source.resample(into: target, across: across, down: down)
  }
}
