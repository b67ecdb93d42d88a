import FFmpeg
import Imaging

/// Where frames are painted: everywhere else they stay as they are, or get another style. See
/// ``StyleMixer/setOutside(_:)``.
///
/// The networks always paint the whole frame, and the mask blends the result. A network normalizes its features over
/// the whole frame, so a part of it alone would be painted in another way: strokes would change wherever the mask
/// moves, and end at its edge.
public struct MaskSettings: Equatable, Sendable {
  /// What the mask is made of.
  public enum Origin: Equatable, Sendable {
    /// A picture, a film or a pattern of pictures: its luma, or its alpha if its first frame is transparent somewhere.
    /// White is painted. It is scaled to the frames. A film goes along by its times, and pictures of a pattern one by
    /// one. The last frame is held.
    case file(String)
    /// The luma of the frames themselves, 0…1: values in the range are painted, with soft edges.
    case luma(ClosedRange<Double>)
    /// The alpha of the frames themselves, which is then not transparency: opaque parts are painted, and the result is
    /// opaque.
    case alpha
  }

  /// What the mask is made of.
  public var origin: Origin
  /// Whether to paint outside instead of inside.
  public var isInverted: Bool
  /// The pixels of the source over which each edge is spread on both sides, at least 0.
  public var feather: Double

  /// Creates a mask. By default, it is painted inside and has the edges that it comes with.
  public init(_ origin: Origin, isInverted: Bool = false, feather: Double = 0) {
    self.origin = origin
    self.isInverted = isInverted
    self.feather = max(0, feather)
  }

  /// Creates a mask from options of a program; nil if none is given.
  package init?(
    file: String?, luma: ClosedRange<Double>?, usesAlpha: Bool, isInverted: Bool, feather: Double
  ) {
    let origin: Origin? = file.map { .file($0) } ?? luma.map { .luma($0) } ?? (usesAlpha ? .alpha : nil)
    guard let origin else { return nil }
    self.init(origin, isInverted: isInverted, feather: feather)
  }
}

extension MaskSettings {
  /// Returns the mask of an upright picture, with its size. Of a film, it is the first frame.
  ///
  /// - Parameter hasAlpha: Whether the picture's format has alpha, even if all of it is opaque.
  /// - Throws: ``MaskError``; `MediaError` or `PictureError` if the mask's file cannot be read.
  func plane(for picture: FloatPicture, hasAlpha: Bool) throws -> MaskPlane {
    let mask = MaskPlane()
    mask.resize(width: picture.width, height: picture.height)
    let conversion = MaskConversion(self)
    let own = MaskPlane()
    switch origin {
    case .luma: own.readLuma(picture)
    case .alpha:
      guard hasAlpha else { throw MaskError.noAlpha }
      own.readAlpha(picture)
    case .file(let name):
      let file = try MaskFile(name)
      if !file.isStill {
        try conversion.convert(
          try file.frame(at: 0), usesAlpha: file.usesAlpha, turns: [file.orientation], scale: 1, into: mask)
        return mask
      }
      conversion.convert(try FrameMasking.stillPlane(file), scale: 1, into: mask)
      return mask
    }
    conversion.convert(own, scale: 1, into: mask)
    return mask
  }

  /// Returns notes for the user on the mask of a picture of this size, one sentence each.
  ///
  /// - Throws: See ``plane(for:hasAlpha:)``.
  package func notes(width: Int, height: Int) throws -> [String] {
    guard case .file(let name) = origin else { return [] }
    let file = try MaskFile(name)
    guard file.isStill else { return ["\(name): the mask is a film, of which the first frame is used"] }
    return FrameMasking.notes(try FrameMasking.stillPlane(file), self, name, for: (width, height))
  }
}

/// Describes why a mask cannot be used.
public enum MaskError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name is that of a device, a URL or a stream.
  case notAFile(name: String)
  /// The input has no alpha.
  case noAlpha
  /// The colours of the input are premultiplied by alpha.
  case premultiplied

  /// The error message, one sentence.
  public var description: String {
    switch self {
    case .notAFile(let name):
      "\(name): cannot be a mask, expected a picture, a film or a pattern of pictures such as mask/%05d.png"
    case .noAlpha: "the alpha of the input cannot be the mask: the input has none"
    case .premultiplied:
      "the alpha of the input cannot be the mask: its colours are premultiplied by alpha, so transparent parts have none"
    }
  }
}
