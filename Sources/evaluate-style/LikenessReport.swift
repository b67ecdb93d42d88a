import Foundation
import Training

/// What `--likeness` prints: a table, or with `--json` this as an object.
struct LikenessReport: Encodable {
  struct Photo: Encodable {
    var file: String
    var likeness: Likeness
  }

  /// The pictures of one size.
  struct Size: Encodable {
    var lines: Int
    var mean: Likeness
    var photos: [Photo]

    init(_ series: EvaluateStyle.LikenessSeries) {
      lines = series.lines
      mean = series.mean
      photos = series.photos.map { Photo(file: $0.file, likeness: $0.likeness) }
    }
  }

  var style: String
  var network: String
  var skipped: Int
  /// The largest minus the smallest mean likeness; only with several sizes.
  var spread: Double?
  var sizes: [Size]
  /// Only with `--optimize`.
  var optimized: Likeness?

  /// The report for people.
  var table: String {
    var text = "likeness    fine  stroke    form content contrast  chroma   grain  photo\n"
    for size in sizes {
      for photo in size.photos {
        text += Self.row(photo.likeness, "\(photo.file), \(size.lines) lines")
      }
      text += Self.row(size.mean, "mean of \(size.photos.count), \(size.lines) lines")
    }
    if let optimized { text += Self.row(optimized, "mean of L-BFGS on the pixels") }
    if let spread { text += String(format: "%8.1f  spread over sizes\n", spread) }
    return text
  }

  private static func row(_ value: Likeness, _ name: String) -> String {
    [value.likeness, value.fine, value.stroke, value.form].map { String(format: "%8.1f", $0) }.joined()
      + String(format: "%8.3f %8.2f%8.2f%8.2f  ", value.content, value.contrast, value.chroma, value.grain)
      + name + "\n"
  }
}
