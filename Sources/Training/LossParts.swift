/// The weighted terms of the objective, as means over the images of a batch.
public struct LossParts: Sendable, Equatable {
  /// The content loss.
  public var content: Double
  /// The style loss of each layer.
  public var styleLayers: [VGG16Layer: Double]
  /// The style loss of the palette.
  public var palette: Double = 0
  /// The total variation.
  public var totalVariation: Double
  /// The temporal loss, which is 0 for still pictures.
  public var temporal: Double = 0

  /// The style loss of all layers and the palette.
  public var style: Double { VGG16Layer.styles.reduce(palette) { $0 + (styleLayers[$1] ?? 0) } }
  /// The sum of all terms.
  public var total: Double { content + style + totalVariation + temporal }

  /// The name of the first term that is not a finite number, if any.
  public var nonFinitePart: String? {
    if !content.isFinite { return "content loss" }
    for layer in VGG16Layer.styles where !(styleLayers[layer] ?? 0).isFinite {
      return "style loss at \(layer.rawValue)"
    }
    if !palette.isFinite { return "palette loss" }
    if !temporal.isFinite { return "temporal loss" }
    return totalVariation.isFinite ? nil : "total variation"
  }

  /// Adds two sets of losses term by term.
  static func + (_ a: LossParts, _ b: LossParts) -> LossParts {
    LossParts(
      content: a.content + b.content, styleLayers: a.styleLayers.merging(b.styleLayers, uniquingKeysWith: +),
      palette: a.palette + b.palette, totalVariation: a.totalVariation + b.totalVariation,
      temporal: a.temporal + b.temporal)
  }

  /// Returns the mean of several losses, term by term.
  public static func mean(_ parts: [LossParts]) -> LossParts {
    let scale = 1 / Double(max(parts.count, 1))
    let sum = parts.reduce(LossParts(content: 0, styleLayers: [:], totalVariation: 0), +)
    return LossParts(
      content: sum.content * scale, styleLayers: sum.styleLayers.mapValues { $0 * scale },
      palette: sum.palette * scale, totalVariation: sum.totalVariation * scale, temporal: sum.temporal * scale)
  }
}

/// The losses under their names in JSON reports.
public struct LossSummary: Encodable, Sendable {
  /// The content loss.
  public var content: Double
  /// The style loss.
  public var style: Double
  /// The total variation.
  public var tv: Double
  /// The temporal loss; nil if it is 0.
  public var temporal: Double?
  /// The sum of all terms.
  public var total: Double

  /// The losses by the same names.
  public var byName: [String: Double] {
    var values = ["content": content, "style": style, "tv": tv, "total": total]
    values["temporal"] = temporal
    return values
  }

  /// Creates a summary of `parts`.
  public init(_ parts: LossParts) {
    content = parts.content
    style = parts.style
    tv = parts.totalVariation
    temporal = parts.temporal == 0 ? nil : parts.temporal
    total = parts.total
  }
}
