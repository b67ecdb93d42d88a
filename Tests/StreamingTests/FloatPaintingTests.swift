import FFmpeg
import Foundation
import Streaming
import Synchronization
import Testing

/// Frames with more than 8 bits or with alpha, from source to sink.
@Suite struct FloatPaintingTests {
  /// A source of frames that are made in advance.
  private final class Frames: FrameSource {
    let description: VideoDescription
    private let frames: [Frame]
    private let position = Atomic<Int>(0)

    init(_ frames: [Frame], orientation: Orientation = .upright) {
      description = VideoDescription(
        format: frames[0].format, timeBase: Rational(1, 25), frameRate: Rational(25, 1), orientation: orientation)
      self.frames = frames
    }

    func read(into frame: Frame) throws -> Bool {
      let number = position.wrappingAdd(1, ordering: .relaxed).oldValue
      guard number < frames.count else { return false }
      try frame.reference(frames[number])
      frame.pts = Int64(number)
      return true
    }
  }

  private static func format(_ name: String, width: Int = 32, height: Int = 18) throws -> VideoFormat {
    VideoFormat(width: width, height: height, pixelFormat: try #require(PixelFormat(named: name)))
  }

  /// Returns a smooth frame that uses all bits of its format. Chroma stays near its centre, so that every colour exists
  /// in RGB.
  private func smooth(_ format: VideoFormat) throws -> Frame {
    let frame = try Frame(format)
    let pixelFormat = format.pixelFormat
    frame.clearSamples()
    for component in 0..<pixelFormat.componentCount {
      let size = pixelFormat.extents(of: component, width: format.width, height: format.height)
      let maximum = (1 << pixelFormat.bitDepth(of: component)) - 1
      let isChroma = !pixelFormat.isRGB && !pixelFormat.isGray && (component == 1 || component == 2)
      for y in 0..<size.height {
        let row = (0..<size.width).map { x in
          let place = (Double(x) / Double(size.width) + 0.37 * Double(y) / Double(size.height)) / 1.37
          return UInt16(Double(maximum) * (isChroma ? 0.45 + 0.1 * place : 0.3 + 0.4 * place))
        }
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

  /// Returns the frame that a sink of `format` receives.
  private func painted(
    _ source: Frame, as format: VideoFormat, _ style: StyleMixer, orientation: Orientation = .upright,
    workSize: (Int, Int)? = nil, background: BackgroundColor = .black
  ) throws -> Frame {
    let result = try Frame()
    let box = Mutex(result)
    let sink = FrameObserver(format: format) { frame, _, _ in try box.withLock { try $0.reference(frame) } }
    var options = Stylization.Options(workSize: workSize.map { (width: $0.0, height: $0.1) })
    options.background = background
    try Stylization(
      source: Frames([source], orientation: orientation), style: style, sink: sink, options: options
    ).run()
    return result
  }

  private static let deepFormats = [
    "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv420p16le", "p010le", "gray10le", "gray16be", "gbrp10le", "rgb48be",
    "gbrap16le", "yuva444p10le", "rgba64le",
  ]

  /// With a strength of 0, the source's samples come back bit by bit, alpha included.
  @Test(arguments: deepFormats + ["rgba", "yuva420p", "argb"])
  func withoutStrengthNothingChanges(name: String) throws {
    let source = try smooth(Self.format(name))
    let result = try painted(source, as: source.format, invertingStyle(blend: FrameBlend(strength: 0)))
    for component in 0..<source.pixelFormat.componentCount {
      #expect(samples(result, component) == samples(source, component), "component \(component)")
    }
  }

  /// A network that changes nothing changes samples by at most the rounding of its format, plus what chroma loses when
  /// it is interpolated and averaged again.
  @Test(arguments: deepFormats)
  func theConversionLosesNoBits(name: String) throws {
    let source = try smooth(Self.format(name))
    let result = try painted(source, as: source.format, watchingStyle())
    for component in 0..<source.pixelFormat.componentCount {
      let size = source.pixelFormat.extents(of: component, width: 32, height: 18)
      let isSubsampled = size.width < 32 || size.height < 18
      let unit = Double(1 << source.pixelFormat.bitDepth(of: component)) / 1024
      // A subsampled gradient bends at the edges only, by less than a quarter of its step between two samples. Floats
      // have 24 bits, so 16-bit samples may be off by one.
      let tolerance = isSubsampled ? Int(4 * unit) : 1
      let difference = zip(samples(result, component), samples(source, component)).map { abs($0 - $1) }.max() ?? 0
      #expect(difference <= tolerance, "component \(component)")
    }
  }

  /// Painted values keep their fractions: the inverse of a 10-bit gradient has 10 bits.
  @Test func paintedFramesHaveAllBits() throws {
    let source = try smooth(Self.format("gray10le"))
    let result = try painted(source, as: source.format, invertingStyle())
    // Grey has the full range without a tag.
    for (old, new) in zip(samples(source, 0), samples(result, 0)) { #expect(abs(1023 - old - new) <= 1) }
    #expect(Set(samples(result, 0).map { $0 % 4 }).count == 4)
  }

  /// Preserved colours: in YUV, chroma is the source's; in RGB, all components change by the difference of luma.
  @Test func coloursCanBePreserved() throws {
    let blend = FrameBlend(preservesColors: true)
    let source = try smooth(Self.format("yuv422p10le"))
    let result = try painted(source, as: source.format, invertingStyle(blend: blend))
    #expect(samples(result, 1) == samples(source, 1) && samples(result, 2) == samples(source, 2))
    #expect(samples(result, 0) != samples(source, 0))
    // The gradient is grey, so its inverse has the inverse luma, and so have all components.
    let rgb = try smooth(Self.format("gbrp10le"))
    let inverse = try painted(rgb, as: rgb.format, invertingStyle(blend: blend))
    for component in 0..<3 {
      #expect(zip(samples(rgb, component), samples(inverse, component)).allSatisfy { abs(1023 - $0 - $1) <= 1 })
    }
  }

  /// Where the sink has fewer bits, the mean of an area stays: a flat 10-bit grey between two 8-bit levels becomes a
  /// mixture of both.
  @Test func fewerBitsAreDithered() throws {
    let source = try Frame(Self.format("gray10le", width: 64, height: 64))
    let row = [UInt16](repeating: 514, count: 64)
    for y in 0..<64 { source.writeSamples(component: 0, row: y, count: 64, from: row) }
    let result = try painted(source, as: Self.format("gray", width: 64, height: 64), watchingStyle())
    let values = samples(result, 0)
    #expect(Set(values) == [128, 129])
    let mean = Double(values.reduce(0, +)) / Double(values.count)
    // The matrix has 64 levels.
    #expect(abs(mean - 514.0 * 255 / 1023) <= 1 / 64.0)
  }

  /// Alpha is copied, and colours behind full transparency do not reach the network: black becomes the neighbours'
  /// colour.
  @Test func transparentColoursAreNotPainted() throws {
    let source = try Frame(Self.format("rgba"))
    let plane = try #require(source.plane(0))
    for y in 0..<18 {
      for x in 0..<32 {
        let isOpaque = x < 16
        for (channel, value) in [200, 150, 100].enumerated() {
          plane[y * source.stride(0) + 4 * x + channel] = isOpaque ? UInt8(value) : 0
        }
        plane[y * source.stride(0) + 4 * x + 3] = isOpaque ? 255 : 0
      }
    }
    let result = try painted(source, as: source.format, watchingStyle())
    #expect(samples(result, 3) == samples(source, 3))
    for (component, value) in [200, 150, 100].enumerated() {
      #expect(samples(result, component).allSatisfy { abs($0 - value) <= 1 })
    }
  }

  /// A sink without alpha gets the painted colours over the background, which is not painted itself.
  @Test(arguments: [1.0, 0])
  func transparentFramesAreComposited(strength: Double) throws {
    let source = try Frame(Self.format("rgba"))
    source.clearSamples()
    for y in 0..<18 {
      for component in 0..<4 {
        let row = (0..<32).map { $0 < 16 ? UInt16([200, 150, 100, 255][component]) : 0 }
        source.writeSamples(component: component, row: y, count: 32, from: row)
      }
    }
    let style = invertingStyle(blend: FrameBlend(strength: strength))
    let result = try painted(
      source, as: Self.format("rgb24"), style, background: BackgroundColor(red: 255, green: 128, blue: 3))
    for (component, background) in [255, 128, 3].enumerated() {
      let own = [200, 150, 100][component]
      let values = samples(result, component)
      #expect((0..<18).allSatisfy { values[32 * $0 + 5] == (strength == 0 ? own : 255 - own) })
      #expect((0..<18).allSatisfy { values[32 * $0 + 25] == background })
    }
  }

  /// Frames are turned upright for the network and for an upright sink, and keep their alpha.
  @Test func turnedFramesKeepAlpha() throws {
    let source = try smooth(Self.format("yuva444p10le"))
    let orientation = Orientation(quarterTurns: 1)
    let upright = try Self.format("yuva444p10le", width: 18, height: 32)
    let result = try painted(source, as: upright, watchingStyle(), orientation: orientation)
    let (stored, shown) = (samples(source, 3), samples(result, 3))
    for y in 0..<18 { for x in 0..<32 { #expect(abs(shown[x * 18 + 17 - y] - stored[y * 32 + x]) <= 1) } }
  }

  /// At a smaller work size, the result still has the sink's size and all bits.
  @Test func smallerWorkSizesAreEnlarged() throws {
    let source = try smooth(Self.format("gbrp10le"))
    let result = try painted(source, as: source.format, watchingStyle(), workSize: (16, 9))
    #expect(result.width == 32 && result.height == 18)
    for component in 0..<3 {
      let pairs = zip(samples(result, component), samples(source, component))
      // A gradient survives except at its edges, where the filter sees it end: by less than a step of two pixels.
      #expect(pairs.allSatisfy { abs($0 - $1) <= 30 })
    }
  }
}
