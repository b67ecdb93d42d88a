import Autograd
import Imaging
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
    /// A sentence where the training went back to an earlier state and lowered its rate.
    public var recovery: String?
  }

  /// What paints on the canvas; the whole architecture where there is no canvas.
  private let draft: NetworkDefinition
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

  /// How often the run went back to an earlier state.
  public var recoveries: Int { watch.recoveries }

  /// Gathers the time of each operation of the steps, where it is wanted.
  public var times: OperationTimes?

  private let pool: ComputePool
  private let allocator = TensorAllocator()
  private let loss: PerceptualLoss
  /// The loss of the steps that train the revision; nil where the network has none to train.
  private let revisionLoss: RevisionLoss?
  private let styleChecksum: String
  private let paintingContrast: Double
  private let state: TrainingState
  /// The network whose pictures the first steps learn; nil where there are no such steps.
  private let teacher: NetworkExecutor?
  /// The latest state that is known to be good.
  private var good: (state: TrainingState.Snapshot, iteration: Int)
  private var watch = TrainingGuard()
  private var outputContrast = 0.0

  /// A trainer at iteration 0.
  ///
  /// - Parameters:
  ///   - style: The painting, any size; it is scaled to ``TrainingSettings/styleSize``.
  ///   - styleChecksum: The SHA-256 of the painting's file, by which a checkpoint is known to belong to it.
  ///   - base: Parameters to start from, those of the settings' network; nil starts from random values.
  ///   - teacher: The model whose pictures the first ``TrainingSettings/distillationIterations`` steps learn.
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

  /// Goes on where the run of the checkpoint at `path` stopped; its settings and painting must be this trainer's.
  public func resume(from path: String) throws {
    let checkpoint = try Checkpoint.load(path: path, settings: settings, styleChecksum: styleChecksum)
    state.restore(checkpoint.state)
    good = (checkpoint.good, checkpoint.goodIteration)
    watch = checkpoint.watch
    iteration = checkpoint.iteration
    seconds = checkpoint.seconds
    checkpointPath = path
  }

  /// Writes the run's state to `path`, unless a parameter is no longer a finite number.
  public func saveCheckpoint(to path: String) throws {
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
  /// `onStep` is called after each; returning false stops early. Where a step goes wrong, see ``TrainingGuard``, the run goes back
  /// to its latest good state, halves the learning rate and goes on with the next photos; after four times it throws
  /// ``TrainingError/unstable(iteration:trouble:checkpoint:)``.
  public func run(sampler: PhotoSampler, onStep: (Step) throws -> Bool) throws {
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
      done = Step(
        iteration: iteration, losses: LossParts(content: 0, styleLayers: [:], totalVariation: 0), learningRate: 0)
    }
    guard let trouble else { return done }
    state.restore(good.state)
    guard watch.recover() else {
      throw TrainingError.unstable(iteration: iteration, trouble: trouble.description, checkpoint: checkpointPath)
    }
    done.recovery =
      "At iteration \(iteration) \(trouble): back to the state of iteration \(good.iteration), the learning rate is now "
      + "\(watch.rateScale) of what it was"
    return done
  }

  /// What the guard says of a step. It sees those of the objective alone: losses of other phases are no measure of one another.
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

  /// One optimizer step on `batch`, RGB 0…255.
  ///
  /// Throws ``TrainingError/diverged(iteration:part:checkpoint:)`` where a loss is not finite; nothing has changed then.
  public func step(_ batch: TrainingBatch) throws -> Step {
    if iteration >= settings.draftIterations, let revisionLoss { return try revisionStep(batch, revisionLoss) }
    let tape = Tape(pool: pool, allocator: allocator)
    tape.times = times
    times?.restart()
    let executor = NetworkExecutor(definition: draft, variables: state.executor.parameters)
    let norms = settings.norms.phase(at: iteration, of: settings.iterations)
    // First, so that both passes see the statistics as they were: only the photos move them.
    let later = batch.later.map { frames in
      let still = NormSchedule.Phase(imageShare: norms.imageShare, momentum: 0)
      return executor(Variable(frames.frames), norms: still, on: tape)
    }
    let output = executor(Variable(batch.photos), norms: norms, on: tape)
    var parts: LossParts
    if let teacher, iteration < settings.distillationIterations {
      parts = distillation(of: teacher, output: output, photos: batch.photos, on: tape)
    } else {
      parts = loss(output: output, photos: batch.photos, on: tape)
    }
    if let later, let frames = batch.later {
      // The gradient goes through both frames: what makes the earlier one easier to repeat is learned as well.
      let error = tape.warpingError(
        later, warped: tape.warp(output, positions: frames.positions), change: frames.change, mask: frames.mask,
        weight: Float(settings.temporalWeight))
      parts.temporal = settings.temporalWeight * error
    }
    if let suspect = parts.suspect {
      throw TrainingError.diverged(iteration: iteration + 1, part: suspect, checkpoint: checkpointPath)
    }
    outputContrast = Contrast.deviation(output.value)
    return update(parts, tape)
  }

  /// The mean squared difference to what `teacher` paints, over the painting's variance: no features are needed, so that many steps take
  /// little time.
  ///
  /// G. Hinton, O. Vinyals, J. Dean: Distilling the Knowledge in a Neural Network, 2015.
  private func distillation(
    of teacher: NetworkExecutor, output: Variable, photos: Tensor, on tape: Tape
  ) -> LossParts {
    let wanted = teacher(Variable(photos), on: Tape(pool: pool, allocator: allocator)).value
    let weight = 1 / (paintingContrast * paintingContrast)
    var parts = LossParts(content: 0, styleLayers: [:], totalVariation: 0)
    parts.content = weight * tape.meanSquaredError(output, target: wanted, weight: Float(weight))
    return parts
  }

  /// One step of the revision, on crops of films whose drafts are painted by the network as it is.
  private func revisionStep(_ batch: TrainingBatch, _ loss: RevisionLoss) throws -> Step {
    let tape = Tape(pool: pool, allocator: allocator)
    let film = Variable(batch.photos)
    let shape = batch.photos.shape
    let ratio = TrainingSettings.filmRatios[iteration % TrainingSettings.filmRatios.count]
    let canvas = tape.areaReduced(film, height: shape.height / ratio, width: shape.width / ratio)
    let frozen = NetworkExecutor(definition: draft, parameters: state.current.parameters, trainable: false)
    let painted = frozen(Variable(canvas.value), on: Tape(pool: pool, allocator: allocator)).value
    let output = state.executor.revised(film: film, draft: Variable(painted), on: tape)
    let parts = loss(output: output, film: batch.photos, draft: painted, ratio: ratio, on: tape)
    if let suspect = parts.suspect {
      throw TrainingError.diverged(iteration: iteration + 1, part: suspect, checkpoint: checkpointPath)
    }
    outputContrast = Contrast.deviation(output.value)
    let step = update(parts, tape)
    let parameters = state.current.parameters
    if let weight = parameters["revision.conv2.weight"], let bias = parameters["revision.conv2.bias"] {
      RevisionGrid.remove(weight: weight, bias: bias)
    }
    return step
  }

  private func update(_ parts: LossParts, _ tape: Tape) -> Step {
    tape.backward()
    let rate = settings.learningRate(at: iteration) * watch.rateScale
    iteration += 1
    let scale = settings.weights.objective == .balanced ? watch.gradientScale(norm: state.gradientNorm) : 1
    state.update(step: iteration, learningRate: Float(rate), gradientScale: Float(scale))
    return Step(iteration: iteration, losses: parts, learningRate: rate)
  }

  // MARK: Results

  /// The output for `photos`, `[N, H, W, 3]`, not clamped, with the norms as they are at this point of the schedule.
  public func stylize(_ photos: Tensor) -> Tensor {
    let norms = settings.norms.phase(at: iteration, of: settings.iterations)
    let frozen = NetworkExecutor(
      definition: definition, parameters: state.current.parameters, trainable: false)
    let still = NormSchedule.Phase(imageShare: norms.imageShare, momentum: 0)
    return frozen(Variable(photos), norms: still, on: Tape(pool: pool, allocator: allocator)).value
  }

  /// The model as it is now; throws where a parameter is not a finite number.
  public func model(style: String, metadata: [String: String]) throws -> StyleModel {
    try requireFiniteParameters()
    return StyleModel(
      definition: definition, parameters: state.current.parameters.mapValues { $0.copy() }, style: style,
      metadata: metadata)
  }
}
