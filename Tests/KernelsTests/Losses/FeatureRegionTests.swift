import Kernels
import TestSupport
import Testing
import Threading

@Suite struct FeatureRegionTests {
  private let pool = ComputePool(threads: 2)
  private let height = 5
  private let width = 7
  private let channels = 3
  private let rows = 1..<4
  private let columns = 2..<7

  private var region: FeatureRegion { FeatureRegion(width: width, rows: rows, columns: columns, channels: channels) }

  /// The elements of the rectangle, row by row.
  private func cropped(_ values: [Float]) -> [Float] {
    rows.flatMap { row in
      columns.flatMap { column in (0..<channels).map { values[(row * width + column) * channels + $0] } }
    }
  }

  @Test func gathersAndAddsTheRectangle() {
    var random = Random(seed: 1)
    let features = random.uniform(count: height * width * channels)
    let factors = random.uniform(count: region.pixels, in: 0...1)
    var core = [Float](repeating: 0, count: region.pixels * channels)
    region.gather(features, factors: nil, into: &core, pool: pool)
    #expect(core == cropped(features))
    region.gather(features, factors: factors, into: &core, pool: pool)
    let weighted = cropped(features).enumerated().map { factors[$0.offset / channels] * $0.element }
    #expect(core == weighted)

    var sum = features
    region.add(core, factors: factors, to: &sum, pool: pool)
    let added = zip(cropped(features), core).enumerated().map { $1.0 + factors[$0 / channels] * $1.1 }
    for (found, wanted) in zip(cropped(sum), added) { #expect(abs(found - wanted) < 1e-6) }
    // Outside the rectangle nothing changes.
    #expect(sum[..<((rows.lowerBound * width + columns.lowerBound) * channels)] == features[..<(9 * channels)])
  }

  @Test func momentsAndTheirGradientAgreeWithPlainLoops() {
    var random = Random(seed: 2)
    let features = random.uniform(count: height * width * channels)
    let reference = random.uniform(count: region.pixels * channels)
    var sums = [Double](repeating: 1, count: 4 * channels)
    region.addMoments(features, with: reference, to: &sums, pool: pool)
    var expected = [Double](repeating: 1, count: 4 * channels)
    for (index, value) in cropped(features).enumerated() {
      let (y, x, channel) = (Double(value), Double(reference[index]), index % channels)
      expected[channel] += y
      expected[channels + channel] += y * y
      expected[2 * channels + channel] += y * x
      expected[3 * channels + channel] += (y - x) * (y - x)
    }
    for (found, wanted) in zip(sums, expected) { #expect(abs(found - wanted) < 1e-12) }

    let coefficients = random.uniform(count: 3 * channels)
    var gradient = [Float](repeating: 0.5, count: features.count)
    region.addAffine(features, with: reference, coefficients: coefficients, to: &gradient, pool: pool)
    for (index, found) in cropped(gradient).enumerated() {
      let channel = index % channels
      let wanted =
        0.5 + coefficients[channel] * cropped(features)[index] + coefficients[channels + channel] * reference[index]
        + coefficients[2 * channels + channel]
      #expect(abs(found - wanted) < 1e-5)
    }
  }

  @Test func colourMomentsAndTheirGradientAgreeWithPlainLoops() {
    var random = Random(seed: 3)
    let pixels = 20_000
    let picture = random.uniform(count: 3 * pixels, in: 0...1)
    let weights = random.uniform(count: pixels, in: 0...1)
    let found = ColourMoments.forward(picture, weights: weights, pixels: pixels, pool: pool)
    var expected = [Double](repeating: 0, count: 16)
    for pixel in 0..<pixels {
      let v = (0..<3).map { Double(picture[3 * pixel + $0]) } + [1]
      for i in 0..<4 {
        for j in 0..<4 { expected[4 * i + j] += Double(weights[pixel]) * v[i] * v[j] }
      }
    }
    for (value, wanted) in zip(found, expected) { #expect(abs(value - wanted) < 1e-7 * Double(pixels)) }

    // f = Σ c·M with a symmetric c: the gradient is w·2·c·v.
    var c = [Double](repeating: 0, count: 16)
    for i in 0..<4 {
      for j in i..<4 {
        c[4 * i + j] = Double(random.uniform(count: 1)[0])
        c[4 * j + i] = c[4 * i + j]
      }
    }
    var gradient = [Float](repeating: 0, count: picture.count)
    ColourMoments.backward(
      picture, weights: weights, pixels: pixels, coefficients: c.map { Float(2 * $0) }, to: &gradient, pool: pool)
    func value(_ picture: [Float]) -> Double {
      zip(ColourMoments.forward(picture, weights: weights, pixels: pixels, pool: pool), c).reduce(0) {
        $0 + $1.0 * $1.1
      }
    }
    for index in [0, 4, 30_001, 59_999] {
      var (above, below) = (picture, picture)
      above[index] += 0.25
      below[index] -= 0.25
      // Quadratic: the central difference is exact for any step.
      let difference = (value(above) - value(below)) / Double(above[index] - below[index])
      #expect(abs(difference - Double(gradient[index])) < 1e-4)
    }
  }
}
