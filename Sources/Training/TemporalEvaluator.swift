import Foundation
import Imaging
import Kernels
import Tensors
import Threading

/// The temporal instability of a rendered sequence, in levels of 255.
package struct TemporalMeasurement: Codable, Sendable, Equatable {
  /// The instability of the stylized frames.
  package var output: Double
  /// The instability of the original frames, which comes from interpolation and noise.
  package var input: Double

  /// Returns the root mean square of several measurements.
  static func mean(_ parts: [TemporalMeasurement]) -> TemporalMeasurement {
    func root(_ value: (TemporalMeasurement) -> Double) -> Double {
      (parts.reduce(0) { $0 + value($1) * value($1) } / Double(max(parts.count, 1))).squareRoot()
    }
    return TemporalMeasurement(output: root(\.output), input: root(\.input))
  }
}

/// The temporal stability of stylized video, measured on several kinds of rendered sequences.
package struct TemporalReport: Codable, Sendable, Equatable {
  /// The warping error of a pan by 3.25 pixels horizontally and 1.5 pixels vertically per frame.
  package var pan: TemporalMeasurement
  /// The warping error of a pan by 0.3 pixels horizontally and 0.2 pixels vertically per frame.
  package var subpixel: TemporalMeasurement
  /// The warping error of a zoom by 2 % per frame.
  package var zoom: TemporalMeasurement
  /// The warping error of a rotation by 1° per frame.
  package var rotation: TemporalMeasurement
  /// The root mean square of these four warping errors.
  package var warping: TemporalMeasurement
  /// The standard deviation of a pixel over time in a still scene with sensor noise of σ = 2.
  package var still: TemporalMeasurement

  /// Returns the root mean square of several reports.
  package static func mean(_ reports: [TemporalReport]) -> TemporalReport {
    func part(_ path: KeyPath<TemporalReport, TemporalMeasurement>) -> TemporalMeasurement {
      .mean(reports.map { $0[keyPath: path] })
    }
    return TemporalReport(
      pan: part(\.pan), subpixel: part(\.subpixel), zoom: part(\.zoom), rotation: part(\.rotation),
      warping: part(\.warping), still: part(\.still))
  }
}

