import FFmpeg
import Imaging
import Kernels
import TestSupport
import Testing
import Threading

@Suite struct MaskBlendingTests {
  private func picture(_ width: Int, _ height: Int, seed: UInt64) -> Picture {
    var random = Random(seed: seed)
    return Picture(
      width: width, height: height,
      pixels: (0..<3 * width * height).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  /// A mask of which a third is 0, a third 1, and the rest between.
  private func mask(_ width: Int, _ height: Int, seed: UInt64) -> MaskPlane {
    var random = Random(seed: seed)
    let mask = MaskPlane()
    mask.resize(width: width, height: height)
    for index in 0..<mask.count { mask.values[index] = min(1, max(0, random.uniform(in: -1...2))) }
    return mask
  }

  @Test(arguments: [0, 0.3333, 1] as [Float], [(37, 41), (1, 1), (5, 70)])
  func picturesAreMixedWhereTheMaskSaysSo(strength: Float, size: (Int, Int)) {
    let (source, stylized) = (picture(size.0, size.1, seed: 1), picture(size.0, size.1, seed: 2))
    let mask = mask(size.0, size.1, seed: 3)
    let result = source.mixed(with: stylized, strength: strength, mask: mask)
    for index in result.pixels.indices {
      let weight = Double(strength * mask.values[index / 3])
      let (old, new) = (Double(source.pixels[index]), Double(stylized.pixels[index]))
      // Half a step for rounding, plus 255 times half a step of the weight, and that of a product of floats.
      #expect(abs(Double(result.pixels[index]) - (old + weight * (new - old))) <= 0.5 + 255.0 / 131072 + 1e-4)
      if mask.values[index / 3] == 0 { #expect(result.pixels[index] == source.pixels[index]) }
    }
    #expect(source.mixed(with: stylized, strength: strength, mask: mask, pool: ComputePool(threads: 3)) == result)
  }

  /// Floats are mixed in floats.
  @Test func floatPicturesAreMixed() {
    var random = Random(seed: 8)
    let (width, height) = (13, 7)
    let mask = mask(width, height, seed: 9)
    let source = random.uniform(count: 3 * width * height, in: 0...255)
    let stylized = random.uniform(count: 3 * width * height, in: 0...255)
    var result = stylized
    result.withUnsafeMutableBufferPointer { result in
      source.withUnsafeBufferPointer { source in
        guard let target = result.baseAddress, let source = source.baseAddress else { return }
        Blending.mix(
          source: source, stylized: target, mask: mask.rows, into: target, width: width, height: height)
      }
    }
    for index in result.indices {
      let weight = Double(mask.values[index / 3])
      let exact = Double(source[index]) + weight * (Double(stylized[index]) - Double(source[index]))
      // Two roundings of numbers up to 255.
      #expect(abs(Double(result[index]) - exact) < 1e-4)
    }
  }

  private func frame(_ format: VideoFormat, seed: UInt64) throws -> Frame {
    var random = Random(seed: seed)
    let frame = try Frame(format)
    frame.clearSamples()
    for component in 0..<format.pixelFormat.componentCount {
      let size = format.pixelFormat.extents(of: component, width: format.width, height: format.height)
      let maximum = (1 << format.pixelFormat.bitDepth(of: component)) - 1
      for y in 0..<size.height {
        let row = (0..<size.width).map { _ in UInt16(random.next() & UInt64(maximum)) }
        frame.writeSamples(component: component, row: y, count: size.width, from: row)
      }
    }
    return frame
  }

  private func samples(_ frame: Frame, _ component: Int) -> [Int] {
    let size = frame.pixelFormat.extents(of: component, width: frame.width, height: frame.height)
    return (0..<size.height).flatMap { y in
      var row = [UInt16](repeating: 0, count: size.width)
      frame.readSamples(component: component, row: y, count: size.width, into: &row)
      return row.map(Int.init)
    }
  }

  @Test(
    arguments: ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv411p", "gbrp", "gray"], [(16, 10), (7, 5), (1, 1)])
  func samplesAreMixedWhereTheyAre(name: String, size: (Int, Int)) throws {
    let format = VideoFormat(width: size.0, height: size.1, pixelFormat: try #require(PixelFormat(named: name)))
    let (original, painted) = (try frame(format, seed: 1), try frame(format, seed: 2))
    let before = (0..<format.pixelFormat.componentCount).map { samples(painted, $0) }
    let mask = mask(size.0, size.1, seed: 4)
    try #require(MaskedFrames(format)).mix(original, into: painted, mask: mask.rows, strength: 0.8)
    let sampling = MaskSampling(format)
    for component in 0..<format.pixelFormat.componentCount {
      let extents = format.pixelFormat.extents(of: component, width: size.0, height: size.1)
      let isChroma = !format.pixelFormat.isRGB && component > 0
      let (old, new) = (samples(original, component), samples(painted, component))
      for y in 0..<extents.height {
        let weights = sampling.weights(of: mask.rows, row: y, isChroma: isChroma)
        for x in 0..<extents.width {
          let index = y * extents.width + x
          let exact = Double(old[index]) + 0.8 * Double(weights[x]) * Double(before[component][index] - old[index])
          #expect(abs(Double(new[index]) - exact) <= 0.5 + 255.0 / 131072 + 1e-4)
          if weights[x] == 0 { #expect(new[index] == old[index]) }
        }
      }
    }
  }

  /// Samples that share bytes or have other depths take another way.
  @Test(arguments: ["nv12", "rgb24", "bgra", "pal8", "yuv420p10le", "rgb565le", "gbrpf32le"])
  func otherFormatsAreNotMixed(name: String) throws {
    let format = VideoFormat(width: 8, height: 8, pixelFormat: try #require(PixelFormat(named: name)))
    #expect(MaskedFrames(format) == nil)
  }

  // MARK: Alpha

  @Test(arguments: [
    ("yuva420p", "yuv420p"), ("yuva422p10le", "yuv422p10le"), ("yuva444p16be", "yuv444p16be"), ("rgba", "rgb24"),
    ("argb", "rgb24"), ("bgra", "rgb24"), ("gbrap", "gbrp"), ("gbrap12le", "gbrp12le"), ("rgba64le", "rgb48le"),
    ("ya8", "gray"), ("ya16be", "gray16be"),
  ])
  func coloursAreSeparatedFromAlpha(name: String, expected: String) throws {
    let format = VideoFormat(width: 9, height: 7, pixelFormat: try #require(PixelFormat(named: name)))
    let source = try frame(format, seed: 6)
    source.pts = 33
    let opaque = try #require(try AlphaSeparation(format)).opaque(source)
    #expect(opaque.pixelFormat.name == expected && opaque.pts == 33)
    for component in 0..<opaque.pixelFormat.componentCount {
      #expect(samples(opaque, component) == samples(source, component), "component \(component)")
    }
  }

  @Test func palettesAreSeparatedFromAlpha() throws {
    let format = VideoFormat(width: 4, height: 2, pixelFormat: try #require(PixelFormat(named: "pal8")))
    let source = try Frame(format)
    let (indices, palette) = (try #require(source.plane(0)), try #require(source.plane(1)))
    palette.update(repeating: 0, count: 1024)
    // Blue, green, red, alpha.
    for (place, value) in ([1, 2, 3, 0, 30, 20, 10, 255] as [UInt8]).enumerated() { palette[place] = value }
    for y in 0..<2 { for x in 0..<4 { indices[y * source.stride(0) + x] = UInt8(x % 2) } }
    let opaque = try #require(try AlphaSeparation(format)).opaque(source)
    #expect(samples(opaque, 0) == [3, 10, 3, 10, 3, 10, 3, 10] && samples(opaque, 2) == [1, 30, 1, 30, 1, 30, 1, 30])
  }

  @Test(arguments: ["yuv420p", "rgb24", "gbrapf32le"])
  func othersHaveNothingToSeparate(name: String) throws {
    let format = VideoFormat(width: 4, height: 4, pixelFormat: try #require(PixelFormat(named: name)))
    #expect(try AlphaSeparation(format) == nil)
  }
}
