import Autograd
import Imaging
import Kernels
import Networks
import Tensors
import Threading

/// Measures how well stylized photos meet the objective.
public final class StyleEvaluator {
  private let pool: ComputePool
  private let extractor: VGG16
  private let loss: PerceptualLoss

  /// An evaluator for a painting, scaled to `styleSize` on its short side (0: left as it is).
  ///
  /// Throws ``TrainingError/invalidSetting(name:found:expected:)`` for a painting that is too small for the extractor.
  public init(
    extractor: VGG16, style: Picture, styleSize: Int = 256, weights: LossWeights = LossWeights(), pool: ComputePool
  ) throws {
    let painting = StyleImage.scaled(style, to: styleSize)
    try StyleImage.checkExtent(painting)
    self.pool = pool
    self.extractor = extractor
    loss = PerceptualLoss(
      extractor: extractor, style: painting.tensor(), weights: weights,
      tape: Tape(pool: pool, allocator: TensorAllocator()))
  }

  /// `photo` as it is compared: short side scaled to `size`, then the central square of `size` pixels.
  public static func crop(_ photo: Picture, size: Int) -> Picture {
    photo.resized(shortSide: size).croppedToCenter(width: size, height: size)
  }

  /// The losses of `output` for `photo`, both `[1, H, W, 3]`; the output is clamped to 0…255 first.
  public func losses(output: Tensor, photo: Tensor) -> LossParts {
    let clamped = output.copy()
    for index in 0..<clamped.count { clamped.pointer[index] = min(max(clamped.pointer[index], 0), 255) }
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    return loss(output: Variable(clamped), photos: photo, on: tape)
  }

  /// The losses of `model`'s output for `photo`, `[1, H, W, 3]`; H and W are multiples of the network's `sizeMultiple`.
  public func losses(of model: StyleModel, photo: Tensor) -> LossParts {
    losses(output: output(of: model, photo: photo), photo: photo)
  }

  /// The output of `model` for `photo`, `[1, H, W, 3]`, not clamped; H and W are multiples of the network's `sizeMultiple`.
  public func output(of model: StyleModel, photo: Tensor) -> Tensor {
    let executor = NetworkExecutor(definition: model.definition, parameters: model.parameters, trainable: false)
    return executor(Variable(photo), on: Tape(pool: pool, allocator: TensorAllocator())).value
  }

  /// The picture that the slow way finds: the pixels of `photo`, `[1, H, W, 3]`, changed by `iterations` steps of L-BFGS on the
  /// objective itself.
  ///
  /// It is the yardstick for networks, which have one pass where this has hundreds through the extractor.
  /// L. Gatys, A. Ecker, M. Bethge: Image Style Transfer Using Convolutional Neural Networks, CVPR 2016.
  public func optimized(photo: Tensor, iterations: Int) -> Tensor {
    var minimizer = LBFGS()
    let allocator = TensorAllocator()
    let pixels = minimizer.minimize(photo.elements, iterations: iterations) { point in
      let tape = Tape(pool: pool, allocator: allocator)
      let picture = Variable(Tensor(photo.shape, elements: point), requiresGradient: true)
      let parts = loss(output: picture, photos: photo, on: tape)
      tape.backward()
      return (parts.total, picture.gradient?.elements ?? [Float](repeating: 0, count: point.count))
    }
    return Tensor(photo.shape, elements: pixels)
  }
}
