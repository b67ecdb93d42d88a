/// The objective's parts, weights applied, as the mean over the images of a batch.
public struct LossParts: Sendable, Equatable {
  /// The content part.
  public var content: Double
  /// The style part of each layer.
  public var styleLayers: [VGG16Layer: Double]
  /// The style part of the palette.
  public var palette: Double = 0
  /// The total variation part.
  public var totalVariation: Double
  /// What unsteadiness costs; no part of the objective of a still picture.
  public var temporal: Double = 0

  /// The style part.
  public var style: Double { VGG16Layer.styles.reduce(palette) { $0 + (styleLayers[$1] ?? 0) } }
  /// The whole objective.
  public var total: Double { content + style + totalVariation + temporal }

  /// The first part that is not a finite number, if any.
  public var suspect: String? {
    if !content.isFinite { return "content loss" }
    for layer in VGG16Layer.styles where !(styleLayers[layer] ?? 0).isFinite {
      return "style loss at \(layer.rawValue)"
    }
    if !palette.isFinite { return "palette loss" }
    if !temporal.isFinite { return "temporal loss" }
    return totalVariation.isFinite ? nil : "total variation"
  }

  /// Part by part.
  static func + (_ a: LossParts, _ b: LossParts) -> LossParts {
    LossParts(
      content: a.content + b.content, styleLayers: a.styleLayers.merging(b.styleLayers, uniquingKeysWith: +),
      palette: a.palette + b.palette, totalVariation: a.totalVariation + b.totalVariation,
      temporal: a.temporal + b.temporal)
  }

  /// The mean of several.
  public static func mean(_ parts: [LossParts]) -> LossParts {
    let scale = 1 / Double(max(parts.count, 1))
    let sum = parts.reduce(LossParts(content: 0, styleLayers: [:], totalVariation: 0), +)
    return LossParts(
      content: sum.content * scale, styleLayers: sum.styleLayers.mapValues { $0 * scale },
      palette: sum.palette * scale, totalVariation: sum.totalVariation * scale, temporal: sum.temporal * scale)
  }
}

/// The objective's parts under the names that reports in JSON give them.
public struct LossSummary: Encodable, Sendable {
  /// The content part.
  public var content: Double
  /// The style part.
  public var style: Double
  /// The total variation part.
  public var tv: Double
  /// What unsteadiness cost in training; absent where it was not trained.
  public var temporal: Double?
  /// The whole objective.
  public var total: Double

  /// The parts by the same names.
  public var byName: [String: Double] {
    var values = ["content": content, "style": style, "tv": tv, "total": total]
    values["temporal"] = temporal
    return values
  }

  /// The summary of `parts`, weights applied as there.
  public init(_ parts: LossParts) {
    content = parts.content
    style = parts.style
    tv = parts.totalVariation
    temporal = parts.temporal == 0 ? nil : parts.temporal
    total = parts.total
  }
}
