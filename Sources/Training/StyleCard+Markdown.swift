import Foundation
import Networks

/// The card for people.
extension StyleCard {
  /// What is known, by its name, with file names between backticks.
  package var rows: [(name: String, text: String)] {
    let rows: [(name: String, text: String?)] = [
      ("painting", paintingText), ("scan", scanText),
      ("network", "\(network.name), width × \(network.width), \(network.parameters) parameters"),
      ("photos", photosText), ("training", trainingText), ("start", training.start?.text),
      ("loss weights", training.objective.text + (training.temporalWeight.map { ", temporal \($0)" } ?? "")),
      ("loss scaling", training.lossScaling), ("training loss", trainingLossText),
      ("flat areas", training.blotches.map { String(format: "%.2f %% blotches", 100 * $0) }),
      ("storage", storage?.text),
      (
        "time",
        "\(Self.round(training.seconds / 60)) minutes on \(Self.count(training.threads, "thread")) of \(training.processor)"
          + (training.precision.map { ", products in \($0)" } ?? "")
      ),
      ("date", training.date), ("evaluation", evaluation?.text),
      ("warping error", evaluation?.temporalStability?.warpingText),
      ("noisy still", evaluation?.temporalStability.map { "deviation " + $0.still.text }), ("likeness", likeness?.text),
      ("likeness over sizes", likeness?.spreadText),
    ]
    return rows.compactMap { row in row.text.map { (row.name, $0) } }
  }

  /// The card as Markdown: a table of what is known, the notes, and the credits.
  package var markdown: String {
    let table = rows.map { "| \($0.name) | \(Self.cell($0.text)) |" }
    let paragraphs =
      (notes ?? []) + [credits?.text(picture: StyleFiles(name: style, folder: ".").picture)].compactMap(\.self)
    return (["# \(style)", (["| | |", "|---|---|"] + table).joined(separator: "\n")] + paragraphs)
      .joined(separator: "\n\n") + "\n"
  }

  private var paintingText: String {
    "`\(painting.file)`, SHA-256 `\(painting.sha256)`" + Self.cropText(painting.crop)
  }

  private var scanText: String? {
    guard let noise = painting.noise, let strokeWidth = painting.strokeWidth else { return nil }
    return (noise > 0 ? String(format: "noise of %.1f levels taken out", noise) : "clean")
      + String(format: ", strokes %.1f %% of the short side wide", 100 * strokeWidth)
  }

  private var photosText: String {
    Self.count(photos.count, "photograph") + (photos.excluded > 0 ? ", \(photos.excluded) others kept out" : "")
  }

  private var trainingText: String {
    let crops = "of \(Self.count(training.batchSize, "crop")) of \(training.imageSize)×\(training.imageSize)"
    var parts = [training.draftIterations > 0 ? "\(training.draftIterations) iterations \(crops)" : "the base's draft"]
    if training.revisionIterations > 0 {
      parts.append("then \(training.revisionIterations) of the revision on crops of films")
    }
    parts.append("painting at \(Self.sizeText(painting.size))")
    parts.append(
      training.optimizers.map { "\($0.name) at \(String(format: "%.3g", $0.learningRate))" }.joined(separator: " and "))
    if training.risingIterations > 0 { parts.append("rising over the first \(training.risingIterations) iterations") }
    parts.append("falling to a twentieth over the second half")
    parts.append("seed \(training.seed)")
    if training.recoveries > 0 { parts.append("lowered \(Self.count(training.recoveries, "time")) on trouble") }
    return parts.joined(separator: ", ")
  }

  private var trainingLossText: String {
    let isDraft = training.revisionIterations > 0 && training.draftIterations > 0
    return "\(training.losses.text); mean of the last \(training.lossIterations) steps\(isDraft ? " of the draft" : "")"
  }

  // MARK: Words and numbers

  /// A text inside a table: one line without the character that ends a cell.
  private static func cell(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ").replacing("|", with: "\\|")
  }

  fileprivate static func count(_ number: Int, _ thing: String) -> String {
    "\(number) \(thing)\(number == 1 ? "" : "s")"
  }

  /// A time: whole from a hundred, with one decimal below.
  private static func round(_ value: Double) -> String {
    // Not through a whole number: a file may hold one that has no place there.
    String(format: value >= 100 ? "%.0f" : "%.1f", value >= 100 ? value.rounded() : value)
  }

  /// A loss: as a time from ten, with three decimals below.
  fileprivate static func loss(_ value: Double) -> String {
    value >= 10 ? round(value) : String(format: "%.3f", value)
  }

