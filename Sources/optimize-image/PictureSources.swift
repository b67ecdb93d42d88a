import FFmpeg
import Foundation
import Imaging
import Threading
import Training

/// The pictures that the command names, read.
struct PictureSources {
  /// A painting as it is used and as it is compared with.
  struct Source {
    var painting: OptimizationPictures.Painting
    /// The painting with the noise of its scan.
    var scan: Picture
  }

  /// The photo without alpha, its colours extended into transparent parts; nil for a texture.
  let photo: Picture?
  /// The photo's ICC profile, EXIF data and so on, which the result keeps; empty for a texture.
  let metadata: PictureMetadata
  /// The photo with its alpha; nil if it is opaque.
  private let transparent: Picture?
  /// The paintings.
  private(set) var paintings: [Source] = []
  /// The SHA-256 of all files and what they are for, in their order.
  private(set) var descriptions: [String] = []
  /// Notes for the user, each a sentence.
  private(set) var notes: [String] = []

  init(_ command: OptimizeImage, pool: ComputePool) throws {
    let roles = try command.roles
    let stored = try roles.photo.map { try PictureFile.open($0) }
    let whole = try stored?.picture()
    photo = whole?.extendingColours()
    metadata = stored?.metadata ?? PictureMetadata()
    transparent = whole?.alpha?.contains { $0 < 255 } == true ? whole : nil
    if let path = roles.photo { descriptions.append("photo \(try Self.checksum(ofFile: path))") }
    for (index, path) in roles.paintings.enumerated() {
      let style = try StyleImage(path: path, crop: command.styleCrop ?? .none, pool: pool)
      notes += style.notes
      let share = command.shares.isEmpty ? 1 : command.shares[index]
      let crop = command.styleCrop.map { " without \($0)" } ?? ""
      descriptions.append("painting \(try Self.checksum(ofFile: path)) times \(share)\(crop)")
      let photoMask = try mask(command.photoMasks, index, "photo", photo, of: roles.photo ?? roles.output)
      let paintingMask = try mask(command.paintingMasks, index, "painting", style.picture, of: path)
      paintings.append(
        Source(
          painting: .init(picture: style.picture, share: share, photoMask: photoMask, paintingMask: paintingMask),
          scan: style.scan))
    }
  }

  /// Reads the mask at `index`; nil if there is none.
  private mutating func mask(
    _ files: [String], _ index: Int, _ role: String, _ picture: Picture?, of path: String
  ) throws -> Picture? {
    guard index < files.count, files[index] != "none" else { return nil }
    let file = files[index]
    let mask = try PictureFile.read(file).flattened(red: 0, green: 0, blue: 0)
    descriptions.append("\(role) mask \(try Self.checksum(ofFile: file))")
    guard mask.pixels.contains(where: { $0 >= 8 }) else { throw OptimizationError.emptyMask(file: file) }
    if let picture, (mask.width, mask.height) != (picture.width, picture.height) {
      notes.append(
        "\(file) has \(mask.width)x\(mask.height) pixels and is scaled to the \(picture.width)x\(picture.height) of \(path)"
      )
    }
    return mask
  }

  /// Returns the result with the alpha of the photo, scaled to its size.
  func withAlpha(_ picture: Picture, pool: ComputePool) -> Picture {
    picture.withAlpha(transparent?.resized(width: picture.width, height: picture.height, pool: pool).alpha)
  }

  private static func checksum(ofFile path: String) throws -> String {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    guard var digest = SHA256() else { throw PictureError.unreadable(path: path, reason: "out of memory") }
    digest.update(bytes)
    return digest.hexDigest()
  }
}

/// Measures how similar the picture is to its paintings.
struct LikenessOfPaintings {
  /// A measurement.
  struct Result {
    /// The mean over the paintings by their shares.
    var likeness: Double
    /// The share of the photo's content; nil without a photo.
    var content: Double?

    /// The measurement in words.
    var text: String {
      String(format: "likeness %.1f", likeness) + (content.map { String(format: ", content %.3f", $0) } ?? "")
    }
  }

  private var evaluators: [(share: Double, evaluator: LikenessEvaluator, frame: LikenessEvaluator.Frame)] = []
  private let hasPhoto: Bool

  private let size: (width: Int, height: Int)
  private let pool: ComputePool

  /// Prepares the comparison with the photo, or with `start` where there is none, in the size of `start`.
  init(_ sources: PictureSources, start: Picture, extractor: VGG16, pool: ComputePool) {
    hasPhoto = sources.photo != nil
    size = (start.width, start.height)
    self.pool = pool
    let frame = sources.photo?.resized(width: start.width, height: start.height, pool: pool) ?? start
    for source in sources.paintings {
      let evaluator = LikenessEvaluator(extractor: extractor, painting: source.scan, pool: pool)
      evaluators.append((source.painting.share, evaluator, evaluator.frame(frame)))
    }
  }

  /// Measures `picture`, a canvas of any size.
  func measure(_ picture: Picture) -> Result {
    let picture = picture.resized(width: size.width, height: size.height, pool: pool)
    let measurements = evaluators.map { ($0.share, $0.evaluator.likeness(of: picture, from: $0.frame)) }
    let total = measurements.reduce(0) { $0 + $1.0 }
    return Result(
      likeness: measurements.reduce(0) { $0 + $1.0 * $1.1.likeness } / max(total, .leastNormalMagnitude),
      content: hasPhoto ? measurements.first?.1.content : nil)
  }
}
