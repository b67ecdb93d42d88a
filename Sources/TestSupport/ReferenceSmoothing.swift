/// The filter of ``SmoothingFilter``, value by value from its formula in double precision.
public enum ReferenceSmoothing {
  /// The neighbours' places, across and down.
  private static let places: [(x: Int, y: Int)] =
    [1, 3].flatMap { distance in
      (-1...1).flatMap { y in (-1...1).filter { $0 != 0 || y != 0 }.map { (x: $0 * distance, y: y * distance) } }
    } + [(x: 6, y: 0), (x: -6, y: 0), (x: 0, y: 6), (x: 0, y: -6)]

  /// `values`, `[height, width, 3]`, smoothed.
  public static func smoothed(_ values: [Double], width: Int, height: Int, threshold: Int) -> [Double] {
    var result = values
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          func value(_ x: Int, _ y: Int) -> Double {
            values[(min(max(y, 0), height - 1) * width + min(max(x, 0), width - 1)) * 3 + channel]
          }
          let here = value(x, y)
          let sum = places.reduce(0.0) {
            $0 + influence(value(x + $1.x, y + $1.y) - here, threshold: Double(threshold))
          }
          result[(y * width + x) * 3 + channel] = here + ((3 * sum + 32) / 64).rounded(.down)
        }
      }
    }
    return result
  }

  /// A line through zero up to the threshold, and back to zero at twice that.
  private static func influence(_ difference: Double, threshold: Double) -> Double {
    let size = abs(difference)
    if size <= threshold { return difference }
    guard size < 2 * threshold else { return 0 }
    return difference > 0 ? 2 * threshold - size : size - 2 * threshold
  }
}
