import Foundation
import Imaging

/// The report that compares several styles on the same photos, for `evaluate-style --report`.
package struct StyleComparison {
  /// A style and what is known of it.
  package struct Entry {
    /// The name.
    package var name: String
    /// The title of the network.
    package var network: String
    /// The number of trained values.
    package var parameters: Int
    /// A small picture of the painting; nil if there is none.
    package var painting: Picture?
    /// The photos in this style, in the order of the photos.
    package var painted: [Picture]
    /// How steady painted sequences are.
    package var stability: TemporalReport
    /// How much painted pictures look like the painting, from the style's card; nil if that was not measured.
    package var likeness: StyleCard.LikenessEvaluation?

    /// Creates an entry.
    package init(
      name: String, network: String, parameters: Int, painting: Picture?, painted: [Picture],
      stability: TemporalReport, likeness: StyleCard.LikenessEvaluation?
    ) {
      self.name = name
      self.network = network
      self.parameters = parameters
      self.painting = painting
      self.painted = painted
      self.stability = stability
      self.likeness = likeness
    }
  }

  /// Returns the page for the file at `path`.
  ///
  /// - Parameters:
  ///   - photos: The photos with their names.
  ///   - lines: The short side at which they were painted.
  /// - Throws: `PictureError` if a picture cannot be encoded.
  package static func html(
    _ entries: [Entry], photos: [(name: String, picture: Picture)], lines: Int, path: String
  ) throws -> String {
    let names = entries.map { "`\($0.name)`" }.joined(separator: ", ")
    var page = ReportPage(
      title: entries.count == 1 ? "The style \(entries[0].name)" : "\(entries.count) styles compared",
      introduction: "\(names) on \(photos.count) \(photos.count == 1 ? "photo" : "photos"), painted at \(lines) lines.",
      path: path)
    page.add(
      "Figures",
      page.table(
        header: [
          "style", "network", "parameters", "likeness", "content", "warping error", "zoom", "noisy still",
        ],
        rows: entries.map { entry in
          let shown = entry.likeness?.shown
          return (
            entry.name,
            [
              .text(entry.network), .number("\(entry.parameters)"),
              .number(shown.map { TrainingReport.format($0.mean.likeness, 1) }),
              .number(shown.map { TrainingReport.format($0.mean.content, 3) }),
              .number(TrainingReport.format(entry.stability.warping.output, 2)),
              .number(TrainingReport.format(entry.stability.zoom.output, 2)),
              .number(TrainingReport.format(entry.stability.still.output, 2)),
            ]
          )
        }), page.paragraph(note(entries)))
    for (index, photo) in photos.enumerated() {
      let pictures =
        [(photo.picture, "\(photo.name), original")]
        + entries.compactMap { entry in
          entry.painted.indices.contains(index) ? (entry.painted[index], entry.name) : nil
        }
      page.add(photo.name, try page.pictures(pictures, isWide: true))
    }
    for entry in entries {
      guard let photo = photos.first, let painted = entry.painted.first else { continue }
      page.add(
        entry.name, try page.comparison(before: photo.picture, after: painted, caption: photo.name),
        try page.pictures(entry.painting.map { [($0, "The painting")] } ?? []))
    }
    return page.html
  }

  private static func note(_ entries: [Entry]) -> String {
    let missing = entries.filter { $0.likeness?.shown == nil }.map { "`\($0.name)`" }
    let samples = Set(entries.compactMap { $0.likeness?.shown?.lines }).sorted().map(String.init)
    var sentences = [
      "Likeness and content are those of the styles' cards"
        + (samples.isEmpty
          ? "."
          : ", at \(samples.joined(separator: ", ")) lines: 100 looks like the painting, and 1 keeps "
            + "all content."),
      "The other columns were measured here, in levels of 255: how much neighbouring frames differ along their motion, and "
        + "how much a still with noise flickers. The photos themselves have a warping error of "
        + TrainingReport.format(entries.first?.stability.warping.input ?? 0, 2) + ".",
    ]
    if !missing.isEmpty {
      sentences.append(
        "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "has" : "have") no measured likeness; "
          + "`evaluate-style --likeness --card` measures it.")
    }
    return sentences.joined(separator: " ")
  }
}
