import Networks

/// The objective that a model was trained with, from the metadata of its file.
extension StyleModel {
  /// The keys of the metadata.
  enum ObjectiveKey {
    static let objective = "objective"
    static let styleSize = "style_size"
    static let styleCrop = "style_crop"
    static let contentWeight = "content_weight"
    static let styleWeight = "style_weight"
    static let totalVariationWeight = "tv_weight"
  }

  /// The short side of the painting in pixels, or 0 for its own size; nil if the file has no valid size.
  package var trainedStyleSize: Int? {
    metadata[ObjectiveKey.styleSize].flatMap(Int.init).flatMap { TrainingSettings.isStyleSize($0) ? $0 : nil }
  }

  /// The crop of the painting; none if the file has no valid crop.
  package var trainedStyleCrop: StyleCrop {
    metadata[ObjectiveKey.styleCrop].flatMap { try? StyleCrop($0) } ?? .none
  }

  /// The objective and its weights. The default is the objective `johnson`, and for weights those of the objective.
  package var trainedWeights: LossWeights {
    func weight(_ key: String) -> Double? {
      metadata[key].flatMap(Double.init).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
    return LossWeights(
      objective: metadata[ObjectiveKey.objective].flatMap(Objective.init) ?? .johnson,
      content: weight(ObjectiveKey.contentWeight), style: weight(ObjectiveKey.styleWeight),
      totalVariation: weight(ObjectiveKey.totalVariationWeight))
  }
}
