import Foundation
import Networks
import Safetensors

/// What is known of a style, as the file `NAME.json` beside its model holds it: written by `train-style`, completed by
/// `evaluate-style`.
///
/// ``markdown`` is the same for people. What was not measured, or is not known, is nil and absent from the file.
public struct StyleCard: Codable, Equatable, Sendable {
  /// The painting, and how it was used.
  package struct Painting: Codable, Equatable, Sendable {
    /// Its file's name.
    package var file: String
    /// The SHA-256 of its file, in hexadecimal digits.
    package var sha256: String
    /// What was cut off its sides; nil for nothing.
    package var crop: StyleCrop?
    /// Its short side in training, in pixels; 0 for its own.
    package var size: Int
    /// The deviation of the noise that was taken out, in levels of 255.
    package var noise: Double?
    /// The usual width of its strokes, as a share of its short side.
    package var strokeWidth: Double?
  }

  /// The network.
  package struct Network: Codable, Equatable, Sendable {
    /// Its name, or its description.
    package var name: String
    /// The multiplier of its channels.
    package var width: Double
    /// The number of trained values.
    package var parameters: Int
  }

  /// The photos that the style was trained on.
  package struct Photos: Codable, Equatable, Sendable {
    /// Their number.
    package var count: Int
    /// Those that were kept out.
    package var excluded: Int
  }

  /// How the style was trained.
  package struct Training: Codable, Equatable, Sendable {
    /// Where it started.
    package struct Start: Codable, Equatable, Sendable {
      /// The SHA-256 of the base model; nil for random values.
      package var baseSHA256: String?
      /// The SHA-256 of the model whose pictures the first quarter of the draft's steps learned; nil where there were
      /// no such steps.
      package var teacherSHA256: String?

      /// A start from a base or from random values, and a teacher.
      package init(baseSHA256: String?, teacherSHA256: String?) {
        self.baseSHA256 = baseSHA256
        self.teacherSHA256 = teacherSHA256
      }
    }

    /// A rule by which values were learned.
    package struct Optimizer: Codable, Equatable, Sendable {
      /// `Muon` or `Adam`.
      package var name: String
      /// Its learning rate at the start.
      package var learningRate: Double

      /// A rule and its learning rate.
      package init(name: String, learningRate: Double) {
        self.name = name
        self.learningRate = learningRate
      }
    }

    /// Steps of the draft, or of the whole network where it has no revision; 0 where the base's draft was kept.
    package var draftIterations: Int
    /// Steps of the revision, at the end.
    package var revisionIterations: Int
    /// Crops in one step.
    package var batchSize: Int
    /// The side of the crops, in pixels.
    package var imageSize: Int
    /// The rules of learning.
    package var optimizers: [Optimizer]
    /// Steps over which the learning rate rises at the start.
    package var risingIterations: Int
    /// How often trouble lowered the learning rate.
    package var recoveries: Int
    /// What decided all random choices.
    package var seed: UInt64
    /// Where it started; nil where that is not known.
    package var start: Start?
    /// The objective and its weights.
    package var objective: LossWeights
    /// The weight of the loss for temporal stability; nil if the training had no such loss.
    package var temporalWeight: Double?
    /// What the losses are exactly, in words: without it none can be compared with another.
    package var lossScaling: String
    /// The mean losses of the last steps of the draft, or of all where there was none.
    package var losses: Losses
    /// The number of steps that ``losses`` is the mean of.
    package var lossIterations: Int
    /// The part of flat areas that came out as blotches, 0…1, see ``FlatAreaCheck``.
    package var blotches: Double?
    /// Seconds spent on the steps.
    package var seconds: Double
    /// Threads that computed.
    package var threads: Int
    /// The name of the processor.
    package var processor: String
    /// The precision of products; nil for single precision.
    package var precision: String?
    /// When it ended, as `2026-01-31`.
    package var date: String
  }

  /// How the weights are stored, and what that costs.
  package struct Storage: Codable, Equatable, Sendable {
    /// A number format of weights.
    package enum Precision: String, Codable, Sendable { case half, single }

    /// The number format.
    package var precision: Precision
    /// Pictures on which half precision was tried.
    package var pictures: Int
    /// The maximum change of a value in 0…255; nil if a weight exceeds the range of half precision.
    package var maximumDifference: Double?

    private enum CodingKeys: String, CodingKey {
      case precision, pictures
      case maximumDifference = "largestDifference"
    }

    /// The choice that follows from `check`.
    package init(_ check: HalfPrecisionCheck) {
      precision = check.storage == .float16 ? .half : .single
      pictures = check.pictures
      maximumDifference = check.maximumDifference.isFinite ? check.maximumDifference : nil
    }
  }

  /// The version of the file's format that this program writes, and the only one that it reads.
  public static let currentFormatVersion = 1

  /// The version of the file's format.
  package var formatVersion = StyleCard.currentFormatVersion
  /// The style's name.
  package var style: String
  /// The painting.
  package var painting: Painting
  /// The network.
  package var network: Network
  /// The photos.
  package var photos: Photos
  /// The training.
  package var training: Training
  /// How the weights are stored; nil where half precision was not tried.
  package var storage: Storage?
  /// How well the style meets its objective, and how stable its frames are.
  package var evaluation: Evaluation?
  /// How much its pictures look like the painting.
  package var likeness: LikenessEvaluation?
  /// What else is to be known of it, each a paragraph of Markdown.
  package var notes: [String]?
  /// Whose works it was made from.
  package var credits: StyleCredits?
}
