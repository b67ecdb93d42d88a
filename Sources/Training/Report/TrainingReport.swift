import Foundation
import Imaging
import Networks
import Tensors
import Threading

/// The report on a training: `NAME.html` beside the model.
package struct TrainingReport {
  /// What a training leaves for its report.
  package struct Content {
    /// The card.
    package var card: StyleCard
    /// A small picture of the painting.
    package var painting: Picture
    /// Photos before and after, of one size.
    package var pairs: [(before: Picture, after: Picture)]
    /// The losses of all steps.
    package var curves: [LossCurve]
    /// The step at which the revision begins; nil without one.
    package var revisionStart: Int?
    /// The previews by their steps.
    package var previews: [(step: Int, picture: Picture)]
    /// How much the painted photos look like the painting, and on how many photos that was measured; nil if it was not.
    package var likeness: (mean: Likeness, photos: Int)?
    /// How steady painted sequences are, and on how many photos that was measured; nil if it was not.
    package var stability: (mean: TemporalReport, photos: Int)?

    /// Creates the content without measurements.
    package init(
      card: StyleCard, painting: Picture, pairs: [(before: Picture, after: Picture)], curves: [LossCurve],
      revisionStart: Int? = nil, previews: [(step: Int, picture: Picture)] = []
    ) {
      self.card = card
      self.painting = painting
      self.pairs = pairs
      self.curves = curves
      self.revisionStart = revisionStart
      self.previews = previews
    }
  }

  /// The previews that a page shows at most.
  static let maximumPreviews = 8

  /// Returns the page for the file at `path`.
  ///
  /// - Throws: `PictureError` if a picture cannot be encoded.
  package static func html(_ content: Content, path: String) throws -> String {
    let card = content.card
    var page = ReportPage(
      title: "Training of \(card.style)",
      introduction:
        "Network `\(card.network.name)`, trained on \(card.photos.count) photos for the painting `\(card.painting.file)`, "
        + "\(card.training.date).", path: path)
    let comparisons = try content.pairs.enumerated().map { index, pair in
      try page.comparison(before: pair.before, after: pair.after, caption: "Photo \(index + 1)")
    }
    page.add(
      "Before and after", comparisons.joined(), try page.pictures([(content.painting, "The painting")]))
    page.add(
      "Measurements", figures(content, page),
      card.training.blotches.map { blotches in
        page.paragraph(
          String(format: "Flat areas such as skies come out blotchy in %.1f %% of their places.", 100 * blotches))
      } ?? "")
    let mark = content.revisionStart.map { (step: $0, name: "revision") }
    if let chart = LossChart(content.curves, mark: mark) {
      page.add(
        "Losses",
        page.paragraph(
          "The weighted parts of the training objective, as means over \(chartText(content)). Each step has other photos."
        ),
        chart.html(on: page))
    }
    let previews = chosen(content.previews).map { (picture: $0.picture, caption: "after \($0.step) steps") }
    page.add("The same photos during the training", try page.pictures(previews, isWide: true))
    page.add("Settings", page.table(header: [], rows: card.rows.map { ($0.name, [.text($0.text)]) }))
    return page.html
  }

  private static func chartText(_ content: Content) -> String {
    let count = content.curves.first?.points.count ?? 0
    let steps = max(1, (count + 239) / 240)
    return steps == 1 ? "one step each" : "\(steps) steps each"
  }

  /// Evenly spread previews, the first and the last among them.
  static func chosen(_ previews: [(step: Int, picture: Picture)]) -> [(step: Int, picture: Picture)] {
    let sorted = previews.sorted { $0.step < $1.step }
    return chosenIndices(sorted.count).map { sorted[$0] }
  }

  /// Returns at most ``maximumPreviews`` evenly spread indices, the first and the last among them.
  package static func chosenIndices(_ count: Int) -> [Int] {
    guard count > maximumPreviews else { return Array(0..<count) }
    return (0..<maximumPreviews).map { ($0 * (count - 1) + (maximumPreviews - 1) / 2) / (maximumPreviews - 1) }
  }

  private static func figures(_ content: Content, _ page: ReportPage) -> String {
    var html = ""
    if let (mean, photos) = content.likeness {
      html += page.paragraph(
        "How much \(photos) painted photos of the training look like the painting: 0 is as little as the photos themselves, "
          + "100 is its statistics. `evaluate-style --likeness` measures on other photos.")
      html += page.table(
        header: ["", "value"],
        rows: [
          ("likeness", [.number(format(mean.likeness, 1))]), ("fine", [.number(format(mean.fine, 1))]),
          ("stroke", [.number(format(mean.stroke, 1))]), ("form", [.number(format(mean.form, 1))]),
          ("content kept, 0 to 1", [.number(format(mean.content, 3))]),
          ("contrast of the painting's", [.number(format(mean.contrast, 2))]),
          ("chroma of the painting's", [.number(format(mean.chroma, 2))]),
        ])
    }
    if let (mean, photos) = content.stability {
      html += page.paragraph(
        "How steady \(photos) moving photos are, in levels of 255: the difference of neighbouring frames along the motion, "
          + "and the deviation of a still with noise.")
      html += page.table(header: ["", "painted", "unpainted"], rows: stabilityRows(mean))
    }
    return html
  }

  static func stabilityRows(_ report: TemporalReport) -> [(name: String, cells: [ReportPage.Cell])] {
    [
      ("pan", report.pan), ("pan below a pixel", report.subpixel), ("zoom", report.zoom),
      ("rotation", report.rotation), ("all motions", report.warping), ("noisy still", report.still),
    ].map { ($0, [.number(format($1.output, 2)), .number(format($1.input, 2))]) }
  }

  static func format(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
