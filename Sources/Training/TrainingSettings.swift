import Networks

/// Everything that decides what a training run computes; two runs with equal settings on one machine write the same bytes.
public struct TrainingSettings: Codable, Hashable, Sendable {
  /// The architecture's name.
  public var network: String
  /// The multiplier of its channels.
  public var width: Double
  /// The number of optimizer steps.
  public var iterations: Int
  /// Photos in one step.
  public var batchSize: Int
  /// The side of the square crops, in pixels; a multiple of the network's `sizeMultiple`.
  public var imageSize: Int
  /// The painting's short side, in pixels; 0 leaves it as it is.
  public var styleSize: Int
  /// What is cut off the painting's sides.
  public var styleCrop: StyleCrop
  /// The weights of the objective.
  public var weights: LossWeights
  /// The weight of the mean squared warping error between a photo's picture and that of a later frame; 0 leaves it out.
  public var temporalWeight: Double
  /// How norms with stored statistics come to use them.
  public var norms: NormSchedule
  /// The SHA-256 of the model file that the network starts from; nil for random values.
  public var baseChecksum: String?
  /// Adam's rate at the start; see ``learningRate(at:)``.
  public var learningRate: Double
  /// Decides initial values, crops and flips, and the photos' order.
  public var seed: UInt64

  /// The settings of the trainer's defaults, where not named.
  ///
  /// Crops of 128 pixels: in equal minutes they come nearer to the painting than those of 256, for which fewer steps are left; both
  /// measured on pictures of 256.
  public init(
    network: String = "realtime", width: Double = 1, iterations: Int = 2400, batchSize: Int = 4, imageSize: Int = 128,
    styleSize: Int = 256, styleCrop: StyleCrop = .none, weights: LossWeights = LossWeights(),
    temporalWeight: Double = 0,
    norms: NormSchedule = NormSchedule(), baseChecksum: String? = nil, learningRate: Double = 1e-3, seed: UInt64 = 1
  ) {
    self.network = network
    self.width = width
    self.iterations = iterations
    self.batchSize = batchSize
    self.imageSize = imageSize
    self.styleSize = styleSize
    self.styleCrop = styleCrop
    self.weights = weights
    self.temporalWeight = temporalWeight
    self.norms = norms
    self.baseChecksum = baseChecksum
    self.learningRate = learningRate
    self.seed = seed
  }

  /// Whether a painting may have so many pixels on its short side; 0 leaves it as it is.
  static func isStyleSize(_ size: Int) -> Bool { size == 0 || (32...2048).contains(size) }

  /// Steps over which the rate rises: of a run from a base a hundred, an eighth of a short one.
  var risingSteps: Int { baseChecksum == nil ? 0 : min(100, iterations / 8) }

  /// Adam's rate at `iteration` (from 0): constant for the first half of the run, then falling to a twentieth along a line.
  ///
  /// The steps of a batch of four are noisy; without the descent the last ones undo each other's work. From a base it first rises
  /// from 0, along a line too: Adam's first steps change every value by the whole rate, however small its gradient, and where
  /// hundreds of them add up that undoes a trained network in one step.
  public func learningRate(at iteration: Int) -> Double {
    if iteration < risingSteps { return learningRate * Double(iteration + 1) / Double(risingSteps + 1) }
    let half = iterations / 2
    guard iteration > half, iterations > half else { return learningRate }
    let progress = Double(iteration - half) / Double(iterations - half)
    return learningRate * (1 - 0.95 * progress)
  }

  /// Checks every setting; throws ``TrainingError/invalidSetting(name:found:expected:)`` or `ModelError`.
  @discardableResult
  public func validate() throws -> NetworkDefinition {
    func require(_ isValid: Bool, _ name: String, _ found: Any, _ expected: String) throws {
      if !isValid { throw TrainingError.invalidSetting(name: name, found: "\(found)", expected: expected) }
    }
    let definition = try NetworkDefinition.named(network, width: width)
    try require(iterations >= 1, "the number of iterations", iterations, "at least 1")
    try require((1...64).contains(batchSize), "the batch size", batchSize, "1 to 64")
    try require(
      (32...1024).contains(imageSize) && imageSize % definition.sizeMultiple == 0, "the image size", imageSize,
      "a multiple of \(definition.sizeMultiple) from 32 to 1024")
    try require(
      Self.isStyleSize(styleSize), "the style size", styleSize,
      "32 to 2048, or 0 for the painting's own")
    for (name, weight) in [
      ("content weight", weights.content), ("style weight", weights.style),
      ("total variation weight", weights.totalVariation), ("temporal weight", temporalWeight),
    ] { try require(weight.isFinite && weight >= 0, "the " + name, weight, "a number from 0") }
    try require(
      norms.start >= 0 && norms.start <= norms.end && norms.end <= 1, "the norm schedule",
      "\(norms.start) to \(norms.end)", "two ascending numbers from 0 to 1")
    try require(learningRate.isFinite && learningRate > 0, "the learning rate", learningRate, "a number above 0")
    return definition
  }
}
