import Foundation
import Imaging
import Tensors

/// Looks for blotches: isolated spots that a network paints in flat areas, such as a clear sky.
///
/// Brush strokes cover a flat area evenly. A blotch is a cell that differs from the other cells far more than they
/// differ from each other. Instance norms tend to cause blotches, because they amplify the slightest contrast to full
/// range.
public struct FlatAreaCheck: Sendable, Equatable {
  /// The side of the test pictures in pixels.
  static let size = 192
  /// The side of the compared cells in pixels.
  private static let cell = 8
  /// The width of the border that is not checked, in pixels.
  private static let border = 16
  /// The colours of the test pictures: a clear sky, an overcast sky, dusk, a wall and darkness.
  private static let colors: [(top: SIMD3<Float>, bottom: SIMD3<Float>)] = [
    (SIMD3(90, 140, 205), SIMD3(175, 205, 235)), (SIMD3(205, 208, 212), SIMD3(225, 226, 228)),
    (SIMD3(70, 60, 95), SIMD3(225, 150, 110)), (SIMD3(196, 180, 158), SIMD3(186, 170, 148)),
    (SIMD3(18, 18, 22), SIMD3(34, 32, 36)),
  ]
  /// A blotch differs from the median by more than this many standard deviations of the cells.
  private static let outlier = 6.0
  /// A blotch differs from the median by more than this many levels of 255.
  private static let visible = 40.0

  /// The share of cells that are blotches, 0…1.
  public var blotches: Double
  /// The standard deviation of the noise in the test pictures, in levels of 255.
  public static let noise: Float = 1

  /// Whether there are more blotches than expected by chance.
  public var isBlotchy: Bool { blotches > 0.002 }

  /// Checks `stylize`, a function from pictures `[1, S, S, 3]`, RGB 0…255, to pictures of the same shape.
  public init(_ stylize: (Tensor) -> Tensor) {
    var found = 0
    var cells = 0
    for (index, color) in Self.colors.enumerated() {
      let means = Self.cellMeans(stylize(Self.sky(color.top, color.bottom, seed: UInt64(index + 1))))
      for channel in 0..<3 {
        let values = means.map { Double($0[channel]) }
        let median = Self.median(values)
        let spread = Self.median(values.map { abs($0 - median) }) * 1.4826
        found += values.count { abs($0 - median) > max(Self.outlier * spread, Self.visible) }
        cells += values.count
      }
    }
    blotches = Double(found) / Double(max(cells, 1))
  }

  /// Creates a vertical gradient with a little noise.
  static func sky(_ top: SIMD3<Float>, _ bottom: SIMD3<Float>, seed: UInt64) -> Tensor {
    let picture = Tensor(Shape(batch: 1, height: size, width: size, channels: 3), zeroed: false)
    var random = SplitMix64(seed: seed)
    for y in 0..<size {
      let t = Float(y) / Float(size - 1)
      for x in 0..<size {
        let color = top + (bottom - top) * t + noise * LaterFrameMaker.gaussian(&random)
        for channel in 0..<3 { picture.pointer[(y * size + x) * 3 + channel] = min(max(color[channel], 0), 255) }
      }
    }
    return picture
  }

  /// Returns the mean colours, clamped to 0…255, of the cells within the border.
  private static func cellMeans(_ picture: Tensor) -> [SIMD3<Float>] {
    var means: [SIMD3<Float>] = []
    for top in stride(from: border, to: size - border, by: cell) {
      for left in stride(from: border, to: size - border, by: cell) {
        var sum = SIMD3<Float>.zero
        for y in top..<top + cell {
          for x in left..<left + cell {
            for channel in 0..<3 {
              sum[channel] += min(max(picture.pointer[(y * size + x) * 3 + channel], 0), 255)
            }
          }
        }
        means.append(sum / Float(cell * cell))
      }
    }
    return means
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}
