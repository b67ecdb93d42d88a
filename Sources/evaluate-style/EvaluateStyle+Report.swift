import Foundation
import Training

/// What is printed of the training objective.
extension EvaluateStyle {
  static func table(_ photos: [Report.Photo], _ mean: LossSummary, _ yardstick: LossSummary?) -> String {
    func row(_ summary: LossSummary, _ name: String) -> String {
      ([summary.total] + summary.groups.map(\.value)).map { String(format: "%12.1f", $0) }.joined() + "  \(name)\n"
    }
    let header = (["total"] + mean.groups.map(\.name)).map { String(repeating: " ", count: 12 - $0.count) + $0 }
    var text = header.joined() + "  photo\n"
    for photo in photos { text += row(LossSummary(photo.losses), photo.file) }
    text += row(mean, "mean of \(photos.count)")
    if let yardstick { text += row(yardstick, "mean of L-BFGS on the pixels") }
    return text
  }

  static func table(_ report: TemporalReport) -> String {
    func row(_ name: String, _ part: TemporalMeasurement) -> String {
      String(format: "%12.2f%12.2f  ", part.output, part.input) + name + "\n"
    }
    return "\n      output       input  temporal stability, in levels of 255\n"
      + row("warping error, pan", report.pan) + row("warping error, pan below a pixel", report.subpixel)
      + row("warping error, zoom", report.zoom) + row("warping error, rotation", report.rotation)
      + row("warping error, all", report.warping) + row("deviation in a still with noise of 2", report.still)
  }

  /// What `--json` prints.
  struct Report: Encodable {
    /// A photo and its losses: the groups, the style layers in an object of their own, and beside the groups the other
    /// losses with names of their own, which are 0 in objectives without them.
    struct Photo: Encodable {
      var file: String
      var losses: LossParts

      private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
      }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(file, forKey: Key(stringValue: "file"))
        var values = LossSummary(losses).byName
        var layers: [String: Double] = [:]
        for name in LossName.reported {
          if name.layer == nil { values[name.name] = losses[name] ?? 0 } else { layers[name.name] = losses[name] }
        }
        for (name, value) in values { try container.encode(value, forKey: Key(stringValue: name)) }
        try container.encode(layers, forKey: Key(stringValue: "styleLayers"))
      }
    }

    var style: String
    var network: String
    var size: Int
    var skipped: Int
    var mean: LossSummary
    /// Only with `--optimize`.
    var optimized: LossSummary?
    /// Only with `--temporal`.
    var temporal: TemporalReport?
    var photos: [Photo]
  }
}
