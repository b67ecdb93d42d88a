import Autograd
import Imaging
import Kernels
import Networks
import Tensors
import Threading

/// Computes the losses of stylized photos.
package final class StyleEvaluator {
  private let pool: ComputePool
  private let extractor: VGG16
  private let loss: PerceptualLoss
  /// The painting in the size in which it is compared, `[1, H, W, 3]`.
  private let painting: Tensor

  /// Creates an evaluator for a painting.
  ///
  /// - Parameter styleSize: The short side of the painting in pixels, or 0 for its own size.
  /// - Throws: ``TrainingError/invalidSetting(name:found:expected:)`` if the painting is too small or too large for the
  ///   extractor.
  package init(
    extractor: VGG16, style: Picture, styleSize: Int = 256, weights: LossWeights = LossWeights(), pool: ComputePool
  ) throws {
    let painting = StyleImage.scaled(style, to: styleSize)
    try StyleImage.checkExtent(painting)
    self.pool = pool
    self.extractor = extractor
    self.painting = painting.tensor()
    loss = PerceptualLoss(
      extractor: extractor, style: self.painting, weights: weights,
      tape: Tape(pool: pool, allocator: TensorAllocator()))
  }

  /// Resizes `photo` to a short side of `size` pixels and crops the central square.
  package static func crop(_ photo: Picture, size: Int) -> Picture {
    photo.resized(shortSide: size).croppedToCenter(width: size, height: size)
  }

  /// Returns the losses of `output` for `photo`, both `[1, H, W, 3]`. The output is clamped to 0…255 first.
  package func losses(output: Tensor, photo: Tensor) -> LossParts {
    let clamped = output.copy()
    for index in 0..<clamped.count { clamped.pointer[index] = min(max(clamped.pointer[index], 0), 255) }
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    return loss(output: Variable(clamped), photos: photo, on: tape)
  }

  /// Returns the losses of the output of `model`.
  ///
  /// - Parameter photo: A photo, `[1, H, W, 3]`. H and W must be multiples of the network's `sizeMultiple`.
  package func losses(of model: StyleModel, photo: Tensor) -> LossParts {
    losses(output: output(of: model, photo: photo), photo: photo)
  }

  /// Returns the output of `model`, not clamped.
  ///
  /// - Parameter photo: A photo, `[1, H, W, 3]`. H and W must be multiples of the network's `sizeMultiple`.
  package func output(of model: StyleModel, photo: Tensor) -> Tensor {
    let executor = NetworkExecutor(definition: model.definition, parameters: model.parameters, trainable: false)
    return executor(Variable(photo), on: Tape(pool: pool, allocator: TensorAllocator())).value
  }

  /// Stylizes `photo`, `[1, H, W, 3]`, by optimising its pixels with up to `iterations` steps of L-BFGS, at its own
  /// size.
  ///
  /// The result is the reference for networks, which need a single pass where this needs hundreds of passes through the
  /// extractor. L. Gatys, A. Ecker, M. Bethge: Image Style Transfer Using Convolutional Neural Networks, CVPR 2016.
  package func optimized(photo: Tensor, iterations: Int) throws -> Tensor {
    let minimizer = try pixelMinimizer(photo: photo)
    for _ in 0..<iterations {
      guard try minimizer.step() else { break }
    }
    return minimizer.picture.copy()
  }

  /// The slow method on `photo`, `[1, H, W, 3]`, from the photo and at its own size, step by step.
  package func pixelMinimizer(photo: Tensor) throws -> SlowMethod {
    let loss = PictureLoss(
      extractor: extractor, regions: [.init(paintings: [.init(picture: painting)])], photo: photo,
      weights: loss.weights, pool: pool)
    return try SlowMethod(loss: loss, start: photo, pool: pool)
  }
}
