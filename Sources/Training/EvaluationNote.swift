import Foundation

/// What `evaluate-style` measured, as it is noted in a model's card.
public struct EvaluationNote: Sendable {
  /// The number of photos.
  public var photoCount: Int
  /// The file name of the list that picked them; nil where a whole folder was measured.
  public var photoList: String?
  /// The side of the compared squares, in pixels.
  public var size: Int
  /// The painting's short side, in pixels; 0 for its own.
  public var styleSize: Int
  /// What was cut off the painting's sides.
  public var styleCrop: StyleCrop
  /// The objective's weights.
  public var weights: LossWeights
  /// The mean losses.
  public var losses: LossParts
  /// The steadiness; nil where it was not measured.
  public var steadiness: TemporalReport?

  /// A note of these measurements.
  public init(
    photoCount: Int, photoList: String?, size: Int, styleSize: Int, styleCrop: StyleCrop = .none, weights: LossWeights,
    losses: LossParts, steadiness: TemporalReport?
  ) {
    self.photoCount = photoCount
    self.photoList = photoList
    self.size = size
    self.styleSize = styleSize
    self.styleCrop = styleCrop
    self.weights = weights
    self.losses = losses
    self.steadiness = steadiness
  }

  /// Writes the note into a card's table, in place of an earlier one; steadiness that was not measured is not kept either.
  public func write(to table: inout CardTable) {
    table["evaluation"] =
      "\(losses.cardText); mean of \(photoCount) photos\(photoList.map { " of `\($0)`" } ?? "") of \(size)×\(size), \(weights.cardText), "
      + "painting at \(TrainingSettings.styleSizeText(styleSize))\(TrainingSettings.styleCropText(styleCrop))"
    table["warping error"] = steadiness.map { report in
      func part(_ name: String, _ part: TemporalMeasurement) -> String {
        String(format: "%@ %.2f (%.2f)", name, part.output, part.input)
      }
      return Self.levels(report.warping) + ": "
        + [
          part("pan", report.pan), part("pan below a pixel", report.subpixel), part("zoom", report.zoom),
          part("rotation", report.rotation),
        ].joined(separator: ", ")
    }
    table["noisy still"] = steadiness.map { "deviation " + Self.levels($0.still) }
  }

  private static func levels(_ measurement: TemporalMeasurement) -> String {
    String(format: "%.2f of 255 (the photos' own %.2f)", measurement.output, measurement.input)
  }
}

extension LossParts {
  /// The parts as a card tells them.
  var cardText: String {
    let layers = VGG16Layer.styles
      .map { "\($0.rawValue) \(ModelCard.loss(styleLayers[$0] ?? 0))" }.joined(separator: ", ")
    return "total \(ModelCard.loss(total)): content \(ModelCard.loss(content)), style \(ModelCard.loss(style)) "
      + "(\(layers)\(palette > 0 ? ", palette " + ModelCard.loss(palette) : "")), total variation \(ModelCard.loss(totalVariation))"
      + (temporal > 0 ? ", steadiness " + ModelCard.loss(temporal) : "")
  }
}

extension LossWeights {
  /// The weights as a card tells them.
  var cardText: String {
    "objective \(objective.rawValue), content \(content), style \(style), total variation \(totalVariation)"
  }
}

extension TrainingSettings {
  /// The painting's size as a card tells it.
  static func styleSizeText(_ size: Int) -> String {
    size == 0 ? "its own size" : "\(size) pixels on its short side"
  }

  /// What is cut off the painting as a card tells it behind something else; empty for nothing.
  static func styleCropText(_ crop: StyleCrop) -> String {
    crop == .none ? "" : ", cut by \(crop) % at its left, top, right and bottom"
  }
}