/// Measures temporal stability on sequences that are rendered from photos with exactly known flow.
///
/// Frames are sampled from a larger photo with bicubic interpolation and rounded to 8 bits, like those of a video. The
/// warping error of two consecutive frames is `√mean(m·(yₜ − W(yₜ₋₁))²)` over RGB, where `W` warps by the exact flow
/// and `m` masks the pixels that both frames show. The error of the original frames comes from the rendering and the
/// interpolation in `W`.
package struct TemporalEvaluator {
  /// The number of frames in a moving sequence.
  static let frameCount = 6
  /// The number of measured frames of the noisy still.
  static let stillCount = 8
  /// The frames of the still with denoising: `settling` frames come first, until the averages have settled, and then
  /// every `spacing`-th frame is measured, because consecutive averages are correlated.
  static let averaged = (settling: 16, spacing: 12)
  /// The standard deviation of the noise of the still, in levels of 255.
  static let noise: Float = 2
  /// The short side of the photo as a multiple of the view's side, which leaves room for motion.
  private static let room = 1.5

  /// The motion per frame of each sequence.
  static var motions: [(path: WritableKeyPath<TemporalReport, TemporalMeasurement>, motion: SmoothMotion)] {
    [
      (\.pan, SmoothMotion(shift: SIMD2(3.25, 1.5))), (\.subpixel, SmoothMotion(shift: SIMD2(0.3, 0.2))),
      (\.zoom, SmoothMotion(zoom: 1.02)), (\.rotation, SmoothMotion(angle: Double.pi / 180)),
    ]
  }

  private let size: Int
  private let denoises: Bool
  private let pool: ComputePool
  private let stylize: (Tensor) -> Tensor

  /// Creates an evaluator.
  ///
  /// - Parameters: - size: The side of the square frames in pixels. - denoises: Whether ``TemporalDenoiser`` processes
  ///   the frames before stylization. The still is then measured after it has settled. - pool: The threads that render
  ///   the frames. - stylize: A function from frames `[1, S, S, 3]`, RGB 0…255, to frames of the same shape.
  package init(size: Int, denoises: Bool = false, pool: ComputePool, stylize: @escaping (Tensor) -> Tensor) {
    self.size = size
    self.denoises = denoises
    self.pool = pool
    self.stylize = stylize
  }

  /// Measures sequences rendered from `photo`. The noise depends only on `seed`.
  package func report(photo: Picture, seed: UInt64 = 1) -> TemporalReport {
    let source = photo.resized(shortSide: Int((Double(size) * Self.room).rounded()))
    let unset = TemporalMeasurement(output: 0, input: 0)
    var report = TemporalReport(
      pan: unset, subpixel: unset, zoom: unset, rotation: unset, warping: unset, still: still(source, seed: seed))
    for (path, motion) in Self.motions { report[keyPath: path] = moving(source, motion) }
    report.warping = .mean(Self.motions.map { report[keyPath: $0.path] })
    return report
  }

  // MARK: Motion

  private func moving(_ photo: Picture, _ motion: SmoothMotion) -> TemporalMeasurement {
    let flow = Tensor(Shape(batch: 1, height: size, width: size, channels: 2), zeroed: false)
    let mask = Tensor(Shape(batch: 1, height: size, width: size, channels: 1), zeroed: false)
    motion.write(size: size, positions: flow.pointer, mask: mask.pointer)
    var sums = TemporalMeasurement(output: 0, input: 0)
    var previous: (input: Tensor, output: Tensor)?
    let denoised = denoiser()
    for time in 0..<Self.frameCount {
      let input = frame(photo, motion, time: time)
      let output = Self.clamped(stylize(denoised(input)))
      if let previous {
        sums.input += meanSquare(input, previous.input, flow, mask)
        sums.output += meanSquare(output, previous.output, flow, mask)
      }
      previous = (input, output)
    }
    let pairs = Double(Self.frameCount - 1)
    return TemporalMeasurement(output: (sums.output / pairs).squareRoot(), input: (sums.input / pairs).squareRoot())
  }

  /// Renders the frame after `time` steps of `motion`. The position of a pixel results from applying the motion `time`
  /// times.
  private func frame(_ photo: Picture, _ motion: SmoothMotion, time: Int) -> Tensor {
    let center = SIMD2(repeating: Double(size - 1) / 2)
    let middle = SIMD2(Double(photo.width - 1), Double(photo.height - 1)) / 2
    let positions = Tensor(Shape(batch: 1, height: size, width: size, channels: 2), zeroed: false)
    for y in 0..<size {
      for x in 0..<size {
        var place = SIMD2(Double(x), Double(y))
        for _ in 0..<time { place = motion.position(of: place, center: center) }
        place += middle - center
        positions.pointer[2 * (y * size + x)] = Float(place.x)
        positions.pointer[2 * (y * size + x) + 1] = Float(place.y)
      }
    }
    let frame = warped(photo.tensor(), positions)
    for index in 0..<frame.count { frame.pointer[index] = min(max(frame.pointer[index].rounded(), 0), 255) }
    return frame
  }

  private func warped(_ image: Tensor, _ positions: Tensor) -> Tensor {
    let result = Tensor(Shape(batch: 1, height: size, width: size, channels: 3), zeroed: false)
    withExtendedLifetime((image, positions)) {
      BicubicWarp.forward(
        image.pointer, positions: positions.pointer, batch: 1, height: image.shape.height, width: image.shape.width,
        channels: 3, outputHeight: size, outputWidth: size, output: result.pointer, pool: pool)
    }
    return result
  }

  /// Returns the mean squared difference between `frame` and the warped `previous` frame where the mask is set.
  private func meanSquare(_ frame: Tensor, _ previous: Tensor, _ flow: Tensor, _ mask: Tensor) -> Double {
    let expected = warped(previous, flow)
    var sum = 0.0
    var count = 0.0
    for pixel in 0..<size * size where mask.pointer[pixel] > 0 {
      for index in 3 * pixel..<3 * pixel + 3 {
        let difference = Double(frame.pointer[index] - expected.pointer[index])
        sum += difference * difference
      }
      count += 3
    }
    return sum / max(count, 1)
  }

  // MARK: Noise

  private func still(_ photo: Picture, seed: UInt64) -> TemporalMeasurement {
    let view = photo.croppedToCenter(width: size, height: size).tensor()
    var random = SplitMix64(seed: seed)
    var inputs = PixelVariance(count: view.count)
    var outputs = PixelVariance(count: view.count)
    let denoised = denoiser()
    let (settling, spacing) = denoises ? Self.averaged : (settling: 0, spacing: 1)
    for time in 0..<settling + spacing * Self.stillCount {
      let noisy = view.copy()
      for pixel in 0..<size * size {
        let noise = Self.noise * LaterFrameMaker.gaussian(&random)
        for channel in 0..<3 {
          let index = 3 * pixel + channel
          noisy.pointer[index] = min(max((noisy.pointer[index] + noise[channel]).rounded(), 0), 255)
        }
      }
      let seen = denoised(noisy)
      guard time >= settling, (time - settling) % spacing == 0 else { continue }
      inputs.add(noisy)
      outputs.add(Self.clamped(stylize(seen)))
    }
    return TemporalMeasurement(output: outputs.meanDeviation, input: inputs.meanDeviation)
  }

  /// Returns a function that denoises the frames of one sequence in order, or leaves them as they are.
  private func denoiser() -> (Tensor) -> Tensor {
    guard denoises else { return { $0 } }
    let denoiser = TemporalDenoiser(width: size, height: size)
    var bytes = [UInt8](repeating: 0, count: 3 * size * size)
    return { frame in
      for index in bytes.indices { bytes[index] = UInt8(frame.pointer[index]) }
      bytes.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { denoiser.apply(base, stride: 3 * size) }
      }
      return Tensor(frame.shape, elements: bytes.map(Float.init))
    }
  }

  private static func clamped(_ image: Tensor) -> Tensor {
    let result = image.copy()
    for index in 0..<result.count { result.pointer[index] = min(max(result.pointer[index], 0), 255) }
    return result
  }

  /// Accumulates the variance over time of each value of a picture.
  private struct PixelVariance {
    private var sums: [Double]
    private var squares: [Double]
    private var times = 0.0

    init(count: Int) {
      sums = [Double](repeating: 0, count: count)
      squares = sums
    }

    mutating func add(_ image: Tensor) {
      times += 1
      for index in sums.indices {
        let value = Double(image.pointer[index])
        sums[index] += value
        squares[index] += value * value
      }
    }

    /// The square root of the mean unbiased variance.
    var meanDeviation: Double {
      var total = 0.0
      for index in sums.indices { total += squares[index] - sums[index] * sums[index] / times }
      return (max(0, total) / (Double(sums.count) * (times - 1))).squareRoot()
    }
  }
}
