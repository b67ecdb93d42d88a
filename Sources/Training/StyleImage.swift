import Imaging
import Threading

/// A painting on its way to the losses: cut, without its scan's noise, and at the scan's size where that is not huge.
public struct StyleImage: Sendable {
  /// The least height and width of a painting's file: smaller ones show no strokes.
  public static let smallestSide = 32
  /// The largest ratio of the sides: a longer strip is all border to the extractor.
  public static let largestRatio = 8
  /// The most pixels that the extractor sees, and that are kept of a scan: the first features take 256 bytes for each.
  public static let largestCount = 2048 * 2048

  /// The painting, laid over white where it was transparent.
  public let picture: Picture
  /// The deviation of the noise that was taken out, see ``ScanNoise``; 0 for a clean scan.
  public let noise: Double
  /// The same as it was scanned, with its noise.
  public let scan: Picture
  /// What a person should know about it, in sentences.
  public let notes: [String]

  /// Reads the painting at `path`, cuts `crop` off, reduces what is larger than ``largestCount`` pixels, and takes the noise out.
  ///
  /// Throws `PictureError` for an unreadable file and ``TrainingError/invalidStyleImage(file:found:expected:)`` for a picture that
  /// shows no style: too small, too long, or of one colour.
  public init(path: String, crop: StyleCrop = .none, pool: ComputePool) throws {
    let whole = try PictureFile.read(path)
    guard let stored = crop.applied(to: whole) else {
      throw TrainingError.invalidStyleImage(
        file: path, found: "a style image of \(whole.width)×\(whole.height) pixels",
        expected: "one of which \(crop) percent leave something")
    }
    let short = min(stored.width, stored.height)
    let size = "a style image of \(stored.width)×\(stored.height) pixels" + (crop == .none ? "" : " after the crop")
    guard short >= Self.smallestSide else {
      throw TrainingError.invalidStyleImage(
        file: path, found: size, expected: "at least \(Self.smallestSide) pixels on each side")
    }
    guard max(stored.width, stored.height) <= Self.largestRatio * short else {
      throw TrainingError.invalidStyleImage(
        file: path, found: size, expected: "sides of at most \(Self.largestRatio) to 1; cut out the part to learn from")
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
      notes.append("\(path) has transparent parts, which count as white")
    }
    if scan.isGrey { notes.append("\(path) has no colours, so its pictures will have none either") }
    self.notes = notes
    self.scan = scan
    noise = ScanNoise.deviation(of: scan)
    picture = ScanNoise.removed(from: scan, deviation: noise, pool: pool)
  }

  /// `painting` with at most ``largestCount`` pixels, its shape kept.
  private static func reduced(_ painting: Picture, pool: ComputePool) -> Picture {
    let count = painting.width * painting.height
    guard count > largestCount else { return painting }
    let scale = (Double(largestCount) / Double(count)).squareRoot()
    return painting.resized(
      width: Int(Double(painting.width) * scale), height: Int(Double(painting.height) * scale), pool: pool)
  }

  /// `painting` with `size` pixels on its short side; 0 leaves it as it is.
  static func scaled(_ painting: Picture, to size: Int) -> Picture {
    size == 0 ? painting : painting.resized(shortSide: size)
  }

  /// Throws ``TrainingError/invalidSetting(name:found:expected:)`` for a painting that the extractor cannot see at its size.
  static func checkExtent(_ painting: Picture) throws {
    let found = "\(painting.width)×\(painting.height) pixels"
    guard min(painting.width, painting.height) >= VGG16.minimumExtent else {
      throw TrainingError.invalidSetting(
        name: "the style image", found: found, expected: "at least \(VGG16.minimumExtent) pixels on each side")
    }
    guard painting.width * painting.height <= largestCount else {
      throw TrainingError.invalidSetting(
        name: "the style image", found: found, expected: "at most \(largestCount) pixels; --style-size scales it down")
    }
  }
}

extension Picture {
  /// Whether red, green and blue are within two levels everywhere, as a grey JPEG's are.
  var isGrey: Bool {
    Swift.stride(from: 0, to: pixels.count, by: 3).allSatisfy { index in
      let (red, green, blue) = (pixels[index], pixels[index + 1], pixels[index + 2])
      return max(red, green, blue) - min(red, green, blue) <= 2
    }
  }
}
