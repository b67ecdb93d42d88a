import FFmpeg
import Foundation
import Imaging
import Streaming
import Synchronization
import TestSupport
import Testing

/// Frames that are painted only where a mask says so, from source to sink.
@Suite struct MaskTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A source of frames that are made in advance, 25 a second.
  final class Frames: FrameSource {
    let description: VideoDescription
    private let frames: [Frame]
    private let position = Atomic<Int>(0)

    init(_ frames: [Frame], orientation: Orientation = .upright, fieldOrder: FieldOrder = .progressive) {
      description = VideoDescription(
        format: frames[0].format, timeBase: Rational(1, 25), frameRate: Rational(25, 1), orientation: orientation,
        fieldOrder: fieldOrder)
      self.frames = frames
    }

    func read(into frame: Frame) throws -> Bool {
      let number = position.wrappingAdd(1, ordering: .relaxed).oldValue
      guard number < frames.count else { return false }
      try frame.reference(frames[number])
      frame.pts = Int64(number)
      frame.fieldOrder = description.fieldOrder
      return true
    }
  }

  /// Keeps what it receives.
  final class KeepingSink: FrameSink {
    let orientation: Orientation
    let keepsFields: Bool
    private let format: VideoFormat
    private let frames = Mutex<[Frame]>([])
    var received: [Frame] { frames.withLock { $0 } }

    init(_ format: VideoFormat, orientation: Orientation, keepsFields: Bool) {
      (self.format, self.orientation, self.keepsFields) = (format, orientation, keepsFields)
    }

    func format(for source: VideoDescription) -> VideoFormat { format }
    func start(on threads: ThreadGroup, delivered: @escaping @Sendable (ContinuousClock.Instant) -> Void) {}
    func finish() throws {}
    func write(_ frame: Frame, source: Frame, arrival: ContinuousClock.Instant) throws {
      let kept = try Frame()
      try kept.reference(frame)
      frames.withLock { $0.append(kept) }
    }
  }

  static func format(_ name: String, width: Int = 32, height: Int = 18) throws -> VideoFormat {
    VideoFormat(width: width, height: height, pixelFormat: try #require(PixelFormat(named: name)))
  }

  /// Returns a smooth frame whose chroma is near its centre, so that every colour exists in RGB.
  func smooth(_ format: VideoFormat, alpha: (_ x: Int) -> Double = { _ in 1 }) throws -> Frame {
    let frame = try Frame(format)
    let pixelFormat = format.pixelFormat
    if !pixelFormat.hasFloatSamples { frame.clearSamples() }
    for component in 0..<pixelFormat.componentCount {
      let size = pixelFormat.extents(of: component, width: format.width, height: format.height)
      let isChroma = !pixelFormat.isRGB && !pixelFormat.isGray && (component == 1 || component == 2)
      for y in 0..<size.height {
        let values = (0..<size.width).map { x in
          let place = (Double(x) / Double(size.width) + 0.37 * Double(y) / Double(size.height)) / 1.37
          if component == pixelFormat.alphaComponent { return alpha(x) }
          return isChroma ? 0.45 + 0.1 * place : 0.3 + 0.4 * place
        }
        if pixelFormat.hasFloatSamples {
          let row = try #require(frame.floats(component: component, row: y))
          for (x, value) in values.enumerated() { row[x] = Float(value) }
        } else {
          let maximum = Double((1 << pixelFormat.bitDepth(of: component)) - 1)
          frame.writeSamples(
            component: component, row: y, count: size.width, from: values.map { UInt16($0 * maximum) })
        }
      }
    }
    return frame
  }

  func samples(_ frame: Frame, _ component: Int) throws -> [Double] {
    let size = frame.pixelFormat.extents(of: component, width: frame.width, height: frame.height)
    return try (0..<size.height).flatMap { y in
      if frame.pixelFormat.hasFloatSamples {
        let row = try #require(frame.floats(component: component, row: y))
        return (0..<size.width).map { Double(row[$0]) }
      }
      var row = [UInt16](repeating: 0, count: size.width)
      frame.readSamples(component: component, row: y, count: size.width, into: &row)
      return row.map(Double.init)
    }
  }

  /// Returns the frames that a sink of `format` receives.
  func painted(
    _ sources: [Frame], as format: VideoFormat? = nil, _ style: StyleMixer, mask: MaskSettings?,
    orientation: Orientation = .upright, sinkOrientation: Orientation? = nil, workSize: (Int, Int)? = nil,
    fieldOrder: FieldOrder = .progressive
  ) throws -> [Frame] {
    let sink = KeepingSink(
      format ?? sources[0].format, orientation: sinkOrientation ?? orientation,
      keepsFields: fieldOrder != .progressive)
    let options = Stylization.Options(workSize: workSize.map { (width: $0.0, height: $0.1) }, mask: mask)
    let source = Frames(sources, orientation: orientation, fieldOrder: fieldOrder)
    try Stylization(source: source, style: style, sink: sink, options: options).run()
    return sink.received
  }

  /// Writes a mask: black on the left, white on the right, and a gradient in between.
  func writeMask(_ name: String, width: Int = 32, height: Int = 18) throws -> MaskSettings {
    var pixels: [UInt8] = []
    for _ in 0..<height {
      for x in 0..<width {
        let value = UInt8(min(255, max(0, (Double(x) - 0.3 * Double(width)) / (0.4 * Double(width)) * 255)))
        pixels += [value, value, value]
      }
    }
    try PictureFile.write(Picture(width: width, height: height, pixels: pixels), to: folder.file(name))
    return MaskSettings(.file(folder.file(name)))
  }

  func weight(_ x: Int, _ width: Int = 32) -> Double {
    Double(UInt8(min(255, max(0, (Double(x) - 0.3 * Double(width)) / (0.4 * Double(width)) * 255)))) / 255
  }

  // MARK: Depths and formats

  private static let formats = [
    "yuv420p", "yuvj420p", "yuv422p", "yuv444p", "rgb24", "bgra", "gbrp", "gray", "nv12", "yuv420p10le", "yuv444p12le",
    "p010le", "gray16be", "gbrp10le", "rgb48be", "yuva420p", "yuva444p10le", "gbrap16le", "gbrpf32le",
  ]

  /// Each sample is that of the source, plus the weight of the mask times the difference to the painted one. Where the
  /// mask is 0, it is exactly that of the source, and where it is 1, exactly the painted one.
  @Test(arguments: formats)
  func eachSampleHasItsShare(name: String) throws {
    let source = try smooth(Self.format(name))
    let whole = try #require(try painted([source], invertingStyle(), mask: nil).first)
    let mask = try writeMask("mask.png")
    let result = try #require(try painted([source], invertingStyle(), mask: mask).first)
    let pixelFormat = source.pixelFormat
    var differing = 0
    for component in 0..<pixelFormat.componentCount {
      let size = pixelFormat.extents(of: component, width: 32, height: 18)
      let isChroma = size.width < 32
      let (old, new, found) = (
        try samples(source, component), try samples(whole, component), try samples(result, component)
      )
      for index in old.indices {
        let x = index % size.width
        // Chroma lies on even pixels, or between two with full range, and is a mean of those around.
        let weights = isChroma ? (max(0, 2 * x - 1)...min(31, 2 * x + 1)).map { weight($0) } : [weight(x)]
        let unit = pixelFormat.hasFloatSamples ? 1 / 256.0 : Double(1 << pixelFormat.bitDepth(of: component)) / 256
        if component == pixelFormat.alphaComponent || weights.allSatisfy({ $0 == 0 }) {
          // 8-bit samples that share planes go through RGB, with the rounding of both conversions, and the chroma of
          // NV12 is interpolated on the way.
          let isRounded = ["nv12", "bgra"].contains(name)
          #expect(abs(found[index] - old[index]) <= (isRounded ? 2 : 0), "component \(component), \(index)")
        } else if weights.allSatisfy({ $0 == 1 }) {
          // NV12 as above. In floats, the sum of a difference and its subtrahend is rounded to 24 bits, which may tip a
          // sample of 16 bits, and is multiplied by the slope of the curve of light.
          let tolerance = name == "nv12" ? 2 : pixelFormat.hasFloatSamples ? 1e-4 : unit > 1 ? 1 : 0
          #expect(abs(found[index] - new[index]) <= tolerance, "component \(component), \(index)")
        } else {
          let bounds = weights.map { old[index] + $0 * (new[index] - old[index]) }
          // Light is mixed on its curve, between both ends.
          let slack = pixelFormat.hasFloatSamples ? abs(new[index] - old[index]) : 2 * max(1, unit / 64)
          let (low, high) = ((bounds.min() ?? 0) - slack, (bounds.max() ?? 0) + slack)
          #expect(low <= found[index] && found[index] <= high, "component \(component), \(index)")
        }
        if abs(found[index] - old[index]) > unit { differing += 1 }
      }
    }
    #expect(differing > 0)
  }

  /// The strength of a run multiplies the mask.
  @Test(arguments: ["yuv420p", "rgb24", "gbrp10le"])
  func strengthMultipliesTheMask(name: String) throws {
    let source = try smooth(Self.format(name))
    let mask = try writeMask("mask.png")
    let style = { invertingStyle(blend: FrameBlend(strength: $0)) }
    let half = try #require(try painted([source], style(0.5), mask: mask).first)
    let full = try #require(try painted([source], style(1), mask: mask).first)
    let none = try #require(try painted([source], style(0), mask: mask).first)
    let (old, some, all) = (try samples(source, 0), try samples(half, 0), try samples(full, 0))
    #expect(try samples(none, 0) == old)
    // Both results are rounded.
    for index in old.indices { #expect(abs(some[index] - (old[index] + all[index]) / 2) <= 1) }
  }

  /// Preserved colours and masks together: outside is the source, and chroma is the source's everywhere.
  @Test(arguments: ["yuv420p", "yuv420p10le", "gbrp"])
  func preservedColoursAreMasked(name: String) throws {
    let source = try smooth(Self.format(name))
    let blend = FrameBlend(preservesColors: true)
    let whole = try #require(try painted([source], invertingStyle(blend: blend), mask: nil).first)
    let result = try #require(
      try painted([source], invertingStyle(blend: blend), mask: try writeMask("mask.png")).first)
    let (old, new, found) = (try samples(source, 0), try samples(whole, 0), try samples(result, 0))
    for index in old.indices where weight(index % 32) == 0 { #expect(found[index] == old[index]) }
    for index in old.indices where weight(index % 32) == 1 { #expect(found[index] == new[index]) }
    #expect(found != old && found != new)
  }

  // MARK: Sizes, turns, fields

  @Test(arguments: ["rgb24", "gbrp10le", "yuv420p"], [(16, 9), (64, 36)])
  func masksAreScaled(name: String, size: (Int, Int)) throws {
    let source = try smooth(Self.format(name))
    let mask = try writeMask("mask.png", width: size.0, height: size.1)
    let result = try #require(try painted([source], invertingStyle(), mask: mask, workSize: (16, 9)).first)
    let (old, found) = (try samples(source, 0), try samples(result, 0))
    for index in old.indices where index % 32 < 7 { #expect(found[index] == old[index]) }
    for index in old.indices where index % 32 > 25 { #expect(abs(found[index] - old[index]) > 10) }
  }

  /// Masks are as displayed, however frames are stored and whatever the sink stores.
  @Test(
    arguments: OrientationTests.all, [(true, "rgb24"), (false, "rgb24"), (true, "gbrp10le"), (false, "gbrp10le")])
  func masksAreTurned(orientation: Orientation, sink: (isStoredLikeSource: Bool, format: String)) throws {
    let (isStoredLikeSource, name) = sink
    let source = try smooth(Self.format(name))
    let shown = orientation.swapsSides ? (18, 32) : (32, 18)
    let mask = try writeMask("mask.png", width: shown.0, height: shown.1)
    let sinkOrientation = isStoredLikeSource ? orientation : .upright
    let size = isStoredLikeSource ? (32, 18) : shown
    let format = try Self.format(name, width: size.0, height: size.1)
    func run(_ mask: MaskSettings?, _ strength: Double) throws -> Frame {
      try #require(
        try painted(
          [source], as: format, invertingStyle(blend: FrameBlend(strength: strength)), mask: mask,
          orientation: orientation, sinkOrientation: sinkOrientation
        ).first)
    }
    let (old, new, found) = (
      try samples(run(nil, 0), 0), try samples(run(nil, 1), 0), try samples(run(mask, 1), 0)
    )
    // Where a pixel of the sink is displayed: turn the picture of its columns and rows as the sink's frames are turned.
    for y in 0..<size.1 {
      for x in 0..<size.0 {
        let place = Self.displayed(x, y, size, sinkOrientation)
        let (index, weight) = (y * size.0 + x, weight(place.x, shown.0))
        let expected = old[index] + weight * (new[index] - old[index])
        #expect(abs(found[index] - expected) <= (weight == 0 || weight == 1 ? 0 : 2), "\(x), \(y)")
      }
    }
  }

  /// Returns where a stored pixel is displayed: mirrored, then turned clockwise.
  private static func displayed(
    _ x: Int, _ y: Int, _ size: (Int, Int), _ orientation: Orientation
  ) -> (x: Int, y: Int) {
    var (x, y, width, height) = (orientation.isMirrored ? size.0 - 1 - x : x, y, size.0, size.1)
    for _ in 0..<orientation.quarterTurns {
      (x, y) = (height - 1 - y, x)
      swap(&width, &height)
    }
    return (x, y)
  }

  /// Each field has its own rows of the mask.
  @Test(arguments: ["rgb24", "rgb48le", "yuv420p"], [18, 17])
  func fieldsHaveTheirRows(name: String, height: Int) throws {
    let format = try Self.format(name, height: height)
    // White in rows 6 to 9.
    var pixels: [UInt8] = []
    for y in 0..<height { pixels += [UInt8](repeating: (6...9).contains(y) ? 255 : 0, count: 3 * 32) }
    try PictureFile.write(Picture(width: 32, height: height, pixels: pixels), to: folder.file("mask.png"))
    let source = try smooth(format)
    let result = try #require(
      try painted(
        [source], invertingStyle(), mask: MaskSettings(.file(folder.file("mask.png"))), fieldOrder: .topFieldFirst
      ).first)
    let (old, found) = (try samples(source, 0), try samples(result, 0))
    for y in 0..<height {
      let isPainted = (0..<32).contains { abs(found[32 * y + $0] - old[32 * y + $0]) > 10 }
      #expect(isPainted == (6...9).contains(y), "row \(y)")
      if !isPainted { #expect(Array(found[32 * y..<32 * y + 32]) == Array(old[32 * y..<32 * y + 32])) }
    }
  }

  // MARK: Other masks

  @Test func masksAreInvertedAndFeathered() throws {
    let source = try smooth(Self.format("gbrp"))
    var mask = try writeMask("mask.png")
    mask.isInverted = true
    let inverted = try samples(try #require(try painted([source], invertingStyle(), mask: mask).first), 0)
    let old = try samples(source, 0)
    for index in old.indices where weight(index % 32) == 1 { #expect(inverted[index] == old[index]) }
    let whole = try samples(try #require(try painted([source], invertingStyle(), mask: nil).first), 0)
    for index in old.indices where weight(index % 32) == 0 { #expect(inverted[index] == whole[index]) }
    // A hard edge in the middle.
    let edge = (0..<18).flatMap { _ in (0..<32).flatMap { [UInt8](repeating: $0 < 16 ? 0 : 255, count: 3) } }
    try PictureFile.write(Picture(width: 32, height: 18, pixels: edge), to: folder.file("hard.png"))
    func run(feather: Double) throws -> [Double] {
      let mask = MaskSettings(.file(folder.file("hard.png")), feather: feather)
      return try samples(try #require(try painted([source], invertingStyle(), mask: mask).first), 0)
    }
    let (hard, soft) = (try run(feather: 0), try run(feather: 6))
    #expect(soft[0] == old[0] && soft[31] == whole[31] && soft != hard)
    // The difference rises more slowly.
    func steepest(_ values: [Double]) -> Double {
      let changes: [Double] = (0..<32).map { values[$0] - old[$0] }
      let steps: [Double] = zip(changes, changes.dropFirst()).map { abs($1 - $0) }
      return steps.max() ?? 0
    }
    #expect(steepest(soft) < 0.5 * steepest(hard))
  }

  /// Alpha of the mask's picture counts before its colours.
  @Test func alphaOfAPictureIsTheMask() throws {
    let alpha = (0..<32 * 18).map { UInt8($0 % 32 < 16 ? 0 : 255) }
    let grey = Picture(width: 32, height: 18, red: 128, green: 128, blue: 128)
    try PictureFile.write(grey.withAlpha(alpha), to: folder.file("mask.png"))
    let source = try smooth(Self.format("gbrp"))
    let mask = MaskSettings(.file(folder.file("mask.png")))
    let whole = try samples(try #require(try painted([source], invertingStyle(), mask: nil).first), 0)
    let found = try samples(try #require(try painted([source], invertingStyle(), mask: mask).first), 0)
    let old = try samples(source, 0)
    for index in old.indices { #expect(found[index] == (index % 32 < 16 ? old[index] : whole[index])) }
  }

  /// Luma in the range is painted. The frame is dark on the left and bright on the right.
  @Test(arguments: ["yuv420p", "gbrp10le", "rgb24"])
  func lumaIsTheMask(name: String) throws {
    let source = try smooth(Self.format(name, width: 320, height: 180))
    let old = try samples(source, 0)
    let found = try samples(
      try #require(try painted([source], invertingStyle(), mask: MaskSettings(.luma(0...0.45))).first), 0)
    let format = source.format
    let rgbWhite: Double = name == "rgb24" ? 255 : 1023
    let black: Double = format.pixelFormat.isRGB ? 0 : 16
    let white: Double = format.pixelFormat.isRGB ? rgbWhite : 235
    for y in [0, 90, 179] {
      for x in 0..<320 {
        let sample: Double = old[320 * y + x]
        let luma = (sample - black) / (white - black)
        // Half of the soft edge, and what the blur of a pixel's neighbours may add.
        if luma > 0.52 { #expect(found[320 * y + x] == old[320 * y + x], "\(x), \(y)") }
        if luma < 0.38 { #expect(found[320 * y + x] != old[320 * y + x], "\(x), \(y)") }
      }
    }
  }

  /// Noise of one step in a flat area changes the mask of a range that ends there by little.
  @Test func grainDoesNotFlicker() throws {
    let format = try Self.format("gray", width: 640, height: 360)
    var random = Random(seed: 4)
    let frames = try (0..<2).map { _ in
      let frame = try Frame(format)
      frame.clearSamples()
      for y in 0..<360 {
        let row = (0..<640).map { _ in UInt16(128 + Int(random.next() % 9) - 4) }
        frame.writeSamples(component: 0, row: y, count: 640, from: row)
      }
      return frame
    }
    // A style that paints white.
    let white = testStyle { width, height, _ in WhiteStylizer(width: width, height: height) }
    let result = try painted(
      frames, as: Self.format("gray", width: 640, height: 360), white,
      mask: MaskSettings(.luma(0.5...1)))
    // The mean of the mask's difference between the frames, from the painted share of (255 − source).
    var sum = 0.0
    let (first, second) = (try samples(result[0], 0), try samples(result[1], 0))
    let (a, b) = (try samples(frames[0], 0), try samples(frames[1], 0))
    for index in first.indices {
      sum += abs((first[index] - a[index]) / (255 - a[index]) - (second[index] - b[index]) / (255 - b[index]))
    }
    // Noise with a deviation of 2.6 steps changes a mask without the blur by 0.17 in the mean: its deviation of 0.010
    // times the slope of 15, times 2/√π.
    #expect(sum / Double(first.count) < 0.05)
  }

  /// Alpha of the film itself: opaque parts are painted, and the result is opaque.
  @Test(arguments: ["yuva444p10le", "yuva420p", "bgra"])
  func alphaOfTheFilmIsTheMask(name: String) throws {
    let format = try Self.format(name)
    let path = folder.file("in.mkv")
    try encodeFilm(path, codec: "ffv1", format, timeBase: Rational(1, 25), options: [:], count: 3) { number in
      let frame = try smooth(format) { $0 < 10 + 5 * number ? 0 : 1 }
      frame.pts = Int64(number)
      return frame
    }
    func run(_ output: String, _ strength: Double) throws -> [Frame] {
      let style = invertingStyle(blend: FrameBlend(strength: strength))
      _ = try VideoStylization(input: path).run(
        output: MediaTarget(folder.file(output)), style: style,
        options: Stylization.Options(mask: MaskSettings(.alpha)), encoding: EncodingOptions(codec: "ffv1"))
      return try frames(of: output)
    }
    let (results, originals) = (try run("out.mkv", 1), try run("same.mkv", 0))
    #expect(results.count == 3 && originals.count == 3)
    for (number, (result, original)) in zip(results, originals).enumerated() {
      #expect(!result.pixelFormat.hasAlpha)
      let (old, found) = (try samples(original, 0), try samples(result, 0))
      let inside = old.indices.filter { $0 % 32 >= 10 + 5 * number }
      for index in old.indices where index % 32 < 10 + 5 * number {
        #expect(found[index] == old[index], "frame \(number), \(index)")
      }
      // Only the middle grey is its own inverse.
      #expect(inside.count { found[$0] != old[$0] } > inside.count * 9 / 10)
    }
  }
}

/// Paints every pixel white.
final class WhiteStylizer: FrameStylizer {
  let width: Int
  let height: Int

  init(width: Int, height: Int) { (self.width, self.height) = (width, height) }

  func stylize(
    _ source: UnsafePointer<UInt8>, sourceStride: Int, into destination: UnsafeMutablePointer<UInt8>,
    destinationStride: Int
  ) throws {
    for y in 0..<height { (destination + y * destinationStride).update(repeating: 255, count: 3 * width) }
  }

  func stylize(_ source: UnsafePointer<Float>, into destination: UnsafeMutablePointer<Float>) throws {
    destination.update(repeating: 255, count: 3 * width * height)
  }
}

/// All decoded frames of a film.
struct VideoFrameList {
  let frames: [Frame]

  init(_ path: String) throws {
    let demuxer = try Demuxer(path: path)
    let stream = try demuxer.bestVideoStream()
    let decoder = try Decoder(stream)
    let packet = try Packet()
    var frames: [Frame] = []
    func receive() throws {
      let frame = try Frame()
      while try decoder.receive(into: frame) == .output {
        let kept = try Frame()
        try kept.reference(frame)
        frames.append(kept)
      }
    }
    while try demuxer.read(into: packet) {
      guard packet.streamIndex == stream.index else { continue }
      _ = try decoder.send(packet)
      try receive()
    }
    _ = try decoder.send(nil)
    try receive()
    self.frames = frames
  }
}
