import Networks

/// The objective that a model was trained for, as its file's metadata tell it.
extension StyleModel {
  /// The metadata's names.
  enum ObjectiveKey {
    static let styleSize = "style_size"
    static let styleCrop = "style_crop"
    static let contentWeight = "content_weight"
    static let styleWeight = "style_weight"
    static let totalVariationWeight = "tv_weight"
  }

  /// The painting's short side in pixels, 0 for its own; nil where the file does not tell a size that there is.
  public var trainedStyleSize: Int? {
    metadata[ObjectiveKey.styleSize].flatMap(Int.init).flatMap { TrainingSettings.isStyleSize($0) ? $0 : nil }
  }

  /// What was cut off the painting's sides; nothing where the file does not tell a crop that there is.
  public var trainedStyleCrop: StyleCrop {
    metadata[ObjectiveKey.styleCrop].flatMap { try? StyleCrop($0) } ?? .none
  }

  /// The weights; those of ``LossWeights/init(content:style:totalVariation:)`` where the file does not tell.
  public var trainedWeights: LossWeights {
    func weight(_ key: String, _ usual: Double) -> Double {
      metadata[key].flatMap(Double.init).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil } ?? usual
    }
    let usual = LossWeights()
    return LossWeights(
      content: weight(ObjectiveKey.contentWeight, usual.content), style: weight(ObjectiveKey.styleWeight, usual.style),
      totalVariation: weight(ObjectiveKey.totalVariationWeight, usual.totalVariation))
  }
}
