import Threading

/// Removes the noise of a scan from a picture but keeps brushstrokes: each pixel becomes a mean of the nearby pixels
/// with similar surroundings.
///
/// `y(p) = Σ_q w(p, q)·x(q) / Σ_q w(p, q)` over the 80 pixels `q` that are at most ``reach`` across and down from `p`,
/// and over `p` itself, whose weight is the maximum of the others, at least 10⁻¹⁶. With `D(p, q)` the mean squared
/// difference of the 3×3 pixels around both, over all colours,
///
/// `w = max(0, 1 − max(0, D − 2σ²) / (10σ²))¹⁶`,
///
/// which is close to `exp(−1.6·max(0, D − 2σ²)/σ²)`. Surroundings count fully if they differ no more than two samples
/// of noise of deviation `σ`, and much less beyond that. If none is similar, the next best count, unless they differ
/// six times as much. A pixel unlike all others stays as it is. Beyond the border the last pixel is repeated.
///
/// A. Buades, B. Coll, J.-M. Morel: A Non-Local Algorithm for Image Denoising, CVPR 2005; here `h² = 0.6σ²`, and a
/// power replaces the exponential.
package struct NonLocalMeans: Sendable {
  /// The distance across and down within which similar pixels are searched.
  package static let reach = 4
  /// Rows that a thread processes together.
  private static let bandRows = 16
  /// Rows and columns that are read around a band: the reach, plus one for the surroundings.
  private static let margin = reach + 1
  /// Rows of a band including those around it.
  private static let sourceRows = bandRows + 2 * margin
  /// Columns beside the picture in scratch memory, in which vectors may begin.
  private static let gap = 8
  /// The minimum weight of a pixel itself. It decides if no other pixel counts.
  private static let minimumWeight: Float = 1e-16

  /// The width in pixels.
  package let width: Int
  /// The height in pixels.
  package let height: Int
  /// The standard deviation of the noise in levels of 255, above 0.
  package let deviation: Float

  /// The number of values between rows in scratch memory.
  private let pitch: Int

  /// Creates a filter for pictures of `width` × `height` pixels, each at least 1, with noise of `deviation` levels.
  package init(width: Int, height: Int, deviation: Float) {
    precondition(width >= 1 && height >= 1, "a picture of \(width)x\(height)")
    precondition(deviation > 0, "noise of \(deviation) levels")
    self.width = width
    self.height = height
    self.deviation = deviation
    pitch = width + 2 * Self.gap
  }

  /// Returns the number of scratch values for `threads`.
  package func scratchCount(threads: Int) -> Int { threads * threadCount }

  /// Three colours of the source, rows of distances, three sums and two weights, and one row of summed distances.
  private var threadCount: Int { (3 * Self.sourceRows + Self.bandRows + 2 + 5 * Self.bandRows + 1) * pitch }

  /// Filters `source`, rows of RGB24 without gaps, into `target`, which must not overlap it.
  ///
  /// `scratch` has room for ``scratchCount(threads:)`` values. The caller owns all memory.
  package func forward(
    _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    pool.parallelFor((height + Self.bandRows - 1) / Self.bandRows) { band, thread in
      let first = band * Self.bandRows
      filter(
        source, rows: first..<min(first + Self.bandRows, height), into: target, scratch: scratch + thread * threadCount)
    }
  }

  private func filter(
    _ source: UnsafePointer<UInt8>, rows: Range<Int>, into target: UnsafeMutablePointer<UInt8>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let plane = Self.sourceRows * pitch
    let colours = scratch
    let distances = colours + 3 * plane
    let sums = distances + (Self.bandRows + 2) * pitch
    let bandCount = Self.bandRows * pitch
    let (weights, largest) = (sums + 3 * bandCount, sums + 4 * bandCount)
    let column = sums + 5 * bandCount
    read(source, rows: rows, into: colours)
    sums.update(repeating: 0, count: 5 * bandCount)
    for down in -Self.reach...Self.reach {
      for across in -Self.reach...Self.reach where down != 0 || across != 0 {
        for row in -1...rows.count {
          let here = colours + (row + Self.margin) * pitch + Self.gap
          Self.squaredDifference(
            here, here + down * pitch + across, plane: plane, into: distances + (row + 1) * pitch + Self.gap,
            width: width)
        }
        for row in 0..<rows.count {
          let start = row * pitch + Self.gap
          let there = colours + (row + Self.margin + down) * pitch + Self.gap + across
          let above = distances + start
          for x in -1...width { column[Self.gap + x] = above[x] + above[x + pitch] + above[x + 2 * pitch] }
          Self.add(
            there, plane: plane, distances: column + Self.gap, variance: deviation * deviation, to: sums + start,
            bandCount: bandCount, weights: weights + start, largest: largest + start, width: width)
        }
      }
    }
    for row in 0..<rows.count {
      let start = row * pitch + Self.gap
      let output = target + (rows.lowerBound + row) * 3 * width
      for x in 0..<width {
        let own = max(largest[start + x], Self.minimumWeight)
        let scale = 1 / (weights[start + x] + own)
        for channel in 0..<3 {
          let value = colours[channel * plane + (row + Self.margin) * pitch + Self.gap + x]
          let mean = (sums[channel * bandCount + start + x] + own * value) * scale
          output[3 * x + channel] = UInt8(max(0, min(255, mean + 0.5)))
        }
      }
    }
  }

  /// Reads the pixels of a band and those around it into one plane per colour.
  private func read(_ source: UnsafePointer<UInt8>, rows: Range<Int>, into colours: UnsafeMutablePointer<Float>) {
    let plane = Self.sourceRows * pitch
    for row in 0..<rows.count + 2 * Self.margin {
      let line = source + min(max(rows.lowerBound + row - Self.margin, 0), height - 1) * 3 * width
      let target = colours + row * pitch + Self.gap
      for channel in 0..<3 {
        let values = target + channel * plane
        for x in 0..<width { values[x] = Float(line[3 * x + channel]) }
        for x in 1...Self.margin {
          values[-x] = values[0]
          values[width - 1 + x] = values[width - 1]
        }
      }
    }
  }

  // Loops that the compiler vectorizes.

  /// Computes the squared differences of two rows of pixels, summed over the colours, from the pixel before the first
  /// to the one after the last.
  @inline(__always)
  private static func squaredDifference(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, plane: Int, into target: UnsafeMutablePointer<Float>,
    width: Int
  ) {
    for x in -1...width {
      let (red, green, blue) = (a[x] - b[x], a[x + plane] - b[x + plane], a[x + 2 * plane] - b[x + 2 * plane])
      target[x] = red * red + green * green + blue * blue
    }
  }

  /// Adds a row of pixels, each with the weight of its surroundings.
  @inline(__always)
  private static func add(
    _ row: UnsafePointer<Float>, plane: Int, distances: UnsafePointer<Float>, variance: Float,
    to sums: UnsafeMutablePointer<Float>, bandCount: Int, weights: UnsafeMutablePointer<Float>,
    largest: UnsafeMutablePointer<Float>, width: Int
  ) {
    let scale = 1 / (270 * variance)
    for x in 0..<width {
      let excess = max(0, (distances[x - 1] + distances[x] + distances[x + 1]) * scale - 0.2)
      let root = max(0, 1 - excess)
      let square = root * root
      let fourth = square * square
      let eighth = fourth * fourth
      let weight = eighth * eighth
      sums[x] += weight * row[x]
      sums[x + bandCount] += weight * row[x + plane]
      sums[x + 2 * bandCount] += weight * row[x + 2 * plane]
      weights[x] += weight
      largest[x] = max(largest[x], weight)
    }
  }
}
