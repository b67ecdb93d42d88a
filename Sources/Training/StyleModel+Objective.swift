import Networks

/// The objective that a model was trained for, as its file's metadata tell it.
extension StyleModel {
  /// The metadata's names.
  enum ObjectiveKey {
    static let objective = "objective"
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

  /// The objective and its weights: Johnson's where the file names no objective, and the usual weights where it does not tell.
  public var trainedWeights: LossWeights {
    func weight(_ key: String) -> Double? {
      metadata[key].flatMap(Double.init).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
    return LossWeights(
      objective: metadata[ObjectiveKey.objective].flatMap(Objective.init) ?? .johnson,
      content: weight(ObjectiveKey.contentWeight), style: weight(ObjectiveKey.styleWeight),
      totalVariation: weight(ObjectiveKey.totalVariationWeight))
  }
}
