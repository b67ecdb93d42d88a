/// The reference of the temporal denoiser: adaptive averaging over time, in double precision and without rounding.
package struct ReferenceTemporalDenoiser {
  /// The number of pixels in a row.
  package let width: Int
  /// The number of rows.
  package let height: Int
  /// The averages, `[height][width][3]`; empty before the first frame.
  package private(set) var averages: [Double] = []

  /// Creates a denoiser for frames of `width` × `height` pixels.
  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// Updates and returns the averages with the next frame, `[height][width][3]`.
  package mutating func apply(_ frame: [UInt8]) -> [Double] {
    let before = averages.isEmpty ? frame.map(Double.init) : averages
    func change(_ row: Int, _ value: Int) -> Double {
      let row = min(max(row, 0), height - 1)
      // Positions outside the row take the value of the same colour at its end.
      var value = value
      while value < 0 { value += 3 }
      while value >= 3 * width { value -= 3 }
      return abs(Double(frame[row * 3 * width + value]) - before[row * 3 * width + value])
    }
    var result: [Double] = []
    for row in 0..<height {
      for value in 0..<3 * width {
        var sum = 0.0
        for y in row - 1...row + 1 { for x in value - 4...value + 4 { sum += change(y, x) } }
        let share = min(max(0.25 + 0.75 * (sum / 27 - 3) / 3, 0.25), 1)
        let place = row * 3 * width + value
        result.append(before[place] + share * (Double(frame[place]) - before[place]))
      }
    }
    averages = result
    return result
  }
}
