import Foundation
import Imaging
import Tensors
import Threading

/// A run of the slow method from coarse to fine: the pixels of a picture are changed until it has the photo's content
/// and the painting's style.
///
/// Each canvas starts from the result on the one before, enlarged. Large forms are found where they are cheap, and
/// within reach of the extractor. L. Gatys, A. Ecker, M. Bethge: Image Style Transfer Using Convolutional Neural
/// Networks, CVPR 2016; coarse to fine: L. Gatys et al.: Controlling Perceptual Factors in Neural Style Transfer,
/// CVPR 2017. The same settings, pictures and number of threads give the same bytes.
public final class PictureOptimization {
  /// A step, or the start on a canvas.
  public struct Step: Sendable {
    /// The short side of the canvas.
    public var lines: Int
    /// The number of completed steps on the canvas.
    public var iteration: Int
    /// The number of steps of the run, those that a canvas has not needed included.
    public var completed: Int
    /// The losses of the best picture, or of Adam's latest one, weights applied.
    public var losses: LossParts
    /// Whether this is the last step on the canvas.
    public var isLast: Bool
  }

  /// What is known of a finished canvas.
  public struct Canvas: Codable, Sendable {
    /// The short side in pixels.
    public var lines: Int
    /// The number of steps, fewer than those of the settings if no more lowered the loss.
    public var iterations: Int
    /// The number of evaluations of the loss.
    public var evaluations: Int
    /// The loss of the result.
    public var loss: Double
  }

  /// How a run ended.
  public enum Outcome: Sendable, Equatable {
    /// All canvases are done.
    case finished
    /// `shouldStop` returned true.
    case interrupted
  }

  private struct Interruption: Error {}

  /// The settings.
  public let settings: OptimizationSettings
  /// The canvases finished in this process.
  public private(set) var canvases: [Canvas] = []
  /// The number of pairs of L-BFGS for which there is memory.
  public private(set) var history: Int

  private let pictures: OptimizationPictures
  private let colours: Picture?
  private let inputs: [String]
  private let extractor: VGG16
  private let pool: ComputePool
  private let started = ContinuousClock.now
  private var earlierSeconds = 0.0
  private var canvas = 0
  private var iteration = 0
  /// The picture with which the canvas starts.
  private var start: Tensor
  private var minimizer: (any PixelMinimizer)?

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - photo: The photo without alpha; nil for a texture.
  ///   - paintings: The paintings, at least one.
  ///   - inputs: What the result depends on besides the settings, such as the SHA-256 of the picture files. A
  ///     checkpoint keeps it.
  ///   - checkpoint: The checkpoint to go on from; nil to start.
  /// - Throws: ``TrainingError/invalidSetting(name:found:expected:)``, ``OptimizationError``, or `SafetensorsError`.
  public init(
    settings: OptimizationSettings, photo: Picture?, paintings: [OptimizationPictures.Painting], inputs: [String],
    extractor: VGG16, pool: ComputePool, resumingFrom checkpoint: String? = nil
  ) throws {
    try settings.validate()
    guard !paintings.isEmpty else {
      throw TrainingError.invalidSetting(name: "the number of paintings", found: "0", expected: "at least 1")
    }
    self.settings = settings
    self.inputs = inputs
    self.extractor = extractor
    self.pool = pool
    colours = settings.preservesColors ? photo : nil
    pictures = OptimizationPictures(
      photo: settings.isTexture ? nil : photo, paintings: paintings, preservesColors: settings.preservesColors)
    let size = pictures.canvas(lines: settings.size)
    history = try OptimizationMemory.history(width: size.width, height: size.height, settings: settings)
    start = Tensor(Shape(batch: 1, height: 0, width: 0, channels: 3))
    if let checkpoint {
      try resume(from: checkpoint)
    } else {
      start = pictures.start(settings.start, lines: settings.canvasSizes[0], seed: settings.seed, pool: pool)
    }
  }

  private func resume(from path: String) throws {
    let checkpoint = try OptimizationCheckpoint.load(path: path, settings: settings, inputs: inputs)
    let size = pictures.canvas(lines: settings.canvasSizes[checkpoint.canvas])
    let shape = Shape(batch: 1, height: size.height, width: size.width, channels: 3)
    guard checkpoint.state.vectors.values.allSatisfy({ $0.shape == shape }) else {
      throw OptimizationError.invalidCheckpoint(file: path, reason: "its picture has another size")
    }
    (canvas, iteration, history) = (checkpoint.canvas, checkpoint.iteration, checkpoint.history)
    earlierSeconds = checkpoint.seconds
    if let picture = checkpoint.state.vectors["start"] {
      start = picture
      return
    }
    minimizer =
      switch settings.optimizer {
      case .lbfgs: LBFGS(state: checkpoint.state, history: history, pool: pool)
      case .adam:
        AdamMinimizer(
          state: checkpoint.state, learningRate: settings.learningRate, steps: settings.iterations, pool: pool)
      }
    guard let minimizer else {
      throw OptimizationError.invalidCheckpoint(file: path, reason: "its vectors are incomplete")
    }
    start = minimizer.best
  }

