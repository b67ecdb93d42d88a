import Autograd
import Imaging
import Networks
import Tensors
import Threading

/// Trains a network on one painting.
public final class StyleTrainer {
  /// The result of one step.
  public struct Step: Sendable {
    /// The number of completed steps, including this one.
    public let iteration: Int
    /// The losses of the batch.
    public let losses: LossParts
    /// The learning rate of Adam in this step.
    public let learningRate: Double
    /// A message if the training restored an earlier state and reduced its learning rate.
    public var recovery: String?
  }

  /// The part of the network that paints on the canvas, or the whole network if it has no canvas.
  private let draft: NetworkDefinition
  /// The settings of the run.
  package let settings: TrainingSettings
  /// The network's architecture.
  package let definition: NetworkDefinition
  /// The number of completed steps.
  package private(set) var iteration = 0
  /// The time of these steps in seconds, including those before a resumption.
  package private(set) var seconds: Double = 0
  /// The path of the last good checkpoint; nil if there is none yet.
  package private(set) var checkpointPath: String?

  /// How often the run restored an earlier state.
  package var recoveries: Int { watch.recoveries }

  /// Records the time of each operation, if set.
  public var times: OperationTimes?

  private let pool: ComputePool
  private let allocator = TensorAllocator()
  private let loss: PerceptualLoss
  /// The loss of the steps that train the revision; nil if there are none.
  private let revisionLoss: RevisionLoss?
  private let styleChecksum: String
  private let paintingContrast: Double
  private let state: TrainingState
  /// The network whose output the first steps learn; nil if there are no such steps.
  private let teacher: NetworkExecutor?
  /// The latest good state.
  private var good: (state: TrainingState.Snapshot, iteration: Int)
  private var watch = TrainingGuard()
  private var outputContrast = 0.0

  /// Creates a trainer at iteration 0.
  ///
  /// - Parameters:
  ///   - settings: The settings of the run.
  ///   - style: The painting in any size; it is resized to ``TrainingSettings/styleSize``.
  ///   - styleChecksum: The SHA-256 of the painting's file, which identifies the painting in checkpoints.
  ///   - extractor: The feature extractor of the losses.
  ///   - pool: The threads that compute.
  ///   - base: The initial parameters of the settings' network; nil starts from random values.
  ///   - teacher: The model whose output the first ``TrainingSettings/distillationIterations`` steps learn.
  /// - Throws: ``TrainingError/invalidSetting(name:found:expected:)`` or `ModelError` if the settings or the size of
  ///   the painting are invalid.
  public init(
    settings: TrainingSettings, style: Picture, styleChecksum: String, extractor: VGG16, pool: ComputePool,
    base: [String: Tensor]? = nil, teacher: StyleModel? = nil
  ) throws {
    definition = try settings.validate()
    draft = definition.draft
    self.settings = settings
    self.pool = pool
    self.styleChecksum = styleChecksum
    let painting = StyleImage.scaled(style, to: settings.styleSize)
    try StyleImage.checkExtent(painting)
    let tensor = painting.tensor()
    paintingContrast = Contrast.deviation(tensor)
    loss = PerceptualLoss(
      extractor: extractor, style: tensor, weights: settings.weights,
      tape: Tape(pool: pool, allocator: TensorAllocator()))
    self.teacher = teacher.map {
      NetworkExecutor(definition: $0.definition.draft, parameters: $0.parameters, trainable: false)
    }
    revisionLoss =
      settings.revisionIterations == 0
      ? nil
      : RevisionLoss(
        extractor: extractor, style: style, styleSize: min(painting.width, painting.height),
        ratios: TrainingSettings.filmRatios, tape: Tape(pool: pool, allocator: TensorAllocator()))
    let parameters =
      base?.mapValues { $0.copy() } ?? NetworkExecutor.initialParameters(of: definition, seed: settings.seed)
    state = TrainingState(definition: definition, parameters: parameters)
    good = (state.current.copy(), 0)
  }

  // MARK: Checkpoints

  /// Restores the state of the checkpoint at `path`.
  ///
  /// - Throws: ``TrainingError`` if the file is not a checkpoint of a run with the same settings and painting, and
  ///   `SafetensorsError` if it is damaged.
  package func resume(from path: String) throws {
    let checkpoint = try Checkpoint.load(path: path, settings: settings, styleChecksum: styleChecksum)
    state.restore(checkpoint.state)
    good = (checkpoint.good, checkpoint.goodIteration)
    watch = checkpoint.watch
    iteration = checkpoint.iteration
    seconds = checkpoint.seconds
    checkpointPath = path
  }

