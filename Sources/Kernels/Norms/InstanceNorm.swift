import Threading

/// Instance normalisation with affine parameters.
///
/// `y = γ·(x − μ)/√(σ² + ε) + β`, where `μ` and `σ²` (biased) are the mean and variance of one channel of one image. D.
/// Ulyanov, A. Vedaldi, V. Lempitsky: Instance Normalization, 2016.
package enum InstanceNorm {
  /// `ε`, as in PyTorch.
  package static let epsilon: Float = 1e-5

  /// The number of values that a thread processes at a time.
  private static let chunk = 1 << 15
  /// The number of pixels summed in single precision before the sum is added to a double.
  private static let flush = 64

  private static func pixelsPerChunk(_ channels: Int) -> Int { max(flush, chunk / channels) }

  private static func chunks(_ pixels: Int, _ channels: Int) -> Int {
    (pixels + pixelsPerChunk(channels) - 1) / pixelsPerChunk(channels)
  }

  /// Returns the doubles of scratch space for
  /// ``statistics(_:batch:pixels:channels:mean:inverseDeviation:scratch:pool:)`` and the backward pass.
  package static func scratchCount(batch: Int, pixels: Int, channels: Int) -> Int {
    batch * chunks(pixels, channels) * 2 * channels
  }

  // MARK: Forward

  /// Writes `μ` and `1/√(σ² + ε)`, each `[N, C]`, of an input `[N, pixels, C]`.
  ///
  /// The sums are taken over differences from the first pixel of the image, so that a large mean does not reduce
  /// accuracy.
  package static func statistics(
    _ input: UnsafePointer<Float>, batch: Int, pixels: Int, channels: Int, mean: UnsafeMutablePointer<Float>,
    inverseDeviation: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Double>, pool: ComputePool
  ) {
    let perChunk = pixelsPerChunk(channels)
    let chunkCount = chunks(pixels, channels)
    let imageCount = pixels * channels
    pool.parallelFor(batch * chunkCount) { index in
      let image = input + index / chunkCount * imageCount
      let first = index % chunkCount * perChunk
      let last = min(first + perChunk, pixels)
      let sums = scratch + index * 2 * channels
      sums.update(repeating: 0, count: 2 * channels)
      var channel = 0
      while channel < channels {
        let count = min(laneCount, channels - channel)
        let shift = load(image + channel, count: count)
        var pixel = first
        while pixel < last {
          var sum = Lanes.zero
          var squares = Lanes.zero
          let end = min(pixel + flush, last)
          while pixel < end {
            let difference = load(image + pixel * channels + channel, count: count) - shift
            sum += difference
            squares.addProduct(difference, difference)
            pixel += 1
          }
          for lane in 0..<count {
            sums[channel + lane] += Double(sum[lane])
            sums[channels + channel + lane] += Double(squares[lane])
          }
        }
        channel += laneCount
      }
    }
    for image in 0..<batch {
      for channel in 0..<channels {
        var sum = 0.0
        var squares = 0.0
        for index in image * chunkCount..<(image + 1) * chunkCount {
          sum += scratch[index * 2 * channels + channel]
          squares += scratch[index * 2 * channels + channels + channel]
        }
        let shifted = sum / Double(pixels)
        let variance = max(squares / Double(pixels) - shifted * shifted, 0)
        mean[image * channels + channel] = Float(Double(input[image * imageCount + channel]) + shifted)
        inverseDeviation[image * channels + channel] = Float(1 / (variance + Double(epsilon)).squareRoot())
      }
    }
  }

  /// Computes `output = γ·(input − μ)·inverseDeviation + β`, then ReLU with `appliesReLU`, then adds `residual`, if
  /// any.
  ///
  /// `output` may be `input`. `residual` has the input's shape.
  package static func apply(
    _ input: UnsafePointer<Float>, batch: Int, pixels: Int, channels: Int, gamma: UnsafePointer<Float>,
    beta: UnsafePointer<Float>, mean: UnsafePointer<Float>, inverseDeviation: UnsafePointer<Float>, appliesReLU: Bool,
    residual: UnsafePointer<Float>? = nil, output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let perChunk = pixelsPerChunk(channels)
    let chunkCount = chunks(pixels, channels)
    pool.parallelFor(batch * chunkCount) { index in
      let image = index / chunkCount
      let first = index % chunkCount * perChunk
      let last = min(first + perChunk, pixels)
      let base = image * pixels * channels
      var channel = 0
      while channel < channels {
        let count = min(laneCount, channels - channel)
        let scale =
          load(gamma + channel, count: count) * load(inverseDeviation + image * channels + channel, count: count)
        let shift =
          load(beta + channel, count: count) - load(mean + image * channels + channel, count: count) * scale
        var offset = base + first * channels + channel
        for _ in first..<last {
          var value = shift.addingProduct(load(input + offset, count: count), scale)
          if appliesReLU { value = rectified(value) }
          if let residual { value += load(residual + offset, count: count) }
          store(value, output + offset, count: count)
          offset += channels
        }
        channel += laneCount
      }
    }
  }

  // MARK: Backward

  /// Computes the gradients of the input and of both parameters.
  ///
  /// With `x̂ = (x − μ)·s`, the inverse deviation `s`, and means over one channel of one image:
  /// `dInput = γ·s·(dy − mean(dy) − x̂·mean(dy·x̂))`, `dGamma += Σ dy·x̂`, `dBeta += Σ dy`. If the forward pass ended
  /// with ReLU, `rectifiedOutput` is its result, and `dy` counts only where that is positive. `dInput` may be
  /// `dOutput`.
  ///
  /// With `blend`, `mean` and `inverseDeviation` are those of ``NormBlend``: `x̂ = (x − μ)·s` as before, and
  /// `dInput = γ·s·(dy − a·(mean(dy) + (x − μ_image)·s·mean(dy·x̂)))` for the image's share `a`.
  package static func backward(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, rectifiedOutput: UnsafePointer<Float>?, batch: Int,
    pixels: Int, channels: Int, gamma: UnsafePointer<Float>, mean: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>, blend: NormBlend? = nil, dInput: UnsafeMutablePointer<Float>,
    dGamma: UnsafeMutablePointer<Float>, dBeta: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Double>,
    pool: ComputePool
  ) {
    let share = Double(blend?.imageShare ?? 1)
    let imageMean = blend?.imageMean ?? mean
    let perChunk = pixelsPerChunk(channels)
    let chunkCount = chunks(pixels, channels)
    pool.parallelFor(batch * chunkCount) { index in
      let image = index / chunkCount
      let first = index % chunkCount * perChunk
      let last = min(first + perChunk, pixels)
      let base = image * pixels * channels
      let sums = scratch + index * 2 * channels
      sums.update(repeating: 0, count: 2 * channels)
      var channel = 0
      while channel < channels {
        let count = min(laneCount, channels - channel)
        let center = load(mean + image * channels + channel, count: count)
        var pixel = first
        while pixel < last {
          var sum = Lanes.zero
          var products = Lanes.zero
          let end = min(pixel + flush, last)
          while pixel < end {
            let offset = base + pixel * channels + channel
            let gradient = maskedGradient(dOutput, rectifiedOutput, offset, count)
            sum += gradient
            products.addProduct(gradient, load(input + offset, count: count) - center)
            pixel += 1
          }
          for lane in 0..<count {
            sums[channel + lane] += Double(sum[lane])
            sums[channels + channel + lane] += Double(products[lane])
          }
        }
        channel += laneCount
      }
    }
    // The totals of each image replace the sums of its first chunk, and `Σ dy·(x − μ)` becomes `Σ dy·x̂`.
    for image in 0..<batch {
      let totals = scratch + image * chunkCount * 2 * channels
      for channel in 0..<channels {
        for index in 1..<max(chunkCount, 1) {
          totals[channel] += totals[index * 2 * channels + channel]
          totals[channels + channel] += totals[index * 2 * channels + channels + channel]
        }
        totals[channels + channel] *= Double(inverseDeviation[image * channels + channel])
        dBeta[channel] += Float(totals[channel])
        dGamma[channel] += Float(totals[channels + channel])
      }
    }
    pool.parallelFor(batch * chunkCount) { index in
      let image = index / chunkCount
      let first = index % chunkCount * perChunk
      let last = min(first + perChunk, pixels)
      let base = image * pixels * channels
      let totals = scratch + image * chunkCount * 2 * channels
      var channel = 0
      while channel < channels {
        let count = min(laneCount, channels - channel)
        let deviation = load(inverseDeviation + image * channels + channel, count: count)
        let center = load(imageMean + image * channels + channel, count: count)
        let scale = load(gamma + channel, count: count) * deviation
        var meanGradient = Lanes.zero
        var meanProduct = Lanes.zero
        for lane in 0..<count {
          meanGradient[lane] = Float(share * totals[channel + lane] / Double(pixels))
          meanProduct[lane] = Float(share * totals[channels + channel + lane] / Double(pixels))
        }
        var offset = base + first * channels + channel
        for _ in first..<last {
          let gradient = maskedGradient(dOutput, rectifiedOutput, offset, count)
          let normalized = (load(input + offset, count: count) - center) * deviation
          store((gradient - meanGradient - normalized * meanProduct) * scale, dInput + offset, count: count)
          offset += channels
        }
        channel += laneCount
      }
    }
  }

  @inline(__always)
  private static func maskedGradient(
    _ dOutput: UnsafePointer<Float>, _ output: UnsafePointer<Float>?, _ offset: Int, _ count: Int
  ) -> Lanes {
    let gradient = load(dOutput + offset, count: count)
    guard let output else { return gradient }
    return Lanes.zero.replacing(with: gradient, where: load(output + offset, count: count) .> Lanes.zero)
  }
}
