import Imaging
import Kernels
import Tensors
import Threading

/// The weight of each pixel of a picture in a region, from 0 to 1, at the sizes of its features.
final class RegionPlane {
  /// The weights, `[1, H, W, 1]`.
  let weights: Tensor
  private let pool: ComputePool
  private var reductions: [Shape: Tensor] = [:]

  /// Creates a plane of `weights`, `[1, H, W, 1]`.
  init(weights: Tensor, pool: ComputePool) {
    self.weights = weights
    self.pool = pool
  }

  /// Creates a plane from the luma of `mask`, resized to `height` × `width`: white counts, black does not.
  convenience init(mask: Picture, height: Int, width: Int, pool: ComputePool) {
    let resized = mask.flattened().resized(width: width, height: height, filter: .box, pool: pool)
    let luma = Plane(luma: resized).values.map { min(max($0 / 255, 0), 1) }
    self.init(
      weights: Tensor(Shape(batch: 1, height: height, width: width, channels: 1), elements: luma), pool: pool)
  }

  /// The mean weight.
  var mean: Double {
    withExtendedLifetime(weights) { weights.buffer.reduce(0.0) { $0 + Double($1) } / Double(max(1, weights.count)) }
  }

  /// The weights at `height` × `width` by area averaging, `[1, height, width, 1]`.
  func reduced(height: Int, width: Int) -> Tensor {
    let shape = Shape(batch: 1, height: height, width: width, channels: 1)
    if shape == weights.shape { return weights }
    if let known = reductions[shape] { return known }
    let reduction = AreaReduction(
      height: weights.shape.height, width: weights.shape.width, outputHeight: height, outputWidth: width)
    let result = Tensor(shape, zeroed: false)
    let scratch = Tensor(Shape([reduction.scratchCount(channels: 1, threads: pool.threadCount)]), zeroed: false)
    withExtendedLifetime((weights, scratch)) {
      reduction.forward(
        weights.pointer, batch: 1, channels: 1, output: result.pointer, scratch: scratch.pointer, pool: pool)
    }
    reductions[shape] = result
    return result
  }
}

/// The part of a picture that one painting, or a mixture of paintings, determines.
struct PictureRegion {
  /// The weights of the pixels; nil for the whole picture.
  var plane: RegionPlane?
  /// The share of the style losses.
  var share: Double
}
