import Autograd
import Foundation
import Imaging
import Tensors
import Threading
import Training

/// Finds the picture that excites a channel most, by gradient ascent.
///
/// The goal is the mean of the channel over the whole picture, before the ReLU. The usual priors keep the picture
/// recognisable: it is a pyramid in decorrelated colours, see `PyramidPicture`, which is moved, turned and scaled a
/// little at random in each step, so that details survive only if they excite the channel wherever they are, and its
/// fine levels are blurred. After C. Olah, A. Mordvintsev, L. Schubert: Feature Visualization, Distill 2017, and
/// D. Erhan et al.: Visualizing Higher-Layer Features of a Deep Network, 2009.
package struct ChannelMaximization {
  private let extractor: VGG16
  private let pool: ComputePool

  /// The height and width of the picture in pixels.
  package var size = 224
  /// The number of steps.
  package var steps = 256
  /// The seed of the first picture and of the movements. The same seed gives the same picture.
  package var seed: UInt64 = 1

  /// How far the view moves, in pixels.
  private static let jitter: Float = 8
  /// How far the view turns, in radians.
  private static let turn: Float = 0.09
  /// How much the view grows or shrinks.
  private static let zoom: Float = 0.05
  /// What is left around the view for its movements.
  package static let margin = 16
  private static let learningRate: Float = 0.03
  private static let blur: Float = 0.04

  /// Creates a search in `extractor`.
  package init(extractor: VGG16, pool: ComputePool) {
    self.extractor = extractor
    self.pool = pool
  }

  /// Returns the picture, of ``size`` × ``size`` pixels.
  ///
  /// - Parameter progress: Called after each step with the number of steps and the mean of the channel in it. What it
  ///   throws ends the search.
  package func picture(
    of channel: FeatureChannel, progress: (_ step: Int, _ mean: Float) throws -> Void
  ) rethrows -> Picture {
    let extent = size + 2 * Self.margin
    let picture = PyramidPicture(height: extent, width: extent, seed: seed)
    let optimizer = PyramidOptimizer(picture)
    let allocator = TensorAllocator()
    var random = SplitMix64(seed: seed, stream: 1)
    for step in 0..<steps {
      let tape = Tape(pool: pool, allocator: allocator)
      let view = tape.warp(picture(on: tape), positions: positions(&random))
      var mean: Float = 0
      extractor.forEachActivation(of: view, upTo: channel.layer, rectifiesLast: false, on: tape) { layer, features in
        guard layer == channel.layer else { return }
        mean = FeatureMap(features.value, channel: channel.index).mean
        tape.seed(features, gradient: ascent(features.value.shape, channel.index))
      }
      tape.backward()
      // The last quarter settles down.
      let rest = Float(steps - step) / Float(max(1, steps / 4))
      optimizer.update(learningRate: Self.learningRate * min(1, rest))
      picture.blur(Self.blur)
      try progress(step + 1, mean)
    }
    let result = Picture(tensor: picture(on: Tape(pool: pool, allocator: allocator)).value)
    return result.croppedToCenter(width: size, height: size)
  }

  /// The gradient of `−mean` of a channel.
  private func ascent(_ shape: Shape, _ channel: Int) -> Tensor {
    let gradient = Tensor(shape)
    let pixels = shape.height * shape.width
    for pixel in 0..<pixels { gradient.buffer[pixel * shape.channels + channel] = -1 / Float(pixels) }
    return gradient
  }

  /// The positions that a moved, turned and scaled view has in the picture.
  private func positions(_ random: inout SplitMix64) -> Tensor {
    func draw(_ bound: Float) -> Float { (2 * random.uniform() - 1) * bound }
    let (right, down, angle) = (draw(Self.jitter), draw(Self.jitter), draw(Self.turn))
    let scale = 1 + draw(Self.zoom)
    let (cosine, sine) = (cos(angle) * scale, sin(angle) * scale)
    let centre = Float(size + 2 * Self.margin - 1) / 2
    let middle = Float(size - 1) / 2
    let result = Tensor(Shape(batch: 1, height: size, width: size, channels: 2), zeroed: false)
    for y in 0..<size {
      for x in 0..<size {
        let (u, v) = (Float(x) - middle, Float(y) - middle)
        result.buffer[2 * (y * size + x)] = centre + right + cosine * u - sine * v
        result.buffer[2 * (y * size + x) + 1] = centre + down + sine * u + cosine * v
      }
    }
    return result
  }
}
