import Foundation

/// The reference of the non-local means filter, pixel by pixel in double precision.
package enum ReferenceNonLocalMeans {
  /// Filters `values`, `[height, width, 3]`, for noise with the standard deviation `deviation`, without rounding.
  package static func filtered(_ values: [UInt8], width: Int, height: Int, deviation: Double, reach: Int = 4)
    -> [Double]
  {
    func value(_ x: Int, _ y: Int, _ channel: Int) -> Double {
      Double(values[(min(max(y, 0), height - 1) * width + min(max(x, 0), width - 1)) * 3 + channel])
    }
    var result: [Double] = []
    for y in 0..<height {
      for x in 0..<width {
        var sums = [0.0, 0, 0]
        var (weights, largest) = (0.0, 1e-16)
        for down in -reach...reach {
          for across in -reach...reach where down != 0 || across != 0 {
            var distance = 0.0
            for dy in -1...1 {
              for dx in -1...1 {
                for channel in 0..<3 {
                  let difference =
                    value(x + dx, y + dy, channel) - value(x + across + dx, y + down + dy, channel)
                  distance += difference * difference / 27
                }
              }
            }
            let variance = deviation * deviation
            let weight = pow(max(0, 1 - max(0, distance - 2 * variance) / (10 * variance)), 16)
            for channel in 0..<3 { sums[channel] += weight * value(x + across, y + down, channel) }
            weights += weight
            largest = max(largest, weight)
          }
        }
        for channel in 0..<3 {
          result.append((sums[channel] + largest * value(x, y, channel)) / (weights + largest))
        }
      }
    }
    return result
  }
}
