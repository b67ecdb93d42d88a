import Foundation
import Networks
import Safetensors

/// What is known of a style, as the file `NAME.json` beside its model holds it: written by `train-style`, completed by
/// `evaluate-style`.
///
/// ``markdown`` is the same for people. What was not measured, or is not known, is nil and absent from the file.
public struct StyleCard: Codable, Equatable, Sendable {
  /// The painting, and how it was used.
  public struct Painting: Codable, Equatable, Sendable {
    /// Its file's name.
    public var file: String
    /// The SHA-256 of its file, in hexadecimal digits.
    public var sha256: String
    /// What was cut off its sides; nil for nothing.
    public var crop: StyleCrop?
    /// Its short side in training, in pixels; 0 for its own.
    public var size: Int
    /// The deviation of the noise that was taken out, in levels of 255.
    public var noise: Double?
    /// The usual width of its strokes, as a share of its short side.
    public var strokeWidth: Double?
  }

  /// The network.
  public struct Network: Codable, Equatable, Sendable {
    /// Its name, or its description.
    public var name: String
    /// The multiplier of its channels.
    public var width: Double
    /// The number of trained values.
    public var parameters: Int
  }

  /// The photos that the style was trained on.
  public struct Photos: Codable, Equatable, Sendable {
    /// Their number.
    public var count: Int
    /// Those that were kept out.
    public var excluded: Int
  }

  /// How the style was trained.
  public struct Training: Codable, Equatable, Sendable {
    /// Where it started.
    public struct Start: Codable, Equatable, Sendable {
      /// The SHA-256 of the base model; nil for random values.
      public var baseSHA256: String?
      /// The SHA-256 of the model whose pictures the first quarter of the draft's steps learned; nil where there were
      /// no such steps.
      public var teacherSHA256: String?

      /// A start from a base or from random values, and a teacher.
      public init(baseSHA256: String?, teacherSHA256: String?) {
        self.baseSHA256 = baseSHA256
        self.teacherSHA256 = teacherSHA256
      }
    }

    /// A rule by which values were learned.
    public struct Optimizer: Codable, Equatable, Sendable {
      /// `Muon` or `Adam`.
      public var name: String
      /// Its learning rate at the start.
      public var learningRate: Double

      /// A rule and its learning rate.
      public init(name: String, learningRate: Double) {
        self.name = name
        self.learningRate = learningRate
      }
    }

    /// Steps of the draft, or of the whole network where it has no revision; 0 where the base's draft was kept.
    public var draftIterations: Int
    /// Steps of the revision, at the end.
    public var revisionIterations: Int
    /// Crops in one step.
    public var batchSize: Int
    /// The side of the crops, in pixels.
    public var imageSize: Int
    /// The rules of learning.
    public var optimizers: [Optimizer]
    /// Steps over which the learning rate rises at the start.
    public var risingIterations: Int
    /// How often trouble lowered the learning rate.
    public var recoveries: Int
    /// What decided all random choices.
    public var seed: UInt64
    /// Where it started; nil where that is not known.
    public var start: Start?
    /// The objective and its weights.
    public var objective: LossWeights
    /// The weight of the loss for temporal stability; nil if the training had no such loss.
    public var steadinessWeight: Double?
    /// What the losses are exactly, in words: without it none can be compared with another.
    public var lossScaling: String
    /// The mean losses of the last steps of the draft, or of all where there was none.
    public var losses: Losses
    /// The number of steps that ``losses`` is the mean of.
    public var lossIterations: Int
    /// The part of flat areas that came out as blotches, 0…1, see ``FlatAreaCheck``.
    public var blotches: Double?
    /// Seconds spent on the steps.
    public var seconds: Double
    /// Threads that computed.
    public var threads: Int
    /// The name of the processor.
    public var processor: String
    /// When it ended, as `2026-01-31`.
    public var date: String
  }

  /// How the weights are stored, and what that costs.
  public struct Storage: Codable, Equatable, Sendable {
    /// A number format of weights.
    public enum Precision: String, Codable, Sendable { case half, single }

    /// The number format.
    public var precision: Precision
    /// Pictures on which half precision was tried.
    public var pictures: Int
    /// The maximum change of a value in 0…255; nil if a weight exceeds the range of half precision.
    public var maximumDifference: Double?

    private enum CodingKeys: String, CodingKey {
      case precision, pictures
      case maximumDifference = "largestDifference"
    }

    /// The choice that follows from `check`.
    public init(_ check: HalfPrecisionCheck) {
      precision = check.storage == .float16 ? .half : .single
      pictures = check.pictures
      maximumDifference = check.maximumDifference.isFinite ? check.maximumDifference : nil
    }
  }

  /// The version of the file's format that this program writes, and the only one that it reads.
  public static let currentFormatVersion = 1

  /// The version of the file's format.
  public var formatVersion = StyleCard.currentFormatVersion
  /// The style's name.
  public var style: String
  /// The painting.
  public var painting: Painting
  /// The network.
  public var network: Network
  /// The photos.
  public var photos: Photos
  /// The training.
  public var training: Training
  /// How the weights are stored; nil where half precision was not tried.
  public var storage: Storage?
  /// How well the style meets its objective, and how stable its frames are.
  public var evaluation: Evaluation?
  /// How much its pictures look like the painting.
  public var likeness: LikenessEvaluation?
  /// What else is to be known of it, each a paragraph of Markdown.
  public var notes: [String]?
  /// Whose works it was made from.
  public var credits: StyleCredits?
}
