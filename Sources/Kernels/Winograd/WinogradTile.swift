/// The transforms of a Winograd tile in one dimension. In two dimensions they are applied to columns, then to rows.
///
/// For a kernel of 3 taps, `m` outputs need `m + 2` products instead of `3·m`: `y = Aᵀ·((G·w) ⊙ (Bᵀ·x))`. A. Lavin, S.
/// Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016. More outputs save more products and lose more
/// precision.
protocol WinogradTile {
  /// `m`.
  static var outputs: Int { get }
  /// `G`, `[m + 2][3]`.
  static var weightMatrix: [[Double]] { get }
  /// `Bᵀ·x` of eight channels: maps `m + 2` vectors to as many, `stride` floats apart. Each input is read once, and all
  /// are read before the first result is written.
  static func transformInput(
    _ value: (_ index: Int) -> Lanes, into target: UnsafeMutablePointer<Float>, stride: Int)
  /// `Aᵀ·y` of eight channels: maps `m + 2` vectors to `m`, with which it calls `body` in turn.
  static func transformOutput(
    _ source: UnsafePointer<Float>, stride: Int, _ body: (_ output: Int, _ value: Lanes) -> Void)
}

extension WinogradTile {
  /// `m + 2`, the points of the tile.
  @inline(__always)
  static var points: Int { outputs + 2 }

  /// The same from memory. Strides are in floats, and source and target may be the same memory.
  @inline(__always)
  static func transformInput(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    transformInput({ load(source + $0 * stride) }, into: target, stride: targetStride)
  }

  /// Returns `G·w·Gᵀ` of a 3×3 kernel, row-major. `weight` has the 9 taps.
  static func transformedWeight(_ weight: UnsafePointer<Float>) -> [Double] {
    let g = weightMatrix
    var half = [[Double]](repeating: [0, 0, 0], count: points)
    for point in 0..<points {
      for column in 0..<3 {
        half[point][column] = (0..<3).reduce(0) { $0 + g[point][$1] * Double(weight[$1 * 3 + column]) }
      }
    }
    var result: [Double] = []
    for row in 0..<points {
      for column in 0..<points {
        result.append((0..<3).reduce(0) { $0 + half[row][$1] * g[column][$1] })
      }
    }
    return result
  }
}

/// F(6,3): 8 points 0, ±1, ±2, ±½, ∞; 64 products for 36 outputs, 5.1 times fewer than direct convolution.
enum WinogradTile6: WinogradTile {
  @inline(__always) static var outputs: Int { 6 }

  static var weightMatrix: [[Double]] {
    [
      [1, 0, 0], [-2.0 / 9, -2.0 / 9, -2.0 / 9], [-2.0 / 9, 2.0 / 9, -2.0 / 9], [1.0 / 90, 1.0 / 45, 2.0 / 45],
      [1.0 / 90, -1.0 / 45, 2.0 / 45], [32.0 / 45, 16.0 / 45, 8.0 / 45], [32.0 / 45, -16.0 / 45, 8.0 / 45], [0, 0, 1],
    ]
  }

  @inline(__always)
  static func transformInput(
    _ value: (_ index: Int) -> Lanes, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (x0, x1, x2, x3) = (value(0), value(1), value(2), value(3))
    let (x4, x5, x6, x7) = (value(4), value(5), value(6), value(7))
    store((x0 - x6).addingProduct(5.25, x4 - x2), target)
    let even1 = (x2 + x6).addingProduct(-4.25, x4)
    let odd1 = (x1 + x5).addingProduct(-4.25, x3)
    store(even1 + odd1, target + targetStride)
    store(even1 - odd1, target + 2 * targetStride)
    let even2 = x6.addingProduct(0.25, x2).addingProduct(-1.25, x4)
    let odd2 = (0.5 * x1).addingProduct(-2.5, x3).addingProduct(2, x5)
    store(even2 + odd2, target + 3 * targetStride)
    store(even2 - odd2, target + 4 * targetStride)
    let even3 = x6.addingProduct(4, x2).addingProduct(-5, x4)
    let odd3 = (2 * x1).addingProduct(-2.5, x3).addingProduct(0.5, x5)
    store(even3 + odd3, target + 5 * targetStride)
    store(even3 - odd3, target + 6 * targetStride)
    store((x7 - x1).addingProduct(5.25, x3 - x5), target + 7 * targetStride)
  }

