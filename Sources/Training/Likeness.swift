/// How much a painted frame looks like its painting, and how much of the frame is left.
///
/// A score is the share, in percent, of the frame's distance from the painting that painting it has removed: 0 as far as the untreated
/// frame, 100 the painting's own statistics, below 0 farther than the frame. See ``LikenessEvaluator``.
public struct Likeness: Codable, Sendable, Equatable {
  /// The mean of the three bands.
  public let likeness: Double
  /// The score of shapes of about 5 % of the picture's height.
  public let fine: Double
  /// The score of shapes of about 16 %.
  public let stroke: Double
  /// The score of shapes of about a third.
  public let form: Double
  /// How much of what the frame shows is still there: 1 for all of it.
  public let content: Double
  /// Light and dark of large shapes, as a share of the painting's.
  public let contrast: Double
  /// The strongest colours, as a share of the painting's.
  public let chroma: Double
  /// The texture where the frame is flattest, as a share of the painting's.
  public let grain: Double

  /// A measurement of three bands and the figures beside them.
  public init(
    fine: Double, stroke: Double, form: Double, content: Double, contrast: Double, chroma: Double, grain: Double
  ) {
    likeness = (fine + stroke + form) / 3
    self.fine = fine
    self.stroke = stroke
    self.form = form
    self.content = content
    self.contrast = contrast
    self.chroma = chroma
    self.grain = grain
  }

  /// The mean of several; all zero for none.
  public static func mean(_ values: [Likeness]) -> Likeness {
    func part(_ path: KeyPath<Likeness, Double>) -> Double {
      values.reduce(0) { $0 + $1[keyPath: path] } / Double(max(values.count, 1))
    }
    return Likeness(
      fine: part(\.fine), stroke: part(\.stroke), form: part(\.form), content: part(\.content),
      contrast: part(\.contrast), chroma: part(\.chroma), grain: part(\.grain))
  }
}
