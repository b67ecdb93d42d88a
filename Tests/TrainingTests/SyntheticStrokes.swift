import Foundation
import Imaging
import TestSupport

/// Pictures of strokes with a known width.
enum SyntheticStrokes {
  /// Paints single-coloured rectangles over each other until they cover the picture.
  ///
  /// A rectangle is `strokeWidth` pixels wide and five times as long. Directions vary slowly over the picture.
  static func picture(width: Int, height: Int, strokeWidth: Double, seed: UInt64 = 1) -> Picture {
    var random = Random(seed: seed)
    var values = [Float](repeating: 128, count: width * height * 3)
    let length = 5 * strokeWidth
    let count = Int(6 * Double(width * height) / (length * strokeWidth)) + 1
    for _ in 0..<count {
      let x = Double(random.uniform(in: 0...1)) * Double(width)
      let y = Double(random.uniform(in: 0...1)) * Double(height)
      let angle = sin(4 * x / Double(width)) + cos(3 * y / Double(height))
      let colour = random.uniform(count: 3, in: 30...225)
      let (across, down) = (cos(angle), sin(angle))
      let reach = length / 2 + strokeWidth + 1
      for row in max(0, Int(y - reach))..<min(height, Int(y + reach) + 1) {
        for column in max(0, Int(x - reach))..<min(width, Int(x + reach) + 1) {
          let (dx, dy) = (Double(column) - x, Double(row) - y)
          let (along, aside) = (dx * across + dy * down, dy * across - dx * down)
          let coverage =
            min(max(length / 2 + 0.5 - abs(along), 0), 1) * min(max(strokeWidth / 2 + 0.5 - abs(aside), 0), 1)
          if coverage == 0 { continue }
          for channel in 0..<3 {
            let index = (row * width + column) * 3 + channel
            values[index] += Float(coverage) * (colour[channel] - values[index])
          }
        }
      }
    }
    return Picture(width: width, height: height, pixels: values.map { UInt8($0.rounded()) })
  }
}
