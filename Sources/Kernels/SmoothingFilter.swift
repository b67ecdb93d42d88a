import Threading

/// Takes the noise out of a picture's flat areas and leaves edges as they are, before a network sees it.
///
/// A network makes strokes of a sensor's noise, other ones in every frame. Each value moves towards those around it that are alike:
///
/// `y = x + ⌊(3·Σₖ ψ(xₖ − x) + 32) / 64⌋`, with `ψ(d) = sign(d) · max(0, min(|d|, 2t − |d|))`
///
/// and the threshold `t` in levels of 255: differences up to it count, those of twice that and more do not. The twenty `xₖ` are values of the
/// same colour: the eight at a distance of 1 in all directions, the eight at 3, and the four at 6 pixels in a row and a column; wide apart,
/// since noise also has long waves. Beyond the border the last pixel goes on. Where the picture is flat a value keeps a sixteenth of itself, and
/// independent noise well below the threshold falls to 0.22 of its deviation; rounding to whole levels adds a variance of 1/12. Values move by
/// whole numbers: bytes stay bytes.
///
/// J.-S. Lee: Digital Image Smoothing and the Sigma Filter, Computer Vision, Graphics and Image Processing 24, 1983; with Hampel's
/// influence function, which falls to zero in a line, in place of a limit at which noise would decide.
public struct SmoothingFilter: Sendable {
  /// The thresholds that there are: the sums of eight differences fit into bytes.
  public static let thresholds = 0...31

  /// Four neighbours on the axes, or on the diagonals, at each of these distances.
  private static let rings: [(distance: Int, isDiagonal: Bool)] = [
    (1, false), (1, true), (3, false), (3, true), (6, false),
  ]
  private static let reach = 6
  /// Rows that a thread smooths at a time: with those around them 160 kB of bytes at 1280 pixels, which a second-level cache holds.
  private static let bandRows = 24
  /// Rows of sums: for each two rings one of differences up and one down.
  private static let sumRows = 6

  /// Pixels across.
  public let width: Int
  /// Pixels down.
  public let height: Int
  /// Levels of 255, one of ``thresholds``; 0 leaves pictures as they are.
  public let threshold: Int

  /// Values in a row.
  private let count: Int
  /// Values from row to row in scratch, where the rows have margins.
  private let pitch: Int
  /// Where the neighbours of each ring lie from a value in scratch.
  private let offsets: [SIMD4<Int>]

  /// A filter for pictures of `width` × `height` pixels, each at least 1.
  public init(width: Int, height: Int, threshold: Int) {
    precondition(width >= 1 && height >= 1, "a picture of \(width)x\(height)")
    precondition(Self.thresholds.contains(threshold), "a threshold of \(threshold)")
    self.width = width
    self.height = height
    self.threshold = threshold
    count = 3 * width
    let pitch = count + 6 * Self.reach
    self.pitch = pitch
    offsets = Self.rings.map { ring in
      let (across, down) = (3 * ring.distance, pitch * ring.distance)
      return ring.isDiagonal
        ? SIMD4(-down - across, -down + across, down - across, down + across) : SIMD4(-down, -across, across, down)
    }
  }

  /// Values in all.
  public var valueCount: Int { count * height }

  /// Values of scratch for `threads`: for each a band with the rows around it, and sums.
  public func scratchCount(threads: Int) -> Int { threads * threadCount }

  private var threadCount: Int { (Self.bandRows + 2 * Self.reach + Self.sumRows) * pitch }

  /// Smooths `source`, rows of RGB24 that are `stride` bytes apart, into `target`, whose rows follow one another.
  ///
  /// `target` must not overlap `source`; `scratch` has room for ``scratchCount(threads:)`` bytes. All stay the caller's.
  public func forward(
    _ source: UnsafePointer<UInt8>, stride: Int, into target: UnsafeMutablePointer<UInt8>,
    scratch: UnsafeMutablePointer<UInt8>, pool: ComputePool
  ) {
    let end = UInt8(2 * threshold)
    forEachRow(source, stride: stride, into: target, scratch: scratch, pool: pool) { row, target, sums in
      sums.update(repeating: 0, count: Self.sumRows * pitch)
      for (ring, offsets) in offsets.enumerated() {
        let up = sums + ring / 2 * 2 * pitch
        Self.add(row, offsets, end: end, up: up, down: up + pitch, count: count)
      }
      Self.move(row, sums: sums, pitch: pitch, into: target, count: count)
    }
  }

