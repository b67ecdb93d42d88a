import Kernels
import Testing

@Suite struct PixelOrderTests {
  /// The bytes of a red, a green and an arbitrary pixel, with alpha 10, 20, 30.
  private static let pixels: [PixelOrder: [UInt8]] = [
    .rgb: [255, 0, 0, 0, 255, 0, 9, 90, 200], .bgr: [0, 0, 255, 0, 255, 0, 200, 90, 9],
    .rgba: [255, 0, 0, 10, 0, 255, 0, 20, 9, 90, 200, 30], .bgra: [0, 0, 255, 10, 0, 255, 0, 20, 200, 90, 9, 30],
  ]

  @Test("Every order gives the same RGB, and RGB gives every order; bytes between rows are not changed")
  func colours() throws {
    let rgb = try #require(Self.pixels[.rgb])
    for (order, bytes) in Self.pixels {
      // More rows than a task has, and a gap of two bytes after each.
      let (height, stride) = (70, bytes.count + 2)
      let source: [UInt8] = (0..<height).flatMap { _ in bytes + [7, 7] }
      var result = [UInt8](repeating: 1, count: height * 11)
      PixelReordering.toRGB(
        source, stride: stride, order: order, into: &result, outputStride: 11, width: 3, height: height, pool: pool)
      let expected: [UInt8] = (0..<height).flatMap { _ in rgb + [1, 1] }
      #expect(result == expected, "\(order)")

      var back = [UInt8](repeating: 7, count: source.count)
      source.withUnsafeBufferPointer { source in
        let alpha = source.baseAddress.map { (pixels: $0, stride: stride) }
        PixelReordering.fromRGB(
          result, stride: 11, alpha: order.hasAlpha ? alpha : nil, into: &back, outputStride: stride, order: order,
          width: 3, height: height, pool: pool)
      }
      #expect(back == source, "\(order)")
    }
  }

  @Test("Without a source of alpha, pixels are opaque")
  func opaque() {
    var result = [UInt8](repeating: 1, count: 8)
    PixelReordering.fromRGB(
      [1, 2, 3, 4, 5, 6], stride: 6, alpha: nil, into: &result, outputStride: 8, order: .bgra, width: 2, height: 1,
      pool: pool)
    #expect(result == [3, 2, 1, 255, 6, 5, 4, 255])
  }

  @Test("Grey stays the same to RGB and back, and colours become their luma")
  func gray() {
    let greys = (0...255).map { UInt8($0) }
    var rgb = [UInt8](repeating: 0, count: 3 * 256)
    PixelReordering.toRGB(
      greys, stride: 256, order: .gray, into: &rgb, outputStride: 768, width: 256, height: 1, pool: pool)
    let expected: [UInt8] = greys.flatMap { [$0, $0, $0] }
    #expect(rgb == expected)
    var back = [UInt8](repeating: 0, count: 256)
    PixelReordering.fromRGB(
      rgb, stride: 768, alpha: nil, into: &back, outputStride: 256, order: .gray, width: 256, height: 1, pool: pool)
    #expect(back == greys)
    var luma = [UInt8](repeating: 0, count: 3)
    PixelReordering.fromRGB(
      [255, 0, 0, 0, 255, 0, 0, 0, 255], stride: 9, alpha: nil, into: &luma, outputStride: 3, order: .gray, width: 3,
      height: 1, pool: pool)
    // 255 · 0.299 = 76.2, 255 · 0.587 = 149.7, 255 · 0.114 = 29.1.
    #expect(luma == [76, 150, 29])
  }
}