  @inline(__always)
  static func transformOutput(
    _ source: UnsafePointer<Float>, stride: Int, _ body: (_ output: Int, _ value: Lanes) -> Void
  ) {
    let (y1, y2) = (load(source + stride), load(source + 2 * stride))
    let (y3, y4) = (load(source + 3 * stride), load(source + 4 * stride))
    let (y5, y6) = (load(source + 5 * stride), load(source + 6 * stride))
    let (sum1, sum2, sum3) = (y1 + y2, y3 + y4, y5 + y6)
    let (difference1, difference2, difference3) = (y1 - y2, y3 - y4, y5 - y6)
    body(0, load(source) + sum1 + (sum2 + sum3))
    body(1, difference1.addingProduct(2, difference2).addingProduct(0.5, difference3))
    body(2, sum1.addingProduct(4, sum2).addingProduct(0.25, sum3))
    body(3, difference1.addingProduct(8, difference2).addingProduct(0.125, difference3))
    body(4, sum1.addingProduct(16, sum2).addingProduct(0.0625, sum3))
    body(
      5, (load(source + 7 * stride) + difference1).addingProduct(32, difference2).addingProduct(0.03125, difference3))
  }
}

/// F(4,3): 6 points 0, ±1, ±2, ∞; 36 products for 16 outputs, 4 times fewer than direct convolution.
enum WinogradTile4: WinogradTile {
  @inline(__always) static var outputs: Int { 4 }

  static var weightMatrix: [[Double]] {
    [
      [0.25, 0, 0], [-1.0 / 6, -1.0 / 6, -1.0 / 6], [-1.0 / 6, 1.0 / 6, -1.0 / 6], [1.0 / 24, 1.0 / 12, 1.0 / 6],
      [1.0 / 24, -1.0 / 12, 1.0 / 6], [0, 0, 1],
    ]
  }

  @inline(__always)
  static func transformInput(
    _ value: (_ index: Int) -> Lanes, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (x0, x1, x2, x3, x4, x5) = (value(0), value(1), value(2), value(3), value(4), value(5))
    store(x4.addingProduct(4, x0).addingProduct(-5, x2), target)
    let even1 = x4.addingProduct(-4, x2)
    let odd1 = x3.addingProduct(-4, x1)
    store(even1 + odd1, target + targetStride)
    store(even1 - odd1, target + 2 * targetStride)
    let even2 = x4 - x2
    let odd2 = 2 * (x3 - x1)
    store(even2 + odd2, target + 3 * targetStride)
    store(even2 - odd2, target + 4 * targetStride)
    store(x5.addingProduct(4, x1).addingProduct(-5, x3), target + 5 * targetStride)
  }

  @inline(__always)
  static func transformOutput(
    _ source: UnsafePointer<Float>, stride: Int, _ body: (_ output: Int, _ value: Lanes) -> Void
  ) {
    let (y1, y2) = (load(source + stride), load(source + 2 * stride))
    let (y3, y4) = (load(source + 3 * stride), load(source + 4 * stride))
    let (sum1, sum2, difference1, difference2) = (y1 + y2, y3 + y4, y1 - y2, y3 - y4)
    body(0, load(source) + sum1 + sum2)
    body(1, difference1.addingProduct(2, difference2))
    body(2, sum1.addingProduct(4, sum2))
    body(3, (load(source + 5 * stride) + difference1).addingProduct(8, difference2))
  }
}

/// F(3,3): 5 points 0, ±1, 2, ∞; 25 products for 9 outputs, 3.2 times fewer than direct convolution.
///
/// Tiles of three outputs are as far apart as 3×3 blocks. If a large kernel is split into such blocks, each input tile
/// is transformed once and serves all of them.
enum WinogradTile3: WinogradTile {
  @inline(__always) static var outputs: Int { 3 }

  static var weightMatrix: [[Double]] {
    [[0.5, 0, 0], [-0.5, -0.5, -0.5], [-1.0 / 6, 1.0 / 6, -1.0 / 6], [1.0 / 6, 1.0 / 3, 2.0 / 3], [0, 0, 1]]
  }

  @inline(__always)
  static func transformInput(
    _ value: (_ index: Int) -> Lanes, into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    transformInput(value(0), value(1), value(2), value(3), value(4), into: target, stride: stride)
  }

  /// The same for vectors that are not equally far apart.
  @inline(__always)
  static func transformInput(
    _ x0: Lanes, _ x1: Lanes, _ x2: Lanes, _ x3: Lanes, _ x4: Lanes, into target: UnsafeMutablePointer<Float>,
    stride: Int
  ) {
    store((x3 - x1).addingProduct(2, x0 - x2), target)
    let sum = x2 + x1
    store((x3 - x1) - sum, target + stride)
    store((x3 - x2).addingProduct(2, x1 - x2), target + 2 * stride)
    store(x3 - x1, target + 3 * stride)
    store((x4 - x2).addingProduct(2, x1 - x3), target + 4 * stride)
  }

  @inline(__always)
  static func transformOutput(
    _ source: UnsafePointer<Float>, stride: Int, _ body: (_ output: Int, _ value: Lanes) -> Void
  ) {
    let (y1, y2, y3) = (load(source + stride), load(source + 2 * stride), load(source + 3 * stride))
    let (sum, difference) = (y1 + y2, y1 - y2)
    body(0, load(source) + sum + y3)
    body(1, difference.addingProduct(2, y3))
    body(2, (load(source + 4 * stride) + sum).addingProduct(4, y3))
  }
}