  /// The same for values that need not be whole, 0…255, and may come to lie less than half a level outside; rows are `stride` floats apart.
  public func forward(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let end = Float(2 * threshold)
    forEachRow(source, stride: stride, into: target, scratch: scratch, pool: pool) { row, target, sums in
      sums.update(repeating: 0, count: count)
      for offsets in offsets { Self.add(row, offsets, end: end, to: sums, count: count) }
      for index in 0..<count { target[index] = row[index] + (sums[index] * (3.0 / 64) + 0.5).rounded(.down) }
    }
  }

  /// Hands out rows whose neighbours lie around them in scratch, the rows where they go, and rows of sums.
  @inline(__always)
  private func forEachRow<Value>(
    _ source: UnsafePointer<Value>, stride: Int, into target: UnsafeMutablePointer<Value>,
    scratch: UnsafeMutablePointer<Value>, pool: ComputePool,
    _ body: (_ row: UnsafePointer<Value>, _ target: UnsafeMutablePointer<Value>, _ sums: UnsafeMutablePointer<Value>) ->
      Void
  ) {
    pool.parallelFor((height + Self.bandRows - 1) / Self.bandRows) { band, thread in
      let sums = scratch + thread * threadCount
      let rows = sums + Self.sumRows * pitch
      let first = band * Self.bandRows
      let last = min(first + Self.bandRows, height)
      for row in first - Self.reach..<last + Self.reach {
        copy(source + min(max(row, 0), height - 1) * stride, to: rows + (row - first + Self.reach) * pitch)
      }
      for row in first..<last {
        body(rows + (row - first + Self.reach) * pitch + 3 * Self.reach, target + row * count, sums)
      }
    }
  }

  /// Copies a row of pixels, its ends repeated in the margins.
  @inline(__always)
  private func copy<Value>(_ row: UnsafePointer<Value>, to target: UnsafeMutablePointer<Value>) {
    let margin = 3 * Self.reach
    (target + margin).update(from: row, count: count)
    for index in 0..<margin {
      target[index] = row[index % 3]
      target[margin + count + index] = row[count - 3 + index % 3]
    }
  }

  // Loops that the compiler turns into vectors. `end` is twice the threshold, where a difference is none.

  /// Adds the influence of four neighbours, that of larger ones to `up`, of smaller ones to `down`: all in bytes, of which a vector holds
  /// most.
  @inline(__always)
  private static func add(
    _ row: UnsafePointer<UInt8>, _ offsets: SIMD4<Int>, end: UInt8, up: UnsafeMutablePointer<UInt8>,
    down: UnsafeMutablePointer<UInt8>, count: Int
  ) {
    let (a, b, c, d) = (row + offsets[0], row + offsets[1], row + offsets[2], row + offsets[3])
    @inline(__always) func excess(_ a: UInt8, _ b: UInt8) -> UInt8 { max(a, b) &- b }
    @inline(__always) func influence(_ a: UInt8, _ b: UInt8) -> UInt8 {
      let difference = excess(a, b)
      return min(difference, excess(end, difference))
    }
    for index in 0..<count {
      let value = row[index]
      up[index] &+=
        influence(a[index], value) &+ influence(b[index], value) &+ influence(c[index], value)
        &+ influence(d[index], value)
      down[index] &+=
        influence(value, a[index]) &+ influence(value, b[index]) &+ influence(value, c[index])
        &+ influence(value, d[index])
    }
  }

  /// Moves bytes by `⌊(3s + 32) / 64⌋`, with `s` what the sums up are more than those down.
  @inline(__always)
  private static func move(
    _ row: UnsafePointer<UInt8>, sums: UnsafePointer<UInt8>, pitch: Int, into target: UnsafeMutablePointer<UInt8>,
    count: Int
  ) {
    for index in 0..<count {
      let (first, second, third) = (sums + index, sums + 2 * pitch + index, sums + 4 * pitch + index)
      let up = Int16(first[0]) &+ Int16(second[0]) &+ Int16(third[0])
      let down = Int16(first[pitch]) &+ Int16(second[pitch]) &+ Int16(third[pitch])
      target[index] = UInt8(truncatingIfNeeded: Int16(row[index]) &+ ((up &- down) &* 3 &+ 32) >> 6)
    }
  }

  /// Adds the influence of four neighbours.
  @inline(__always)
  private static func add(
    _ row: UnsafePointer<Float>, _ offsets: SIMD4<Int>, end: Float, to sums: UnsafeMutablePointer<Float>, count: Int
  ) {
    let (a, b, c, d) = (row + offsets[0], row + offsets[1], row + offsets[2], row + offsets[3])
    @inline(__always) func influence(_ difference: Float) -> Float {
      let rest = max(0, end - abs(difference))
      return max(-rest, min(rest, difference))
    }
    for index in 0..<count {
      let value = row[index]
      sums[index] +=
        influence(a[index] - value) + influence(b[index] - value) + influence(c[index] - value)
        + influence(d[index] - value)
    }
  }
}
