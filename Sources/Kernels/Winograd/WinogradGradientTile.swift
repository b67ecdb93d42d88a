/// A Winograd tile with the transposed transforms that the gradient of a weight needs.
protocol WinogradGradientTile: WinogradTile {
  /// `A·dy` of eight channels, the transpose of `transformOutput`: `m` vectors to `m + 2`. Strides are in floats. Both
  /// may begin at the same address if they have the same stride.
  static func transformOutputGradient(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int)
}

extension WinogradTile6: WinogradGradientTile {
  @inline(__always)
  static func transformOutputGradient(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (y0, y1, y2) = (load(source), load(source + stride), load(source + 2 * stride))
    let (y3, y4, y5) = (load(source + 3 * stride), load(source + 4 * stride), load(source + 5 * stride))
    store(y0, target)
    let (even1, odd1) = (y0 + (y2 + y4), y1 + (y3 + y5))
    store(even1 + odd1, target + targetStride)
    store(even1 - odd1, target + 2 * targetStride)
    let even2 = y0.addingProduct(4, y2).addingProduct(16, y4)
    let odd2 = (2 * y1).addingProduct(8, y3).addingProduct(32, y5)
    store(even2 + odd2, target + 3 * targetStride)
    store(even2 - odd2, target + 4 * targetStride)
    let even3 = y0.addingProduct(0.25, y2).addingProduct(0.0625, y4)
    let odd3 = (0.5 * y1).addingProduct(0.125, y3).addingProduct(0.03125, y5)
    store(even3 + odd3, target + 5 * targetStride)
    store(even3 - odd3, target + 6 * targetStride)
    store(y5, target + 7 * targetStride)
  }
}

extension WinogradTile4: WinogradGradientTile {
  @inline(__always)
  static func transformOutputGradient(
    _ source: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    let (y0, y1) = (load(source), load(source + stride))
    let (y2, y3) = (load(source + 2 * stride), load(source + 3 * stride))
    store(y0, target)
    let (even1, odd1) = (y0 + y2, y1 + y3)
    store(even1 + odd1, target + targetStride)
    store(even1 - odd1, target + 2 * targetStride)
    let (even2, odd2) = (y0.addingProduct(4, y2), (2 * y1).addingProduct(8, y3))
    store(even2 + odd2, target + 3 * targetStride)
    store(even2 - odd2, target + 4 * targetStride)
    store(y3, target + 5 * targetStride)
  }
}
