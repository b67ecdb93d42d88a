/// What is measured of a style, as its card holds it.
extension StyleCard {
  /// The pictures that something was measured on.
  package struct Sample: Codable, Equatable, Sendable {
    /// Their number.
    package var count: Int
    /// The file name of the list that picked them; nil where a whole folder or a film was measured.
    package var list: String?

    /// As many pictures, and the list that picked them.
    package init(count: Int, list: String?) {
      self.count = count
      self.list = list
    }
  }

  /// What `evaluate-style` measured by the training objective.
  package struct Evaluation: Codable, Equatable, Sendable {
    /// The photos.
    package var photos: Sample
    /// The side of the compared squares, in pixels.
    package var size: Int
    /// The painting's short side, in pixels; 0 for its own.
    package var styleSize: Int
    /// What was cut off the painting's sides; nil for nothing.
    package var styleCrop: StyleCrop?
    /// The objective and its weights.
    package var objective: LossWeights
    /// The mean losses.
    package var losses: Losses
    /// The temporal stability; nil where it was not measured in the same run.
    package var temporalStability: TemporalReport?

    /// An evaluation of these measurements.
    package init(
      photos: Sample, size: Int, styleSize: Int, styleCrop: StyleCrop = .none, objective: LossWeights,
      losses: LossParts, temporalStability: TemporalReport?
    ) {
      self.photos = photos
      self.size = size
      self.styleSize = styleSize
      self.styleCrop = styleCrop == .none ? nil : styleCrop
      self.objective = objective
      self.losses = Losses(losses)
      self.temporalStability = temporalStability
    }
  }

  /// What `evaluate-style --likeness` measured.
  package struct LikenessEvaluation: Codable, Equatable, Sendable {
    /// The mean at one size of the painted frames.
    package struct Size: Codable, Equatable, Sendable {
      /// The pixels on the frames' short side.
      package var lines: Int
      /// What was found.
      package var mean: Likeness

      /// A mean at as many lines.
      package init(lines: Int, mean: Likeness) {
        self.lines = lines
        self.mean = mean
      }
    }

    /// The photos or frames.
    package var photos: Sample
    /// The sizes, in the order in which they were asked for; at least one.
    package var sizes: [Size]

    /// An evaluation of these measurements.
    package init(photos: Sample, sizes: [Size]) {
      self.photos = photos
      self.sizes = sizes
    }

    /// The size that stands for all: 720 lines, or else the first.
    package var shown: Size? { sizes.first { $0.lines == 720 } ?? sizes.first }

    /// The largest minus the smallest mean likeness; nil for one size.
    package var spread: Double? {
      let values = sizes.map(\.mean.likeness)
      guard values.count > 1, let largest = values.max(), let smallest = values.min() else { return nil }
      return largest - smallest
    }
  }
}
