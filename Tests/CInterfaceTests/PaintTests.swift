import CImpasto
import Kernels
import TestSupport
import Testing

@Suite struct PaintTests {
  private let styles: StyleFolder

  init() throws { styles = try StyleFolder() }

  private static let formats = [IMPASTO_RGB, IMPASTO_BGR, IMPASTO_RGBA, IMPASTO_BGRA]

  @Test("Every format of source and target gives the engine's picture; alpha is copied, and gaps stay")
  func formats() throws {
    let picture = TestPicture(width: 45, height: 37)
    let style = try styles.style("random")
    defer { impasto_close(style) }
    let rgb = try styles.painted("random", picture)
    for format in Self.formats {
      for targetFormat in Self.formats {
        var source = picture.pixels(format, gap: 5)
        var target = [UInt8](repeating: 99, count: (45 * byteCount(targetFormat) + 5) * 37)
        let status = paint(style, &source, format, into: &target, targetFormat, width: 45, height: 37, gap: 5)
        #expect(status == IMPASTO_OK, "\(lastError)")
        let alpha = byteCount(format) == 4 ? picture.alpha : picture.alpha.map { _ in 255 }
        let expected = TestPicture(width: 45, height: 37, rgb: rgb, alpha: alpha)
        #expect(target == expected.pixels(targetFormat, gap: 5), "\(format) to \(targetFormat)")
        #expect(source == picture.pixels(format, gap: 5))
      }
    }
  }

  @Test("Grey is painted as a grey picture, and of the result the luma is kept")
  func gray() throws {
    let (width, height) = (40, 24)
    let levels = TestPicture(width: width, height: height).alpha
    let picture = TestPicture(width: width, height: height, rgb: levels.flatMap { [$0, $0, $0] }, alpha: levels)
    let style = try styles.style("random")
    defer { impasto_close(style) }
    var (source, target) = (levels, levels)
    #expect(
      paint(style, &source, IMPASTO_GRAY, into: &target, IMPASTO_GRAY, width: width, height: height) == IMPASTO_OK)
    let painted = TestPicture(
      width: width, height: height, rgb: try styles.painted("random", picture), alpha: levels)
    // The luma's weights are multiples of 2⁻¹⁶, so a value next to a half may be rounded to the other side.
    for (value, expected) in zip(target, painted.pixels(IMPASTO_GRAY)) { #expect(abs(Int(value) - Int(expected)) <= 1) }
    #expect(target != levels)
  }

  @Test("A picture can be painted in its place", arguments: [IMPASTO_RGB, IMPASTO_BGRA, IMPASTO_GRAY])
  func inPlace(format: impasto_pixel_format) throws {
    let picture = TestPicture(width: 33, height: 20)
    for strength in [1, 0.5] as [Float] {
      let style = try styles.style("canvas") { $0.strength = strength }
      defer { impasto_close(style) }
      var source = picture.pixels(format)
      var expected = source
      #expect(paint(style, &source, format, into: &expected, format, width: 33, height: 20) == IMPASTO_OK)
      let status = source.withUnsafeMutableBytes { bytes in
        var image = impasto_image(
          pixels: bytes.baseAddress, width: 33, height: 20, stride: 33 * byteCount(format),
          format: Int32(format.rawValue))
        return impasto_paint(style, &image, &image)
      }
      #expect(status == IMPASTO_OK && source == expected, "\(lastError)")
    }
  }

