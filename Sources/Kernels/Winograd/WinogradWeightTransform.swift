/// `G·w·Gᵀ` for eight output channels at a time, in double precision.
struct WinogradWeightTransform {
  private typealias Wide = SIMD8<Double>

  let points: Int
  /// `G`, row-major.
  private let matrix: [Double]

  init<Tile: WinogradTile>(_: Tile.Type) {
    points = Tile.points
    matrix = Tile.weightMatrix.flatMap { $0 }
  }

  /// Writes the transformed taps from `input` to the eight channels from `output`, with planes `plane` floats apart.
  /// Channels that the weight does not have become zeros.
  @inline(__always)
  func callAsFunction(
    _ weight: FilterWeight, output: Int, input: Int, into target: UnsafeMutablePointer<Float>, plane: Int
  ) {
    let count = input < weight.inputChannels ? min(laneCount, weight.outputChannels - output) : 0
    guard count > 0 else {
      for index in 0..<points * points { store(Lanes.zero, target + index * plane) }
      return
    }
    matrix.withUnsafeBufferPointer { g in
      withUnsafeTemporaryAllocation(of: Wide.self, capacity: 9 + 3 * points) { space in
        for tap in 0..<9 {
          var values = Wide.zero
          for lane in 0..<count { values[lane] = Double(weight.taps(output: output + lane, input: input)[tap]) }
          space[tap] = values
        }
        for point in 0..<points {
          let (a, b, c) = (g[3 * point], g[3 * point + 1], g[3 * point + 2])
          for column in 0..<3 {
            space[9 + 3 * point + column] = a * space[column] + b * space[3 + column] + c * space[6 + column]
          }
        }
        for row in 0..<points {
          let (x, y, z) = (space[9 + 3 * row], space[10 + 3 * row], space[11 + 3 * row])
          for column in 0..<points {
            let value = g[3 * column] * x + g[3 * column + 1] * y + g[3 * column + 2] * z
            store(Lanes(value), target + (row * points + column) * plane)
          }
        }
      }
    }
  }
}
