import Foundation

/// What `evaluate-style --likeness` measured, as it is noted in a model's card.
public struct LikenessNote: Sendable {
  /// The number of photos or frames.
  public var photoCount: Int
  /// The file name of the list that picked them; nil where a whole folder or a film was measured.
  public var photoList: String?
  /// The mean of each size: the pixels on the painted frames' short sides, and what was found; at least one.
  public var means: [(lines: Int, likeness: Likeness)]

  /// A note of these measurements.
  public init(photoCount: Int, photoList: String?, means: [(lines: Int, likeness: Likeness)]) {
    self.photoCount = photoCount
    self.photoList = photoList
    self.means = means
  }

  /// The largest minus the smallest mean likeness; nil for one size.
  public var spread: Double? {
    let values = means.map(\.likeness.likeness)
    guard values.count > 1, let largest = values.max(), let smallest = values.min() else { return nil }
    return largest - smallest
  }

  /// Writes the note into a card's table, in place of an earlier one: the figures of 720 lines, or else of the first size.
  public func write(to table: inout CardTable) {
    guard let shown = means.first(where: { $0.lines == 720 }) ?? means.first else { return }
    let value = shown.likeness
    table["likeness"] =
      String(
        format: "%.1f: fine %.1f, stroke %.1f, form %.1f; content %.3f, contrast %.2f, chroma %.2f, grain %.2f; ",
        value.likeness, value.fine, value.stroke, value.form, value.content, value.contrast, value.chroma, value.grain)
      + "mean of \(photoCount) \(photoCount == 1 ? "photo" : "photos")\(photoList.map { " of `\($0)`" } ?? "") at "
      + "\(shown.lines) lines"
    table["likeness over sizes"] = spread.map { spread in
      "spread \(String(format: "%.1f", spread)): "
        + means.map { "\($0.lines) lines \(String(format: "%.1f", $0.likeness.likeness))" }.joined(separator: ", ")
    }
  }
}