  @Test("Strength and colours mix the painted picture as stylize-video does, and can change between pictures")
  func blending() throws {
    let picture = TestPicture(width: 64, height: 40)
    let painted = try styles.painted("random", picture)
    let style = try styles.style("random") { ($0.strength, $0.preserve_colors) = (0.25, true) }
    defer { impasto_close(style) }
    func expected(_ strength: Float, _ preservesColors: Bool) -> [UInt8] {
      var result = painted
      result.withUnsafeMutableBufferPointer { result in
        guard let base = result.baseAddress else { return }
        if preservesColors {
          Blending.preserveColors(
            source: picture.rgb, sourceStride: 192, stylized: base, stylizedStride: 192, into: base,
            destinationStride: 192, width: 64, height: 40)
        }
        Blending.mix(
          source: picture.rgb, sourceStride: 192, stylized: base, stylizedStride: 192, into: base,
          destinationStride: 192, width: 64, height: 40, strength: strength)
      }
      return result
    }
    func result() -> [UInt8] {
      var source = picture.rgb
      var target = source
      #expect(paint(style, &source, IMPASTO_RGB, into: &target, IMPASTO_RGB, width: 64, height: 40) == IMPASTO_OK)
      return target
    }
    #expect(result() == expected(0.25, true))
    #expect(impasto_set_strength(style, 1) == IMPASTO_OK)
    #expect(result() == expected(1, true))
    #expect(impasto_set_preserve_colors(style, false) == IMPASTO_OK)
    #expect(result() == painted)
    #expect(impasto_set_strength(style, 0) == IMPASTO_OK)
    #expect(result() == picture.rgb)
  }

  @Test("The size of the strokes is that of the canvas, and can change between pictures")
  func strokes() throws {
    let picture = TestPicture(width: 200, height: 160)
    // `canvasNetwork` has 96 lines, and 69 for large strokes.
    let style = try "large".withCString { size in try styles.style("canvas") { $0.stroke_size = size } }
    defer { impasto_close(style) }
    for (size, lines) in [(nil, 69), ("80", 80), ("medium", 96)] as [(String?, Int)] {
      if let size { #expect(impasto_set_stroke_size(style, size) == IMPASTO_OK, "\(lastError)") }
      var source = picture.rgb
      var target = source
      #expect(paint(style, &source, IMPASTO_RGB, into: &target, IMPASTO_RGB, width: 200, height: 160) == IMPASTO_OK)
      #expect(try target == styles.painted("canvas", picture, lines: lines), "\(lines)")
    }
    #expect(impasto_set_stroke_size(style, nil) == IMPASTO_OK)
    let plain = try styles.style("random")
    defer { impasto_close(plain) }
    #expect(impasto_set_stroke_size(plain, "large") == IMPASTO_INVALID_ARGUMENT)
    #expect(lastError.contains("'random' has no canvas"))
  }

  @Test("Pictures of different sizes do not depend on those before")
  func sizes() throws {
    let style = try styles.style("canvas")
    defer { impasto_close(style) }
    #expect(impasto_prepare(style, 50, 30) == IMPASTO_OK)
    for (width, height) in [(50, 30), (1, 1), (131, 97), (50, 30), (3, 200)] {
      let picture = TestPicture(width: width, height: height)
      var source = picture.rgb
      var target = source
      let status = paint(style, &source, IMPASTO_RGB, into: &target, IMPASTO_RGB, width: width, height: height)
      #expect(status == IMPASTO_OK, "\(lastError)")
      #expect(try target == styles.painted("canvas", picture), "\(width)×\(height)")
    }
  }

  @Test("A style that denoises paints the averages of the frames, and begins again with another size")
  func denoising() throws {
    let style = try styles.style("random") { $0.denoise = true }
    defer { impasto_close(style) }
    let denoiser = TemporalDenoiser(width: 48, height: 32)
    // A still grey area with noise of a few levels.
    for seed in 1...3 as ClosedRange<UInt64> {
      let noise = TestPicture(width: 48, height: 32, seed: seed)
      let frame = noise.rgb.map { 100 + $0 % 4 }
      var averages = frame
      denoiser.apply(&averages, stride: 144)
      #expect((averages == frame) == (seed == 1))
      var source = frame
      var target = frame
      #expect(paint(style, &source, IMPASTO_RGB, into: &target, IMPASTO_RGB, width: 48, height: 32) == IMPASTO_OK)
      let expected = TestPicture(width: 48, height: 32, rgb: averages, alpha: noise.alpha)
      #expect(try target == styles.painted("random", expected))
      #expect(source == frame)
    }
    let other = TestPicture(width: 20, height: 20)
    var source = other.rgb
    var target = source
    #expect(paint(style, &source, IMPASTO_RGB, into: &target, IMPASTO_RGB, width: 20, height: 20) == IMPASTO_OK)
    #expect(try target == styles.painted("random", other))
  }
}
