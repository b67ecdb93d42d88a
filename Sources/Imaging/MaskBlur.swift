/// Blurs masks by three box filters one after another, which come close to a Gaussian of standard deviation `reach/√3`
/// (W. M. Wells, 1986). The time does not depend on the size of the filter.
///
/// A box of radius `r` has the weight 1 for `⌊r⌋` pixels on both sides and the fraction of `r` for the next, divided by
/// `2r + 1`. Three of radius `reach/3` spread an edge over `reach` pixels on both sides. Beyond the border, the
/// outermost pixels are repeated. Not thread-safe.
package final class MaskBlur {
  private let plane = MaskPlane()
  /// Rows with the pixels beyond their ends, four side by side.
  private var padded: [SIMD4<Float>] = []
  /// The sum of a column's rows.
  private var sums: [Float] = []

  /// Creates a blur.
  package init() {}

  /// Blurs `mask` with a reach in pixels. A reach of 0 changes nothing.
  package func apply(to mask: MaskPlane, reach: Double) {
    guard reach > 0 else { return }
    plane.resize(width: mask.width, height: mask.height)
    for _ in 0..<3 {
      across(mask, into: plane, radius: reach / 3)
      down(plane, into: mask, radius: reach / 3)
    }
  }

  private func across(_ source: MaskPlane, into target: MaskPlane, radius: Double) {
    let (width, height) = (source.width, source.height)
    let box = Box(radius, extent: width)
    let margin = box.whole + 1
    if padded.count < width + 2 * margin { padded = Array(repeating: .zero, count: width + 2 * margin) }
    padded.withUnsafeMutableBufferPointer { padded in
      guard let pixels = padded.baseAddress else { return }
      for first in stride(from: 0, to: height, by: 4) {
        // Four rows at a time, so that their sums do not wait for each other.
        // The last row stands for those that are missing.
        func start(_ row: Int) -> Int { min(height - 1, first + row) * width }
        let starts = (start(0), start(1), start(2), start(3))
        let (a, b) = (source.values + starts.0, source.values + starts.1)
        let (c, d) = (source.values + starts.2, source.values + starts.3)
        for x in 0..<width { pixels[x + margin] = SIMD4(a[x], b[x], c[x], d[x]) }
        for x in 0..<margin {
          pixels[x] = pixels[margin]
          pixels[width + margin + x] = pixels[width + margin - 1]
        }
        var sum = SIMD4<Float>.zero
        for x in 0..<2 * box.whole + 1 { sum += pixels[x + 1] }
        for x in 0..<width {
          let near = pixels[x]
          let far = pixels[x + 2 * margin]
          let value = (sum + (near + far) * box.fraction) * box.scale
          target.values[starts.0 + x] = value.x
          target.values[starts.1 + x] = value.y
          target.values[starts.2 + x] = value.z
          target.values[starts.3 + x] = value.w
          sum += far - pixels[x + 1]
        }
      }
    }
  }

  private func down(_ source: MaskPlane, into target: MaskPlane, radius: Double) {
    let (width, height) = (source.width, source.height)
    let box = Box(radius, extent: height)
    if sums.count < width { sums = Array(repeating: 0, count: width) }
    func row(_ y: Int) -> UnsafeMutablePointer<Float> { source.values + min(height - 1, max(0, y)) * width }
    sums.withUnsafeMutableBufferPointer { buffer in
      guard let sums = buffer.baseAddress else { return }
      sums.update(repeating: 0, count: width)
      for y in -box.whole...box.whole {
        let pixels = row(y)
        for x in 0..<width { sums[x] += pixels[x] }
      }
      for y in 0..<height {
        let (near, far, last) = (row(y - box.whole - 1), row(y + box.whole + 1), row(y - box.whole))
        let result = target.values + y * width
        for x in 0..<width {
          result[x] = (sums[x] + (near[x] + far[x]) * box.fraction) * box.scale
          sums[x] += far[x] - last[x]
        }
      }
    }
  }

  /// The weights of a box filter.
  private struct Box {
    let whole: Int
    let fraction: Float
    let scale: Float

    /// A radius beyond `extent` pixels changes little more than one of that size.
    init(_ radius: Double, extent: Int) {
      let radius = min(radius, Double(extent))
      whole = Int(radius)
      fraction = Float(radius - Double(whole))
      scale = 1 / Float(2 * radius + 1)
    }
  }
}