  /// The number of steps of the whole run.
  public var totalIterations: Int { settings.iterations * settings.canvasSizes.count }
  /// The number of completed steps, those that a canvas has not needed included.
  public var completedIterations: Int { canvas * settings.iterations + iteration }
  /// The seconds of the run, those before a resumption included.
  public var seconds: Double { earlierSeconds + (ContinuousClock.now - started).seconds }

  /// Runs until all canvases are done or `shouldStop` returns true.
  ///
  /// - Parameters:
  ///   - shouldStop: Called before each step, and before each tile of an evaluation.
  ///   - onStep: Receives the start of each canvas and each step.
  /// - Throws: ``OptimizationError/diverged(lines:)``, and the errors of `onStep`.
  public func run(shouldStop: @escaping () -> Bool, onStep: (Step) throws -> Void) throws -> Outcome {
    let sizes = settings.canvasSizes
    while canvas < sizes.count {
      let isFinished = try paint(lines: sizes[canvas], shouldStop: shouldStop, onStep: onStep)
      guard isFinished else { return .interrupted }
      guard canvas + 1 < sizes.count else { return .finished }
      canvas += 1
      iteration = 0
      let next = pictures.canvas(lines: sizes[canvas])
      start = start.resized(height: next.height, width: next.width)
    }
    return .finished
  }

  /// Paints on one canvas. Returns false if it was interrupted.
  private func paint(
    lines: Int, shouldStop: @escaping () -> Bool, onStep: (Step) throws -> Void
  ) throws -> Bool {
    if shouldStop() { return false }
    var weights = settings.weights
    if settings.isTexture { weights.content = 0 }
    // A sum over pixels, which the other terms are not: its share is to be the same on all canvases.
    let pixels = Double(start.count / 3)
    weights.totalVariation *= min(1, 256 * 256 / pixels)
    let loss = PictureLoss(
      extractor: extractor,
      regions: pictures.regions(lines: lines, styleScale: settings.styleScale, pool: pool),
      photo: weights.content > 0 ? pictures.photo(lines: lines, pool: pool) : nil, weights: weights,
      tileSide: settings.tileSide, pool: pool)
    loss.checkpoint = { if shouldStop() { throw Interruption() } }
    var losses = LossParts()
    func evaluate(_ point: Tensor, _ gradient: Tensor) throws -> Double {
      losses = try loss(point, gradient: gradient)
      return losses.total
    }
    func report(_ losses: LossParts, isLast: Bool) throws {
      let completed = isLast ? (canvas + 1) * settings.iterations : completedIterations
      try onStep(
        Step(lines: lines, iteration: iteration, completed: completed, losses: losses, isLast: isLast))
    }
    do {
      let isNew = self.minimizer == nil
      let minimizer = try self.minimizer ?? newMinimizer(evaluate)
      self.minimizer = minimizer
      guard minimizer.bestValue.isFinite else { throw OptimizationError.diverged(lines: lines) }
      // The losses of a resumed canvas are not known before its next step.
      var accepted = isNew ? losses : nil
      if isNew, iteration == 0 { try report(losses, isLast: false) }
      while iteration < settings.iterations {
        if shouldStop() { return false }
        guard try minimizer.step(evaluate) else {
          guard losses.total.isFinite else { throw OptimizationError.diverged(lines: lines) }
          if let accepted { try report(accepted, isLast: true) }
          break
        }
        accepted = losses
        iteration += 1
        start = minimizer.best
        try report(losses, isLast: iteration == settings.iterations)
      }
      start = minimizer.best.copy()
      canvases.append(
        Canvas(
          lines: lines, iterations: iteration, evaluations: minimizer.evaluations, loss: minimizer.bestValue))
      self.minimizer = nil
      return true
    } catch is Interruption {
      return false
    }
  }

  private func newMinimizer(_ evaluate: PixelMinimizer.Evaluation) throws -> any PixelMinimizer {
    switch settings.optimizer {
    case .lbfgs: try LBFGS(start: start, history: history, pool: pool, evaluate)
    case .adam:
      try AdamMinimizer(
        start: start, learningRate: settings.learningRate, steps: settings.iterations, pool: pool, evaluate)
    }
  }

  /// The best picture so far, in the size of the canvas.
  public var canvasPicture: Picture { Picture(tensor: minimizer?.best ?? start) }

  /// The best picture so far in the size of the result, with the photo's colours if they are preserved.
  public var picture: Picture {
    let size = pictures.canvas(lines: settings.size)
    let best = minimizer?.best ?? start
    let result = Picture(tensor: best.resized(height: size.height, width: size.width))
    guard let colours else { return result }
    return colours.resized(width: size.width, height: size.height, pool: pool)
      .preservingColors(in: result, pool: pool)
  }

  /// Writes the state of the run to the file at `path`.
  ///
  /// - Throws: A file error.
  public func saveCheckpoint(to path: String) throws {
    try OptimizationCheckpoint(
      settings: settings, inputs: inputs, canvas: canvas, iteration: iteration, history: history,
      seconds: seconds, state: minimizer?.state ?? MinimizerState(vectors: ["start": start], numbers: [:])
    ).save(path: path)
  }
}
