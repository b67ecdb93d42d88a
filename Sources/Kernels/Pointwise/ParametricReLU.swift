import Threading

/// `x` where it is positive, else `a · x`, with a slope `a` for each channel.
///
/// K. He, X. Zhang, S. Ren, J. Sun: Delving Deep into Rectifiers, ICCV 2015.
package enum ParametricReLU {
  /// The number of pixels that a thread processes at a time.
  private static let chunk = 1 << 10

  /// Computes `output[p, c] = x > 0 ? x : slopes[c] · x` with `x = input[p, c]`, `[pixels, channels]`.
  package static func forward(
    _ input: UnsafePointer<Float>, slopes: UnsafePointer<Float>, pixels: Int, channels: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    pool.parallelFor((pixels + chunk - 1) / chunk) { index in
      for pixel in index * chunk..<min((index + 1) * chunk, pixels) {
        let (source, target) = (input + pixel * channels, output + pixel * channels)
        for channel in stride(from: 0, to: channels, by: laneCount) {
          let count = min(laneCount, channels - channel)
          let value = load(source + channel, count: count)
          let negative = load(slopes + channel, count: count) * value
          store(negative.replacing(with: value, where: value .> Lanes.zero), target + channel, count: count)
        }
      }
    }
  }

  /// Computes the gradients of the input, `[pixels, channels]`, and adds those of the slopes, `[channels]`. `dInput`
  /// may be `dOutput`.
  ///
  /// The slopes' gradients are summed on the calling thread, so that they do not depend on the number of threads.
  package static func backward(
    _ input: UnsafePointer<Float>, slopes: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, pixels: Int,
    channels: Int, dInput: UnsafeMutablePointer<Float>, dSlopes: UnsafeMutablePointer<Float>
  ) {
    for channel in 0..<channels {
      var sum = 0.0
      for pixel in 0..<pixels {
        let place = pixel * channels + channel
        let (value, gradient) = (input[place], dOutput[place])
        if value <= 0 { sum += Double(value * gradient) }
        dInput[place] = value > 0 ? gradient : slopes[channel] * gradient
      }
      dSlopes[channel] += Float(sum)
    }
  }

  /// Computes the same on activations `[C/8, H, W, 8]` of `pixels` pixels, as `input` describes them. `slopes` are
  /// padded to whole vectors.
  package static func forward(
    _ input: ActivationInput, slopes: UnsafePointer<Float>, pixels: Int, channels: Int,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let chunks = (pixels + chunk - 1) / chunk
    pool.parallelFor(channels / laneCount * chunks) { index in
      let (block, part) = index.quotientAndRemainder(dividingBy: chunks)
      let slope = load(slopes + block * laneCount)
      for pixel in part * chunk..<min((part + 1) * chunk, pixels) {
        let offset = (block * pixels + pixel) * laneCount
        let value = ActivationPass.value(input, at: offset, channel: block * laneCount)
        store((slope * value).replacing(with: value, where: value .> Lanes.zero), output + offset)
      }
    }
  }
}
