import Imaging
import Threading

/// A painting, prepared for training: cropped, denoised, and reduced if the scan is very large.
package struct StyleImage: Sendable {
  /// The minimum height and width of a painting in pixels. Smaller pictures show no strokes.
  package static let minimumSide = 32
  /// The maximum ratio of the longer to the shorter side. A longer strip consists mostly of border for the extractor.
  package static let maximumAspectRatio = 8
  /// The maximum number of pixels of the picture, to which larger scans are reduced. The first features take 256 bytes
  /// per pixel.
  package static let maximumPixelCount = 2048 * 2048

  /// The painting without noise, composited over white.
  package let picture: Picture
  /// The standard deviation of the removed noise, in levels of 255; 0 for a clean scan. See ``ScanNoise``.
  package let noise: Double
  /// The painting with its noise, composited over white.
  package let scan: Picture
  /// Notes for the user, each a sentence.
  package let notes: [String]

  /// Reads the painting at `path`, crops it, reduces it to at most ``maximumPixelCount`` pixels, and removes its noise.
  ///
  /// - Throws: `PictureError` if the file cannot be read, and ``TrainingError/invalidStyleImage(file:found:expected:)``
  ///   if the picture is too small or too long, or has a single colour.
  package init(path: String, crop: StyleCrop = .none, pool: ComputePool) throws {
    let whole = try PictureFile.read(path)
    guard let stored = crop.applied(to: whole) else {
      throw TrainingError.invalidStyleImage(
        file: path, found: "a style image of \(whole.width)×\(whole.height) pixels",
        expected: "more pixels, or a smaller crop than \(crop) percent")
    }
    let short = min(stored.width, stored.height)
    let size = "a style image of \(stored.width)×\(stored.height) pixels" + (crop == .none ? "" : " after the crop")
    guard short >= Self.minimumSide else {
      throw TrainingError.invalidStyleImage(
        file: path, found: size, expected: "at least \(Self.minimumSide) pixels on each side")
    }
    guard max(stored.width, stored.height) <= Self.maximumAspectRatio * short else {
      throw TrainingError.invalidStyleImage(
        file: path, found: size,
        expected: "an aspect ratio of at most \(Self.maximumAspectRatio) to 1; crop the part to learn from")
    }
    let scan = Self.reduced(stored.flattened(), pool: pool)
    guard Contrast.deviation(scan.tensor()) >= 2 else {
      throw TrainingError.invalidStyleImage(
        file: path,
        found: stored.alpha == nil ? "a style image of one colour" : "a style image of one colour, or transparent",
        expected: "a picture with strokes and colours")
    }
    var notes: [String] = []
    if let alpha = stored.alpha, alpha.contains(where: { $0 < 255 }) {
      notes.append("\(path) has transparent parts, which are treated as white")
    }
    if scan.isGrey { notes.append("\(path) has no colours, so stylized pictures will be grey too") }
    self.notes = notes
    self.scan = scan
    noise = ScanNoise.deviation(of: scan)
    picture = ScanNoise.removed(from: scan, deviation: noise, pool: pool)
  }

  /// Reduces `painting` to at most ``maximumPixelCount`` pixels and keeps its aspect ratio.
  private static func reduced(_ painting: Picture, pool: ComputePool) -> Picture {
    let count = painting.width * painting.height
    guard count > maximumPixelCount else { return painting }
    let scale = (Double(maximumPixelCount) / Double(count)).squareRoot()
    return painting.resized(
      width: Int(Double(painting.width) * scale), height: Int(Double(painting.height) * scale), pool: pool)
  }

  /// Resizes `painting` to a short side of `size` pixels. A size of 0 leaves it as it is.
  static func scaled(_ painting: Picture, to size: Int) -> Picture {
    size == 0 ? painting : painting.resized(shortSide: size)
  }

  /// Checks that the extractor accepts the size of `painting`.
  ///
  /// - Throws: ``TrainingError/invalidSetting(name:found:expected:)`` if the painting is too small or too large.
  static func checkExtent(_ painting: Picture) throws {
    let found = "\(painting.width)×\(painting.height) pixels"
    guard min(painting.width, painting.height) >= VGG16.minimumExtent else {
      throw TrainingError.invalidSetting(
        name: "the style image", found: found, expected: "at least \(VGG16.minimumExtent) pixels on each side")
    }
    guard painting.width * painting.height <= maximumPixelCount else {
      throw TrainingError.invalidSetting(
        name: "the style image", found: found,
        expected: "at most \(maximumPixelCount) pixels; use --style-size to reduce it")
    }
  }
}

extension Picture {
  /// Whether red, green and blue differ by at most two levels everywhere, as in a grey JPEG.
  var isGrey: Bool {
    Swift.stride(from: 0, to: pixels.count, by: 3).allSatisfy { index in
      let (red, green, blue) = (pixels[index], pixels[index + 1], pixels[index + 2])
      return max(red, green, blue) - min(red, green, blue) <= 2
    }
  }
}
