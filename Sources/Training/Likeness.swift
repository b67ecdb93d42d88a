/// How closely a stylized frame resembles the painting and how much of its content is preserved.
///
/// A score is the percentage by which stylization reduces the distance between the frame and the painting: 100 means
/// that the result has the statistics of the painting, 0 that it is as far away as the original frame, and a negative
/// score that it is farther away. See ``LikenessEvaluator``.
package struct Likeness: Codable, Sendable, Equatable {
  /// The mean score of the three bands.
  package let likeness: Double
  /// The score of shapes of about 5 % of the picture height.
  package let fine: Double
  /// The score of shapes of about 16 %.
  package let stroke: Double
  /// The score of shapes of about a third.
  package let form: Double
  /// The share of the frame's content that is preserved: 1 for all of it.
  package let content: Double
  /// The contrast of large shapes, relative to the painting.
  package let contrast: Double
  /// The chroma of the strongest colours, relative to the painting.
  package let chroma: Double
  /// The high-frequency deviation where the frame is flattest, relative to the painting.
  package let highFrequency: Double

  private enum CodingKeys: String, CodingKey {
    case likeness, fine, stroke, form, content, contrast, chroma
    case highFrequency = "grain"
  }

  /// Creates a measurement from the scores of the three bands and the other figures.
  package init(
    fine: Double, stroke: Double, form: Double, content: Double, contrast: Double, chroma: Double,
    highFrequency: Double
  ) {
    likeness = (fine + stroke + form) / 3
    self.fine = fine
    self.stroke = stroke
    self.form = form
    self.content = content
    self.contrast = contrast
    self.chroma = chroma
    self.highFrequency = highFrequency
  }

  /// Returns the mean of several measurements, all zeros for an empty array.
  package static func mean(_ values: [Likeness]) -> Likeness {
    func part(_ path: KeyPath<Likeness, Double>) -> Double {
      values.reduce(0) { $0 + $1[keyPath: path] } / Double(max(values.count, 1))
    }
    return Likeness(
      fine: part(\.fine), stroke: part(\.stroke), form: part(\.form), content: part(\.content),
      contrast: part(\.contrast), chroma: part(\.chroma), highFrequency: part(\.highFrequency))
  }
}