  /// Writes the state of the run to `path`.
  ///
  /// - Throws: ``TrainingError/diverged(iteration:part:checkpoint:)`` if a parameter is not a finite number, and
  ///   `SafetensorsError` if the file cannot be written.
  package func saveCheckpoint(to path: String) throws {
    try requireFiniteParameters()
    try Checkpoint(
      settings: settings, styleChecksum: styleChecksum, iteration: iteration, seconds: seconds, watch: watch,
      state: state.current, good: good.state, goodIteration: good.iteration
    ).save(path: path)
    checkpointPath = path
  }

  private func requireFiniteParameters() throws {
    if let name = state.nonFiniteParameter {
      throw TrainingError.diverged(iteration: iteration, part: "parameter '\(name)'", checkpoint: checkpointPath)
    }
  }

  // MARK: Steps

  /// Runs the remaining iterations on the photos of `sampler`.
  ///
  /// If a step fails the checks of ``TrainingGuard``, the run restores its latest good state, halves the learning rate
  /// and continues with the next photos.
  ///
  /// - Parameter onStep: Called after each step. Returning false stops the run.
  /// - Throws: ``TrainingError/unstable(iteration:trouble:checkpoint:)`` at the fifth failure, the errors of `sampler`,
  ///   and any error that `onStep` throws.
  package func run(sampler: PhotoSampler, onStep: (Step) throws -> Bool) throws {
    let loader = BatchLoader(
      sampler: sampler, indices: iteration..<max(iteration, settings.iterations), hasLater: settings.temporalWeight > 0)
    while iteration < settings.iterations, let batch = try loader.next() {
      let start = ContinuousClock.now
      let step = try guardedStep(batch)
      seconds += (ContinuousClock.now - start).seconds
      guard try onStep(step) else { return }
    }
  }

  private func guardedStep(_ batch: TrainingBatch) throws -> Step {
    let trouble: TrainingGuard.Trouble?
    var done: Step
    do {
      done = try step(batch)
      let result = observed(done, batch)
      trouble = state.nonFiniteParameter.map { .notFinite("parameter '\($0)'") } ?? result.trouble
      if trouble == nil, result.isGood { good = (state.current.copy(), iteration) }
    } catch TrainingError.diverged(_, let part, _) {
      trouble = .notFinite(part)
      iteration += 1
      done = Step(iteration: iteration, losses: LossParts(), learningRate: 0)
    }
    guard let trouble else { return done }
    state.restore(good.state)
    guard watch.recover() else {
      throw TrainingError.unstable(iteration: iteration, trouble: trouble.description, checkpoint: checkpointPath)
    }
    done.recovery =
      "At iteration \(iteration) \(trouble): restored the state of iteration \(good.iteration) and reduced the learning rate to "
      + "\(watch.rateScale) of its original value"
    return done
  }

  /// Passes a step to the guard, except for steps of distillation and of the revision, whose losses are not comparable.
  private func observed(_ step: Step, _ batch: TrainingBatch) -> (trouble: TrainingGuard.Trouble?, isGood: Bool) {
    guard iteration > settings.distillationIterations, iteration <= settings.draftIterations else {
      return (nil, iteration == settings.distillationIterations)
    }
    let observation = TrainingGuard.Observation(
      iteration: iteration, total: step.losses.total, output: outputContrast,
      photos: Contrast.deviation(batch.photos), painting: paintingContrast)
    let result = watch.observe(observation)
    return (result.trouble, result.isGood || iteration == settings.draftIterations)
  }

  /// Performs one optimizer step on `batch`, RGB 0…255.
  ///
  /// - Throws: ``TrainingError/diverged(iteration:part:checkpoint:)`` if a loss is not finite. The parameters are
  ///   unchanged then.
  public func step(_ batch: TrainingBatch) throws -> Step {
    if iteration >= settings.draftIterations, let revisionLoss { return try revisionStep(batch, revisionLoss) }
    let tape = makeTape()
    tape.times = times
    times?.restart()
    let executor = NetworkExecutor(definition: draft, variables: state.executor.parameters)
    let norms = settings.norms.phase(at: iteration, of: settings.iterations)
    // The later frames go first, so that both passes use the same running statistics. Only the photos update them.
    let later = batch.later.map { frames in
      let still = NormSchedule.Phase(imageShare: norms.imageShare, momentum: 0)
      return executor(Variable(frames.frames), norms: still, on: tape)
    }
    let output = executor(Variable(batch.photos), norms: norms, on: tape)
    let losses = LossRecorder(tape: tape)
    if let teacher, iteration < settings.distillationIterations {
      addDistillation(of: teacher, to: losses, output: output, photos: batch.photos)
    } else {
      losses.add(loss(output: output, photos: batch.photos, on: tape))
    }
    if let later, let frames = batch.later {
      // The gradient flows through both frames, so the network also learns to paint frames that are easy to repeat.
      let warped = tape.warp(output, positions: frames.positions)
      losses.add(to: LossName(.temporal), weight: settings.temporalWeight) {
        tape.warpingError(later, warped: warped, change: frames.change, mask: frames.mask, weight: $0)
      }
    }
    try requireFinite(losses.parts)
    outputContrast = Contrast.deviation(output.value)
    return update(losses.parts, tape)
  }