  /// The painting's short side.
  fileprivate static func sizeText(_ size: Int) -> String {
    size == 0 ? "its own size" : "\(size) pixels on its short side"
  }

  /// What is cut off the painting, behind something else; empty for nothing.
  fileprivate static func cropText(_ crop: StyleCrop?) -> String {
    crop.map { ", cut by \($0) % at its left, top, right and bottom" } ?? ""
  }
}

extension StyleCard.Training.Start {
  fileprivate var text: String {
    let start = baseSHA256.map { "the base model of SHA-256 `\($0)`" } ?? "random values"
    guard let teacher = teacherSHA256 else { return start }
    return start + ", then a quarter of the draft's steps on the pictures of the model of SHA-256 `\(teacher)`"
  }
}

extension StyleCard.Storage {
  /// The choice and its reason.
  package var text: String {
    guard pictures > 0 else { return "single precision: no photo could be read to try half precision on" }
    guard let maximumDifference else { return "single precision: a weight is beyond the range of half precision" }
    let change =
      String(format: "%.2f of 255, measured on ", maximumDifference) + StyleCard.count(pictures, "photo")
    return precision == .half
      ? "half precision, which changes pictures by at most \(change)"
      : "single precision: half precision would change pictures by up to \(change)"
  }
}

extension LossWeights {
  fileprivate var text: String {
    "objective \(objective.rawValue), content \(content), style \(style), total variation \(totalVariation)"
  }
}

extension StyleCard.Losses {
  fileprivate var text: String {
    "total \(StyleCard.loss(total)): content \(text(content, .content)), style \(text(style, .style)), "
      + "total variation \(text(totalVariation, .totalVariation))"
      + (temporal.map { ", temporal \(text($0, .temporal))" } ?? "")
  }

  /// The sum of a group, and its parts that have names of their own in parentheses.
  private func text(_ sum: Double, _ group: LossGroup) -> String {
    let parts = named(in: group).map { "\($0.name) \(StyleCard.loss($0.value))" }
    return StyleCard.loss(sum) + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }
}

extension StyleCard.Sample {
  fileprivate var text: String { StyleCard.count(count, "photo") + (list.map { " of `\($0)`" } ?? "") }
}

extension StyleCard.Evaluation {
  fileprivate var text: String {
    "\(losses.text); mean of \(photos.text) of \(size)×\(size), \(objective.text), "
      + "painting at \(StyleCard.sizeText(styleSize))\(StyleCard.cropText(styleCrop))"
  }
}

extension TemporalMeasurement {
  fileprivate var text: String { String(format: "%.2f of 255 (the photos' own %.2f)", output, input) }
}

extension TemporalReport {
  fileprivate var warpingText: String {
    let parts = [("pan", pan), ("pan below a pixel", subpixel), ("zoom", zoom), ("rotation", rotation)]
    return warping.text + ": "
      + parts.map { "\($0) " + String(format: "%.2f (%.2f)", $1.output, $1.input) }.joined(separator: ", ")
  }
}

extension StyleCard.LikenessEvaluation {
  /// The figures of the size that stands for all.
  fileprivate var text: String? {
    shown.map { size in
      let value = size.mean
      return String(
        format: "%.1f: fine %.1f, stroke %.1f, form %.1f; content %.3f, contrast %.2f, chroma %.2f, grain %.2f; ",
        value.likeness, value.fine, value.stroke, value.form, value.content, value.contrast, value.chroma,
        value.highFrequency)
        + "mean of \(photos.text) at \(size.lines) lines"
    }
  }

  fileprivate var spreadText: String? {
    spread.map { spread in
      "spread \(String(format: "%.1f", spread)): "
        + sizes.map { "\($0.lines) lines \(String(format: "%.1f", $0.mean.likeness))" }.joined(separator: ", ")
    }
  }
}

extension StyleCredits {
  /// The works in a paragraph; nil where nothing is known.
  fileprivate func text(picture file: String) -> String? {
    var sentences: [String] = []
    if let photos {
      sentences.append(
        "The photographs (\(photos.source)) are not part of this project and "
          + (photos.licence.map { "are under \($0)." } ?? "may not be redistributed with it."))
    }
    if let painting {
      let terms = painting.licence == "public domain" ? "in the public domain" : "under \(painting.licence)"
      sentences.append("The painting is \(terms): \(painting.painter), *\(painting.title)*, \(painting.year).")
    }
    if let picture {
      let name = file.split(separator: "/").last.map(String.init) ?? file
      sentences.append(
        "`\(name)` shows a frame of *\(picture.work)* (© \(picture.holder), \(picture.licence)) before and after.")
    }
    return sentences.isEmpty ? nil : sentences.joined(separator: " ")
  }
}
