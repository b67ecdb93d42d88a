/// F(4×4, 3×3) between activations with products of bfloat16. Transforms and sums have single precision.
struct FusedWinograd4BFloat16: FusedWinogradKernel {
  let winograd: FusedWinograd<WinogradTile4Reciprocal>

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    BFloat16Products.areAvailable && FusedWinograd4.supports(geometry)
  }

  init(_ geometry: ConvolutionGeometry) { winograd = FusedWinograd(geometry, precision: .bfloat16) }
}

/// F(4,3) with points 0, ±2/3, ±3/2, ∞, for factors that are rounded to bfloat16.
///
/// The outputs of a tile are sums of products that partly cancel each other, so their rounding errors are larger than
/// those of direct convolution. With these points, errors of the factors are 4.0 times as large after both dimensions
/// in the mean of a tile, and 5.9 times in its worst output; with the points of ``WinogradTile4``, 8.9 and 26 times.
/// The transforms need a few more multiplications than with whole numbers. On the choice of points: B. Barabasz, A.
/// Anderson, K. M. Soodhalter, D. Gregg: Error Analysis and Improving the Accuracy of Winograd Convolution for Deep
/// Neural Networks, ACM TOMS 2020.
enum WinogradTile4Reciprocal: WinogradTile {
  @inline(__always) static var outputs: Int { 4 }

  static var weightMatrix: [[Double]] {
    [
      [1, 0, 0], [-81.0 / 130, -27.0 / 65, -18.0 / 65], [-81.0 / 130, 27.0 / 65, -18.0 / 65],
      [8.0 / 65, 12.0 / 65, 18.0 / 65], [8.0 / 65, -12.0 / 65, 18.0 / 65], [0, 0, 1],
    ]
  }

  @inline(__always)
  static func transformInput(
    _ value: (_ index: Int) -> Lanes, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (x0, x1, x2, x3, x4, x5) = (value(0), value(1), value(2), value(3), value(4), value(5))
    store((x0 + x4).addingProduct(-97.0 / 36, x2), target)
    let even1 = x4.addingProduct(-2.25, x2)
    let odd1 = (-1.5 * x1).addingProduct(2.0 / 3, x3)
    store(even1 + odd1, target + targetStride)
    store(even1 - odd1, target + 2 * targetStride)
    let even2 = x4.addingProduct(-4.0 / 9, x2)
    let odd2 = (1.5 * x3).addingProduct(-2.0 / 3, x1)
    store(even2 + odd2, target + 3 * targetStride)
    store(even2 - odd2, target + 4 * targetStride)
    store((x1 + x5).addingProduct(-97.0 / 36, x3), target + 5 * targetStride)
  }

  @inline(__always)
  static func transformOutput(
    _ source: UnsafePointer<Float>, stride: Int, _ body: (_ output: Int, _ value: Lanes) -> Void
  ) {
    let (y1, y2) = (load(source + stride), load(source + 2 * stride))
    let (y3, y4) = (load(source + 3 * stride), load(source + 4 * stride))
    let (sum1, sum2, difference1, difference2) = (y1 + y2, y3 + y4, y1 - y2, y3 - y4)
    body(0, load(source) + sum1 + sum2)
    body(1, (1.5 * difference2).addingProduct(2.0 / 3, difference1))
    body(2, (2.25 * sum2).addingProduct(4.0 / 9, sum1))
    body(
      3,
      load(source + 5 * stride).addingProduct(3.375, difference2).addingProduct(8.0 / 27, difference1))
  }
}

extension WinogradWeightTransform {
  /// Writes the transformed taps of two neighbouring inputs as pairs of bfloat16, otherwise as
  /// ``callAsFunction(_:output:input:into:plane:)``. Input `2·pair` is in the lower half of each word.
  @inline(__always)
  func pack(
    _ weight: FilterWeight, output: Int, pair: Int, into target: UnsafeMutablePointer<Float>, plane: Int
  ) {
    let count = points * points * laneCount
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count) { space in
      guard let lower = space.baseAddress else { return }
      let upper = lower + count
      self(weight, output: output, input: 2 * pair, into: lower, plane: laneCount)
      self(weight, output: output, input: 2 * pair + 1, into: upper, plane: laneCount)
      for index in 0..<points * points {
        let words =
          bfloat16Bits(load(upper + index * laneCount)) &<< 16 | bfloat16Bits(load(lower + index * laneCount))
        UnsafeMutableRawPointer(target + index * plane).storeBytes(of: words, as: SIMD8<UInt32>.self)
      }
    }
  }
}

/// Returns the bits of the bfloat16 nearest to each of eight finite values, ties to even.
@inline(__always)
private func bfloat16Bits(_ values: Lanes) -> SIMD8<UInt32> {
  let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
  return (bits &+ 0x7fff &+ (bits &>> 16 & 1)) &>> 16
}
