import Kernels
import TestSupport
import Testing
import Threading

@Suite struct NonLocalMeansTests {
  /// One pixel, one row, one column, vectors with tails of every length, more than a band of rows.
  private static let sizes = [(1, 1), (2, 3), (9, 1), (1, 7), (11, 12), (33, 26), (32, 16), (75, 41)]

  /// Returns the filtered `values`, computed between guards with scratch that held other values before.
  private static func filtered(_ values: [UInt8], width: Int, height: Int, deviation: Float, threads: Int = 1)
    -> [UInt8]
  {
    let guardCount = 64
    let filter = NonLocalMeans(width: width, height: height, deviation: deviation)
    var result = [UInt8](repeating: 0xA5, count: values.count + 2 * guardCount)
    var scratch = [Float](repeating: -1e30, count: filter.scratchCount(threads: threads) + 2 * guardCount)
    let pool = ComputePool(threads: threads)
    result.withUnsafeMutableBufferPointer { result in
      scratch.withUnsafeMutableBufferPointer { scratch in
        guard let result = result.baseAddress, let scratch = scratch.baseAddress else { return }
        filter.forward(values, into: result + guardCount, scratch: scratch + guardCount, pool: pool)
      }
    }
    #expect((result.prefix(guardCount) + result.suffix(guardCount)).allSatisfy { $0 == 0xA5 })
    #expect((scratch.prefix(guardCount) + scratch.suffix(guardCount)).allSatisfy { $0 == -1e30 })
    return Array(result[guardCount..<guardCount + values.count])
  }

  /// Returns two colours that meet in a slanted line, with noise. A sum of twelve uniform values is nearly normal.
  private static func picture(width: Int, height: Int, noise: Float) -> (clean: [UInt8], noisy: [UInt8]) {
    var random = Random(seed: 3)
    var (clean, noisy): ([UInt8], [UInt8]) = ([], [])
    for y in 0..<height {
      for x in 0..<width {
        for colour in 2 * x + y < width + height / 2 ? [60, 90, 150] : [180, 120, 70] {
          let value = random.uniform(count: 12, in: -0.5...0.5).reduce(0, +)
          clean.append(UInt8(colour))
          noisy.append(UInt8((Float(colour) + noise * value).rounded()))
        }
      }
    }
    return (clean, noisy)
  }

  @Test(arguments: sizes) func followsTheFormula(width: Int, height: Int) {
    for noise: Float in [1, 6] {
      let (_, values) = Self.picture(width: width, height: height, noise: noise)
      let result = Self.filtered(values, width: width, height: height, deviation: noise)
      let expected = ReferenceNonLocalMeans.filtered(values, width: width, height: height, deviation: Double(noise))
      // Half a level of rounding, and single precision: the 16th power of a base, which is above a tenth where it
      // matters, has 16 times its error.
      let tolerance = 0.5 + 0.02
      let difference = zip(result, expected).map { abs(Double($0) - $1) }.max() ?? 0
      #expect(difference <= tolerance, "noise \(noise), \(width)×\(height)")
    }
  }

  @Test func resultsDoNotDependOnThreads() {
    let (_, values) = Self.picture(width: 75, height: 41, noise: 4)
    let one = Self.filtered(values, width: 75, height: 41, deviation: 4)
    #expect(Self.filtered(values, width: 75, height: 41, deviation: 4, threads: 3) == one)
  }

  @Test func removesNoiseAndKeepsEdges() {
    let (clean, noisy) = Self.picture(width: 80, height: 60, noise: 5)
    func deviation(_ values: [UInt8]) -> Double {
      let squares = zip(values, clean).map { (value, wanted) -> Double in
        let difference = Double(value) - Double(wanted)
        return difference * difference
      }
      return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }
    let result = Self.filtered(noisy, width: 80, height: 60, deviation: 5)
    // Pixels at the edge have fewer similar neighbours.
    #expect(deviation(noisy) > 4.8)
    #expect(deviation(result) < 1.7)
    // Strokes with a contrast far above the noise are not changed.
    #expect(Self.filtered(clean, width: 80, height: 60, deviation: 5) == clean)
  }
}
