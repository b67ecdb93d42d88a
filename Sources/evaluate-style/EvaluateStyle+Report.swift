import Foundation
import Training

/// What is printed of the training objective.
extension EvaluateStyle {
  static func table(_ photos: [Report.Photo], _ mean: LossSummary, _ yardstick: LossSummary?) -> String {
    func row(_ values: [Double], _ name: String) -> String {
      values.map { String(format: "%12.1f", $0) }.joined() + "  " + name + "\n"
    }
    var text = "       total     content       style          tv  photo\n"
    for photo in photos { text += row([photo.total, photo.content, photo.style, photo.tv], photo.file) }
    text += row([mean.total, mean.content, mean.style, mean.tv], "mean of \(photos.count)")
    if let yardstick {
      text += row([yardstick.total, yardstick.content, yardstick.style, yardstick.tv], "mean of L-BFGS on the pixels")
    }
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
    struct Photo: Encodable {
      var file: String
      var content: Double
      var style: Double
      var styleLayers: [String: Double]
      /// The style part of the palette, in the objective `balanced`.
      var palette: Double
      var tv: Double
      var total: Double

      init(file: String, _ parts: LossParts) {
        self.file = file
        content = parts.content
        style = parts.style
        styleLayers = Dictionary(uniqueKeysWithValues: parts.styleLayers.map { ($0.key.rawValue, $0.value) })
        palette = parts.palette
        tv = parts.totalVariation
        total = parts.total
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