  /// Records the mean squared difference from the output of `teacher`, divided by the painting's variance.
  ///
  /// The steps are fast because they need no features.
  /// G. Hinton, O. Vinyals, J. Dean: Distilling the Knowledge in a Neural Network, 2015.
  private func addDistillation(
    of teacher: NetworkExecutor, to losses: LossRecorder, output: Variable, photos: Tensor
  ) {
    let wanted = teacher(Variable(photos), on: makeTape()).value
    losses.addMeanSquaredError(
      to: LossName(.content), weight: 1 / (paintingContrast * paintingContrast), output, target: wanted)
  }

  /// Performs one step of the revision on a crop of a full-size frame. The trained network paints the draft.
  private func revisionStep(_ batch: TrainingBatch, _ loss: RevisionLoss) throws -> Step {
    let tape = makeTape()
    let film = Variable(batch.photos)
    let shape = batch.photos.shape
    let ratio = TrainingSettings.filmRatios[iteration % TrainingSettings.filmRatios.count]
    let canvas = tape.areaReduced(film, height: shape.height / ratio, width: shape.width / ratio)
    let frozen = NetworkExecutor(definition: draft, parameters: state.current.parameters, trainable: false)
    let painted = frozen(Variable(canvas.value), on: makeTape()).value
    let output = state.executor.revised(film: film, draft: Variable(painted), on: tape)
    let parts = loss(output: output, film: batch.photos, draft: painted, ratio: ratio, on: tape)
    try requireFinite(parts)
    outputContrast = Contrast.deviation(output.value)
    let step = update(parts, tape)
    let parameters = state.current.parameters
    if let weight = parameters["revision.conv2.weight"], let bias = parameters["revision.conv2.bias"] {
      RevisionGrid.remove(weight: weight, bias: bias)
    }
    return step
  }

  private func requireFinite(_ parts: LossParts) throws {
    guard let part = parts.nonFinitePart else { return }
    throw TrainingError.diverged(iteration: iteration + 1, part: part, checkpoint: checkpointPath)
  }

  private func update(_ parts: LossParts, _ tape: Tape) -> Step {
    tape.backward()
    let rate = settings.learningRate(at: iteration) * watch.rateScale
    iteration += 1
    let scale = settings.weights.objective.clipsGradients ? watch.gradientScale(norm: state.gradientNorm) : 1
    state.update(step: iteration, learningRate: Float(rate), gradientScale: Float(scale))
    return Step(iteration: iteration, losses: parts, learningRate: rate)
  }

  /// Creates a tape with the precision of the settings.
  private func makeTape() -> Tape { Tape(pool: pool, allocator: allocator, precision: settings.precision) }

  // MARK: Results

  /// Returns the output for `photos`, `[N, H, W, 3]`, not clamped, with the norms in the current phase of their
  /// schedule.
  package func stylize(_ photos: Tensor) -> Tensor {
    let norms = settings.norms.phase(at: iteration, of: settings.iterations)
    let frozen = NetworkExecutor(
      definition: definition, parameters: state.current.parameters, trainable: false)
    let still = NormSchedule.Phase(imageShare: norms.imageShare, momentum: 0)
    return frozen(Variable(photos), norms: still, on: Tape(pool: pool, allocator: allocator)).value
  }

  /// Returns the model with a copy of the current parameters.
  ///
  /// - Throws: ``TrainingError/diverged(iteration:part:checkpoint:)`` if a parameter is not a finite number.
  package func model(style: String, metadata: [String: String]) throws -> StyleModel {
    try requireFiniteParameters()
    return StyleModel(
      definition: definition, parameters: state.current.parameters.mapValues { $0.copy() }, style: style,
      metadata: metadata)
  }
}
