import Foundation
import Training

/// What `--likeness` prints: a table, or this as an object with `--json`.
struct LikenessReport: Encodable {
  struct Photo: Encodable {
    var file: String
    var likeness: Likeness

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(file, forKey: .file)
      try likeness.encode(to: encoder)
    }

    private enum CodingKeys: CodingKey { case file }
  }

  /// The pictures with as many lines.
  struct Size: Encodable {
    var lines: Int
    var photos: [Photo] = []
    var mean: Likeness { .mean(photos.map(\.likeness)) }

    init(lines: Int) { self.lines = lines }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(lines, forKey: .lines)
      try container.encode(mean, forKey: .mean)
      try container.encode(photos, forKey: .photos)
    }

    private enum CodingKeys: CodingKey { case lines, mean, photos }
  }

  /// Not with `--painted`.
  var style: String?
  /// Not with `--painted`.
  var network: String?
  var skipped = 0
  var sizes: [Size]
  /// The largest minus the smallest mean likeness; only with several sizes.
  var spread: Double?
  /// Only with `--optimize`.
  var optimized: Likeness?

  /// The report for people.
  var table: String {
    var text = "likeness    fine  stroke    form content contrast  chroma   grain  photo\n"
    for size in sizes {
      for photo in size.photos { text += Self.row(photo.likeness, "\(photo.file), \(size.lines) lines") }
    }
    for size in sizes where style != nil {
      text += Self.row(size.mean, "mean of \(size.photos.count), \(size.lines) lines")
    }
    if let spread { text += String(format: "%8.1f  spread of the means over sizes\n", spread) }
    if let optimized { text += Self.row(optimized, "mean of L-BFGS on the pixels") }
    return text
  }

  private static func row(_ value: Likeness, _ name: String) -> String {
    [value.likeness, value.fine, value.stroke, value.form].map { String(format: "%8.1f", $0) }.joined()
      + String(format: "%8.3f%9.2f%8.2f%8.2f  ", value.content, value.contrast, value.chroma, value.highFrequency)
      + name + "\n"
  }
}
