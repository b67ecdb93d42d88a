import Foundation
import Imaging
import Kernels
import Tensors
import Threading

/// Renders a frame that follows a photo, with a smooth motion, a change of lighting and sensor noise.
struct LaterFrameMaker {
  /// The share of frames without motion, as in most parts of a video. Only the lighting and the noise change in them.
  private static let stillShare: Float = 0.25
  /// The maximum standard deviation of the noise, in levels of 255.
  private static let maximumNoise: Float = 4
  /// The maximum deviation of the lighting's gain from 1.
  private static let gainRange: Float = 0.1
  /// The maximum offset of the lighting, in levels of 255.
  private static let offsetRange: Float = 10

  /// The weights of red, green and blue in the luma of Rec. 601.
  private static let luminance = SIMD3<Float>(0.299, 0.587, 0.114)

  /// Runs the warp on the calling thread, because the training keeps its own pool busy.
  private let pool = ComputePool(threads: 1)

  /// Writes frame `index` of `later` for the crop of `size` × `size` pixels at `(x, y)` of `photo`.
  ///
  /// The frame is sampled from the whole photo, so motion can bring pixels into the crop.
  func write(
    _ photo: Picture, x: Int, y: Int, size: Int, _ random: inout SplitMix64, to later: LaterFrames, index: Int
  ) {
    let pixels = size * size
    let frame = later.frames.pointer + index * pixels * 3
    let positions = later.positions.pointer + index * pixels * 2
    let isStill = random.uniform() < Self.stillShare
    let motion = isStill ? .none : SmoothMotion.random(size: size, &random)
    motion.write(size: size, positions: positions, mask: later.mask.pointer + index * pixels)

    let inPhoto = Tensor(Shape(batch: 1, height: size, width: size, channels: 2), zeroed: false)
    for pixel in 0..<pixels {
      inPhoto.pointer[2 * pixel] = positions[2 * pixel] + Float(x)
      inPhoto.pointer[2 * pixel + 1] = positions[2 * pixel + 1] + Float(y)
    }
    let source = photo.tensor()
    withExtendedLifetime((source, inPhoto)) {
      BicubicWarp.forward(
        source.pointer, positions: inPhoto.pointer, batch: 1, height: photo.height, width: photo.width, channels: 3,
        outputHeight: size, outputWidth: size, output: frame, pool: pool)
    }
    let gain = 1 + Self.gainRange * (2 * random.uniform() - 1)
    let offset = Self.offsetRange * (2 * random.uniform() - 1)
    let noise = Self.maximumNoise * random.uniform()
    let change = later.change.pointer + index * pixels
    for pixel in 0..<pixels {
      let values = frame + 3 * pixel
      let before = clamped(SIMD3(values[0], values[1], values[2]))
      let after = clamped(before * gain + offset)
      change[pixel] = ((after - before) * Self.luminance).sum()
      let noisy = clamped(after + noise * Self.gaussian(&random))
      for channel in 0..<3 { values[channel] = noisy[channel] }
    }
  }

  private func clamped(_ color: SIMD3<Float>) -> SIMD3<Float> {
    color.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
  }

  /// Returns three independent standard normal values, by the Box–Muller transform.
  static func gaussian(_ random: inout SplitMix64) -> SIMD3<Float> {
    func pair(_ random: inout SplitMix64) -> (Float, Float) {
      // 1 − u lies in (0, 1], so its logarithm is finite.
      let radius = (-2 * log(1 - random.uniform())).squareRoot()
      let angle = 2 * Float.pi * random.uniform()
      return (radius * cos(angle), radius * sin(angle))
    }
    let (first, second) = pair(&random)
    return SIMD3(first, second, pair(&random).0)
  }
}
