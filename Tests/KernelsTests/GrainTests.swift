import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct GrainTests {
  /// One pixel, one row, one column, a band of rows and more, odd extents.
  private static let sizes = [(1, 1), (9, 1), (1, 7), (16, 8), (33, 65), (5, 131)]

  @Test("Every window shows the same canvas", arguments: sizes, [(0, 0), (3, 61), (-40, 1_000_000)])
  func windows(size: (width: Int, height: Int), origin: (x: Int, y: Int)) {
    let margin = 2
    let wide = Grain.values(
      width: size.width + 2 * margin, height: size.height + 2 * margin, x: origin.x - margin, y: origin.y - margin,
      amplitude: 9)
    let grain = Grain.values(width: size.width, height: size.height, x: origin.x, y: origin.y, amplitude: 9)
    for y in 0..<size.height {
      for x in 0..<size.width {
        #expect(grain[y * size.width + x] == wide[(y + margin) * (size.width + 2 * margin) + x + margin])
      }
    }
  }

  /// Whole levels where the formula says more or less than half of one: float32 sums of 400 values may decide otherwise just there.
  @Test("Each pixel is that of the formula, blurred in two dimensions at once in double precision")
  func formula() {
    let (width, height, x, y) = (19, 70, 1000, 31)
    let grain = Grain.values(width: width, height: height, x: x, y: y, amplitude: 25)
    for row in 0..<height {
      for column in 0..<width {
        let expected = ReferenceGrain.value(x: x + column, y: y + row, amplitude: 25)
        #expect(abs(Double(grain[row * width + column]) - expected) <= 0.5001)
      }
    }
  }

  /// 260,000 pixels, of which a tenth tell something of their own: 1 % of a standard deviation is three of the measurement's.
  @Test(
    "The levels have the amplitude for a standard deviation, no mean, and no structure beyond a few pixels",
    arguments: [1, 6, 25])
  func statistics(amplitude: Int) {
    let size = 512
    let levels = Grain.values(width: size, height: size, amplitude: amplitude).map(Double.init)
    let count = Double(levels.count)
    let mean = levels.reduce(0, +) / count
    let variance = levels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    #expect(abs(mean) < 0.01 * Double(amplitude))
    // Rounding to whole levels adds a variance of 1/12.
    let expected = (Double(amplitude * amplitude) + 1.0 / 12).squareRoot()
    #expect(abs(variance.squareRoot() - expected) < 0.02 * expected)
    for distance in [10, 64, 128, 256] {
      var (across, down) = (0.0, 0.0)
      for y in 0..<size - distance {
        for x in 0..<size - distance {
          across += levels[y * size + x] * levels[y * size + x + distance]
          down += levels[y * size + x] * levels[(y + distance) * size + x]
        }
      }
      let pairs = Double((size - distance) * (size - distance)) * variance
      #expect(abs(across / pairs) < 0.03 && abs(down / pairs) < 0.03, "\(distance) pixels apart")
    }
  }

  @Test("No amplitude, no grain; the largest fits into its bytes")
  func extremes() {
    #expect(Grain.values(width: 40, height: 30, amplitude: 0).allSatisfy { $0 == 0 })
    let levels = Grain.values(width: 700, height: 700, amplitude: Grain.amplitudes.upperBound)
    #expect(levels.allSatisfy { abs(Int($0)) < 127 })
  }
}
