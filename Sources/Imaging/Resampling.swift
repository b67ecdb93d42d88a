import Threading

/// A filter for resizing pictures. Both filters match Pillow's of the same name.
public enum ResamplingFilter: Sendable {
  /// Keys's cubic convolution with a = −1/2, 4 samples wide.
  case bicubic
  /// The mean of the samples within half a sample.
  case box

  /// The radius of the filter, in samples.
  fileprivate var support: Double {
    switch self {
    case .bicubic: 2
    case .box: 0.5
    }
  }

  fileprivate func weight(_ position: Double) -> Double {
    switch self {
    case .bicubic: Self.cubic(abs(position))
    case .box: position > -0.5 && position <= 0.5 ? 1 : 0
    }
  }

  private static func cubic(_ x: Double) -> Double {
    let a = -0.5
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return 0
  }
}

extension Picture {
  /// Resizes the picture.
  ///
  /// When the size shrinks, the filter is widened by the scale factor, so that fine detail averages out instead of
  /// aliasing. Alpha is resized separately. Results differ from Pillow's by at most one step of 255, except where
  /// Pillow clamps an overshoot between its two passes.
  public func resized(
    width: Int, height: Int, filter: ResamplingFilter = .bicubic, pool: ComputePool? = nil
  ) -> Picture {
    precondition(width >= 1 && height >= 1, "a picture of \(width)x\(height) pixels")
    if width == self.width && height == self.height { return self }
    let across = ResamplingWeights(sourceLength: self.width, length: width, filter: filter)
    let down = ResamplingWeights(sourceLength: self.height, length: height, filter: filter)
    func resize(_ samples: [UInt8], channels: Int) -> [UInt8] {
      samples.withUnsafeBufferPointer { source in
        [UInt8](unsafeUninitializedCapacity: width * height * channels) { target, initializedCount in
          target.initialize(repeating: 0)
          resample(
            source.baseAddress, rowLength: self.width, channels: channels, across: across, down: down,
            into: target.baseAddress, pool: pool)
          initializedCount = width * height * channels
        }
      }
    }
    return Picture(
      width: width, height: height, pixels: resize(pixels, channels: 3), alpha: alpha.map { resize($0, channels: 1) })
  }

  /// Resizes the picture so that its shorter side has `shortSide` pixels, and keeps the aspect ratio.
  public func resized(shortSide: Int, pool: ComputePool? = nil) -> Picture {
    let size = scaledSize(shortSide: shortSide)
    return resized(width: size.width, height: size.height, pool: pool)
  }

  /// Returns the size at which the shorter side has `shortSide` pixels. The longer side is rounded to nearest.
  public func scaledSize(shortSide: Int) -> (width: Int, height: Int) {
    Self.scaledSize(width: width, height: height, shortSide: shortSide)
  }

  /// Returns the size of a picture of `width` × `height` at which the shorter side has `shortSide` pixels.
  package static func scaledSize(width: Int, height: Int, shortSide: Int) -> (width: Int, height: Int) {
    let short = min(width, height)
    func scaled(_ length: Int) -> Int {
      length == short ? shortSide : max(1, Int((Double(length) * Double(shortSide) / Double(short)).rounded()))
    }
    return (scaled(width), scaled(height))
  }
}

/// The source samples and weights of each target sample along one axis.
struct ResamplingWeights {
  /// The number of target samples.
  let length: Int
  /// The number of weights per target sample. Weights beyond the ends of the source are 0.
  let tapCount: Int
  /// The first source sample of each target sample. It and the next `tapCount - 1` samples lie within the source.
  private(set) var starts: [Int] = []
  /// The `tapCount` weights of each target sample. They add up to 1.
  private(set) var weights: [Float] = []

  init(sourceLength: Int, length: Int, filter: ResamplingFilter) {
    self.length = length
    let scale = Double(sourceLength) / Double(length)
    let widening = max(1, scale)
    let support = filter.support * widening
    tapCount = min(sourceLength, Int(support.rounded(.up)) * 2 + 1)
    starts.reserveCapacity(length)
    weights.reserveCapacity(length * tapCount)
    for index in 0..<length {
      let center = (Double(index) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let last = min(sourceLength, Int(center + support + 0.5))
      let start = min(first, sourceLength - tapCount)
      let values = (start..<start + tapCount).map { position in
        position < first || position >= last ? 0 : filter.weight((Double(position) + 0.5 - center) / widening)
      }
      let sum = values.reduce(0, +)
      starts.append(start)
      weights.append(contentsOf: values.map { Float($0 / sum) })
    }
  }
}

/// A sample of a picture that is resized.
protocol ResampledSample {
  /// The value as a float.
  var value: Float { get }
  /// Creates a sample from a weighted sum.
  init(sum: Float)
}

extension UInt8: ResampledSample {
  var value: Float { Float(self) }
  /// Rounds and clamps the sum.
  init(sum: Float) { self = sample(sum) }
}

extension Float: ResampledSample {
  var value: Float { self }
  /// Clamps the overshoot of the filter to 0…255.
  init(sum: Float) { self = min(255, max(0, sum)) }
}

/// Computes each target row as a weighted sum of source rows, then resamples that row.
///
/// The vertical pass comes first: its sums run over whole rows, which is fast, and the horizontal pass then only sees
/// the target's rows.
func resample<Sample: ResampledSample>(
  _ source: UnsafePointer<Sample>?, rowLength: Int, channels: Int, across: ResamplingWeights, down: ResamplingWeights,
  into target: UnsafeMutablePointer<Sample>?, pool: ComputePool?
) {
  guard let source, let target else { return }
  let rowsPerBand = 8
  let bandCount = (down.length + rowsPerBand - 1) / rowsPerBand
  func makeBand(_ band: Int) {
    let sampleCount = rowLength * channels
    // The last vector reads up to 4 floats from the last sample on.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: sampleCount + 4) { row in
      guard let row = row.baseAddress else { return }
      for y in band * rowsPerBand..<min((band + 1) * rowsPerBand, down.length) {
        row.initialize(repeating: 0, count: sampleCount + 4)
        for tap in 0..<down.tapCount {
          let weight = down.weights[y * down.tapCount + tap]
          if weight == 0 { continue }
          let sourceRow = source + (down.starts[y] + tap) * sampleCount
          for index in 0..<sampleCount { row[index] += weight * sourceRow[index].value }
        }
        resampleRow(row, channels: channels, across, into: target + y * across.length * channels)
      }
    }
  }
  if let pool {
    pool.parallelFor(bandCount, makeBand)
  } else {
    for band in 0..<bandCount { makeBand(band) }
  }
}

/// Resamples a row with one vector per pixel. The lanes from `channels` on belong to the next pixel and are ignored.
@inline(__always)
private func resampleRow<Sample: ResampledSample>(
  _ row: UnsafePointer<Float>, channels: Int, _ across: ResamplingWeights, into target: UnsafeMutablePointer<Sample>
) {
  across.weights.withUnsafeBufferPointer { weights in
    across.starts.withUnsafeBufferPointer { starts in
      for x in 0..<across.length {
        var sum = SIMD4<Float>.zero
        let pixels = UnsafeRawPointer(row + starts[x] * channels)
        for tap in 0..<across.tapCount {
          let pixel = pixels.loadUnaligned(fromByteOffset: tap * channels * 4, as: SIMD4<Float>.self)
          sum.addProduct(pixel, SIMD4(repeating: weights[x * across.tapCount + tap]))
        }
        for channel in 0..<channels { target[x * channels + channel] = Sample(sum: sum[channel]) }
      }
    }
  }
}
