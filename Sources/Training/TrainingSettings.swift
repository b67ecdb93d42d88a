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
  /// Whether the base's draft stays as it is and all steps train the revision.
  public var keepsDraft = false
  /// The SHA-256 of the model file whose pictures the first steps learn; nil where there are no such steps.
  public var teacherChecksum: String?
  /// Adam's rate at the start, see ``learningRate(at:)``; Muon's is a multiple of it.
  public var learningRate: Double
  /// Decides initial values, crops and flips, and the photos' order.
  public var seed: UInt64

  /// The settings of the trainer's defaults, where not named.
  ///
  /// A network on a canvas sees one photo in a step, as high as the canvas: strokes and large shapes are learned on what it will paint. Other
  /// networks see four crops of 128 pixels.
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

  /// How many times larger than the canvas the films are on which the revision is trained.
  static let filmRatios = [2, 3, 4]
  /// The side of the crops of films, a multiple of the draft's size multiple at each ratio.
  static let filmCrop = 288

  /// The lines of the network's canvas; nil where it has none.
  public var canvasLines: Int? { (try? NetworkDefinition.named(network, width: width))?.canvasLines }

  /// The steps that train the revision, at the end: a fifth, or all where the draft is kept; none where the network has no revision.
  public var revisionIterations: Int {
    guard ((try? NetworkDefinition.named(network, width: width))?.revisionChannels ?? 0) > 0 else { return 0 }
    return keepsDraft ? iterations : iterations / 5
  }

  /// The steps that train the draft, or the whole network where it has no revision.
  public var draftIterations: Int { iterations - revisionIterations }

  /// The steps that learn the teacher's pictures, at the start: a quarter; none without a teacher.
  public var distillationIterations: Int { teacherChecksum == nil ? 0 : draftIterations / 4 }

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
    if revisionIterations > 0, iteration >= draftIterations {
      return learningRate * (1 - 0.95 * Double(iteration - draftIterations) / Double(max(1, revisionIterations)))
    }
    if iteration < risingSteps { return learningRate * Double(iteration + 1) / Double(risingSteps + 1) }
    let half = draftIterations / 2
    guard iteration > half, draftIterations > half else { return learningRate }
    let progress = Double(iteration - half) / Double(draftIterations - half)
    return learningRate * (1 - 0.95 * progress)
  }

  /// Checks every setting; throws ``TrainingError/invalidSetting(name:found:expected:)`` or `ModelError`.
  @discardableResult
  public func validate() throws -> NetworkDefinition {
    func require(_ isValid: Bool, _ name: String, _ found: Any, _ expected: String) throws {
      if !isValid { throw TrainingError.invalidSetting(name: name, found: "\(found)", expected: expected) }
    }
    let definition = try NetworkDefinition.named(network, width: width)
    try require(
      !keepsDraft || (definition.revisionChannels ?? 0) > 0, "the network of a draft that is kept", network,
      "one with a revision")
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
