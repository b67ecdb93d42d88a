import Kernels
import Networks

/// The settings of a training run. Runs with equal settings on the same machine give bit-identical results.
public struct TrainingSettings: Codable, Hashable, Sendable {
  /// The name of the network.
  public var network: String
  /// The width multiplier of the network's channels.
  public var width: Double
  /// The number of optimizer steps.
  public var iterations: Int
  /// The number of photos in a step.
  public var batchSize: Int
  /// The side of the square crops in pixels, a multiple of the network's `sizeMultiple`.
  public var imageSize: Int
  /// The short side of the painting in pixels, or 0 for its own size.
  public var styleSize: Int
  /// The crop of the painting.
  public var styleCrop: StyleCrop
  /// The weights of the objective.
  public var weights: LossWeights
  /// The weight of the temporal loss, the mean squared warping error between the outputs for a photo and a later frame;
  /// 0 for none.
  public var temporalWeight: Double
  /// The schedule of batch norms.
  public var norms: NormSchedule
  /// The SHA-256 of the base model's file; nil for a start from random values.
  public var baseChecksum: String?
  /// Whether to keep the draft of the base and train only the revision.
  public var keepsDraft = false
  /// The SHA-256 of the file of the teacher, whose output the first steps learn; nil if there are no such steps.
  public var teacherChecksum: String?
  /// The maximum learning rate of Adam, see ``learningRate(at:)``. The rate of Muon is a multiple of it.
  public var learningRate: Double
  /// The lowest precision of the products in convolutions and their input gradients. Sums, gradients of parameters and
  /// optimizers have single precision.
  public var precision = ProductPrecision.float32
  /// The seed of the initial parameters, the crops and flips, and the order of the photos.
  public var seed: UInt64

  /// Creates settings with defaults for omitted parameters.
  ///
  /// By default a network with a canvas trains on one photo per step, as high as the canvas, so that it learns strokes
  /// and large shapes at the size at which it paints. Other networks train on four crops of 128 pixels.
  public init(
    network: String = "realtime", width: Double = 1, iterations: Int = 2400, batchSize: Int? = nil,
    imageSize: Int? = nil,
    styleSize: Int = 256, styleCrop: StyleCrop = .none, weights: LossWeights = LossWeights(),
    temporalWeight: Double = 0,
    norms: NormSchedule = NormSchedule(), baseChecksum: String? = nil, learningRate: Double = 1e-3, seed: UInt64 = 1
  ) {
    self.network = network
    self.width = width
    self.iterations = iterations
    let canvasLines = (try? NetworkDefinition.named(network, width: width))?.canvasLines
    self.batchSize = batchSize ?? (canvasLines == nil ? 4 : 1)
    self.imageSize = imageSize ?? canvasLines.map { max(32, $0 / 8 * 8) } ?? 128
    self.styleSize = styleSize
    self.styleCrop = styleCrop
    self.weights = weights
    self.temporalWeight = temporalWeight
    self.norms = norms
    self.baseChecksum = baseChecksum
    self.learningRate = learningRate
    self.seed = seed
  }

  /// The ratios of frame size to canvas size on which the revision is trained.
  static let filmRatios = [2, 3, 4]
  /// The side of the crops of full-size frames in pixels. At each ratio the draft's side is a multiple of its size
  /// multiple.
  static let filmCrop = 288

  /// The lines of the network's canvas; nil if it has none.
  public var canvasLines: Int? { (try? NetworkDefinition.named(network, width: width))?.canvasLines }

  /// The number of steps that train the revision, at the end of the run.
  ///
  /// It is a fifth of the iterations, or all of them if the draft is kept, and 0 for a network without a revision.
  public var revisionIterations: Int {
    guard ((try? NetworkDefinition.named(network, width: width))?.revisionChannels ?? 0) > 0 else { return 0 }
    return keepsDraft ? iterations : iterations / 5
  }

  /// The number of steps that train the draft, or the whole network if it has no revision.
  public var draftIterations: Int { iterations - revisionIterations }

  /// The number of steps that learn the teacher's output, at the start of the run: a quarter of the draft's steps, or 0
  /// without a teacher.
  public var distillationIterations: Int { teacherChecksum == nil ? 0 : draftIterations / 4 }

  /// Whether `size` is valid for ``styleSize``.
  static func isStyleSize(_ size: Int) -> Bool { size == 0 || (32...2048).contains(size) }

  /// The number of warmup steps: 100, or an eighth of a short run, if the run starts from a base, else 0.
  var warmupSteps: Int { baseChecksum == nil ? 0 : min(100, iterations / 8) }

  /// Returns the learning rate of Adam at `iteration`, from 0.
  ///
  /// The rate is constant for the first half of the draft's steps and then falls linearly to a twentieth. Gradients of
  /// small batches are noisy, and without the decay the last steps would undo each other. In the steps of the revision
  /// the rate starts again at its maximum and falls to a twentieth.
  ///
  /// From a base the rate first rises linearly from 0. The first steps of Adam change every value by the full rate,
  /// however small its gradient; where hundreds of changes add up, one such step can ruin a trained network.
  public func learningRate(at iteration: Int) -> Double {
    if revisionIterations > 0, iteration >= draftIterations {
      return learningRate * (1 - 0.95 * Double(iteration - draftIterations) / Double(max(1, revisionIterations)))
    }
    if iteration < warmupSteps { return learningRate * Double(iteration + 1) / Double(warmupSteps + 1) }
    let half = draftIterations / 2
    guard iteration > half, draftIterations > half else { return learningRate }
    let progress = Double(iteration - half) / Double(draftIterations - half)
    return learningRate * (1 - 0.95 * progress)
  }

  /// Checks every setting and returns the network's definition.
  ///
  /// - Throws: ``TrainingError/invalidSetting(name:found:expected:)`` if a setting is out of range, and `ModelError` if
  ///   the network is unknown.
  @discardableResult
  public func validate() throws -> NetworkDefinition {
    func require(_ isValid: Bool, _ name: String, _ found: Any, _ expected: String) throws {
      if !isValid { throw TrainingError.invalidSetting(name: name, found: "\(found)", expected: expected) }
    }
    let definition = try NetworkDefinition.named(network, width: width)
    try require(
      !keepsDraft || (definition.revisionChannels ?? 0) > 0, "the network whose draft is kept", network,
      "one with a revision")
    try require(iterations >= 1, "the number of iterations", iterations, "at least 1")
    try require((1...64).contains(batchSize), "the batch size", batchSize, "1 to 64")
    try require(
      (32...1024).contains(imageSize) && imageSize % definition.sizeMultiple == 0, "the image size", imageSize,
      "a multiple of \(definition.sizeMultiple) from 32 to 1024")
    try require(
      Self.isStyleSize(styleSize), "the style size", styleSize,
      "32 to 2048, or 0 for the painting's own size")
    for (name, weight) in [
      ("content weight", weights.content), ("style weight", weights.style),
      ("total variation weight", weights.totalVariation), ("temporal weight", temporalWeight),
    ] { try require(weight.isFinite && weight >= 0, "the " + name, weight, "a number of at least 0") }
    try require(
      norms.start >= 0 && norms.start <= norms.end && norms.end <= 1, "the norm schedule",
      "\(norms.start) to \(norms.end)", "two ascending numbers between 0 and 1")
    try require(
      precision.isAvailable, "the precision", precision.rawValue, "float32, since the processor lacks AVX512_BF16")
    try require(learningRate.isFinite && learningRate > 0, "the learning rate", learningRate, "a positive number")
    return definition
  }
}
