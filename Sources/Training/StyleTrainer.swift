import Autograd
import Foundation
import Imaging
import Kernels
import Networks
import Tensors
import Threading

/// Fits a network to one painting.
public final class StyleTrainer {
  /// What happened in one step.
  public struct Step: Sendable {
    /// Steps done, this one included.
    public let iteration: Int
    /// The losses of this step's batch.
    public let losses: LossParts
    /// Adam's rate in this step.
    public let learningRate: Double
  }

  /// What decides the result.
  public let settings: TrainingSettings
  /// The architecture.
  public let definition: NetworkDefinition
  /// Steps done.
  public private(set) var iteration = 0
  /// Time spent on the steps, in seconds, over all sessions of the run.
  public private(set) var seconds: Double = 0
  /// Where the last good checkpoint lies, once there is one.
  public private(set) var checkpointPath: String?

  private let pool: ComputePool
  private let allocator = TensorAllocator()
  private let extractor: VGG16
  private let loss: PerceptualLoss
  private let styleChecksum: String
  private var executor: NetworkExecutor
  private var firstMoments: [String: Tensor]
  private var secondMoments: [String: Tensor]

  /// A trainer at iteration 0.
  ///
  /// - Parameters:
  ///   - style: The painting, any size; it is scaled to ``TrainingSettings/styleSize``.
  ///   - styleChecksum: The SHA-256 of the painting's file, by which a checkpoint is known to belong to it.
  public init(
    settings: TrainingSettings, style: Picture, styleChecksum: String, extractor: VGG16, pool: ComputePool
  ) throws {
    definition = try settings.validate()
    self.settings = settings
    self.pool = pool
    self.extractor = extractor
    self.styleChecksum = styleChecksum
    let painting = settings.styleSize == 0 ? style : style.resized(shortSide: settings.styleSize)
    try Self.checkExtent(painting)
    loss = PerceptualLoss(
      extractor: extractor, style: painting.tensor(), weights: settings.weights,
      tape: Tape(pool: pool, allocator: TensorAllocator()))
    let parameters = NetworkExecutor.initialParameters(of: definition, seed: settings.seed)
    executor = NetworkExecutor(definition: definition, parameters: parameters, trainable: true)
    firstMoments = parameters.mapValues { Tensor($0.shape) }
    secondMoments = parameters.mapValues { Tensor($0.shape) }
  }

  private static func checkExtent(_ painting: Picture) throws {
    guard min(painting.width, painting.height) >= VGG16.minimumExtent else {
      throw TrainingError.invalidSetting(
        name: "the style image", found: "\(painting.width)×\(painting.height) pixels",
        expected: "at least \(VGG16.minimumExtent) pixels on each side")
    }
  }

  // MARK: Checkpoints

  /// Goes on where the run of the checkpoint at `path` stopped; its settings and painting must be this trainer's.
  public func resume(from path: String) throws {
    let checkpoint = try Checkpoint.load(path: path, settings: settings, styleChecksum: styleChecksum)
    executor = NetworkExecutor(definition: definition, parameters: checkpoint.parameters, trainable: true)
    firstMoments = checkpoint.firstMoments
    secondMoments = checkpoint.secondMoments
    iteration = checkpoint.iteration
    seconds = checkpoint.seconds
    checkpointPath = path
  }

  /// Writes the run's state to `path`, unless a parameter is no longer a finite number.
  public func saveCheckpoint(to path: String) throws {
    try requireFiniteParameters()
    try Checkpoint(
      settings: settings, styleChecksum: styleChecksum, iteration: iteration, seconds: seconds,
      parameters: executor.parameters.mapValues(\.value), firstMoments: firstMoments, secondMoments: secondMoments
    ).save(path: path)
    checkpointPath = path
  }

  private func requireFiniteParameters() throws {
    for (name, parameter) in executor.parameters.sorted(by: { $0.key < $1.key })
    where !parameter.value.buffer.allSatisfy(\.isFinite) {
      throw TrainingError.diverged(iteration: iteration, part: "parameter '\(name)'", checkpoint: checkpointPath)
    }
  }

  // MARK: Steps

  /// Runs the remaining iterations on the photos of `sampler`.
  ///
  /// `onStep` is called after each; returning false stops early. Throws ``TrainingError/diverged(iteration:part:checkpoint:)``
  /// as soon as a loss is no longer finite; the parameters are then those before the step.
  public func run(sampler: PhotoSampler, onStep: (Step) throws -> Bool) throws {
    let loader = BatchLoader(sampler: sampler, indices: iteration..<max(iteration, settings.iterations))
    while iteration < settings.iterations, let photos = try loader.next() {
      let start = ContinuousClock.now
      let step = try step(photos)
      let elapsed = (ContinuousClock.now - start).components
      seconds += Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
      guard try onStep(step) else { return }
    }
  }

  /// One optimizer step on `photos`, `[N, S, S, 3]` RGB 0…255.
  public func step(_ photos: Tensor) throws -> Step {
    let tape = Tape(pool: pool, allocator: allocator)
    let output = executor(Variable(photos), on: tape)
    let parts = loss(output: output, photos: photos, on: tape)
    if let suspect = parts.suspect {
      throw TrainingError.diverged(iteration: iteration + 1, part: suspect, checkpoint: checkpointPath)
    }
    tape.backward()
    let rate = settings.learningRate(at: iteration)
    iteration += 1
    update(learningRate: Float(rate))
    return Step(iteration: iteration, losses: parts, learningRate: rate)
  }

  private func update(learningRate: Float) {
    for (name, parameter) in executor.parameters {
      guard let gradient = parameter.gradient, let first = firstMoments[name], let second = secondMoments[name] else {
        continue
      }
      AdamStep.update(
        parameter.value.pointer, gradient: gradient.pointer, firstMoment: first.pointer, secondMoment: second.pointer,
        count: gradient.count, step: iteration, learningRate: learningRate)
      parameter.clearGradient()
    }
  }

  // MARK: Results

  /// The network's output for `photos`, `[N, H, W, 3]`, not clamped.
  public func stylize(_ photos: Tensor) -> Tensor {
    let frozen = NetworkExecutor(
      definition: definition, parameters: executor.parameters.mapValues(\.value), trainable: false)
    return frozen(Variable(photos), on: Tape(pool: pool, allocator: allocator)).value
  }

  /// The model as it is now; throws where a parameter is not a finite number.
  public func model(style: String, metadata: [String: String]) throws -> StyleModel {
    try requireFiniteParameters()
    return StyleModel(
      definition: definition, parameters: executor.parameters.mapValues { $0.value.copy() }, style: style,
      metadata: metadata)
  }
}
