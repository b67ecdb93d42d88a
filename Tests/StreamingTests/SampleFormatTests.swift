import FFmpeg
import Foundation
import Networks
import Streaming
import Synchronization
import TestSupport
import Testing

/// What files keep of depth, chroma, alpha and HDR.
@Suite struct SampleFormatTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let (width, height, count) = (64, 36, 3)

  /// Writes a film of moving gradients that uses all bits. Alpha rises from left to right.
  private func makeVideo(
    _ name: String, codec: String, _ pixelFormat: String, options: [String: String] = [:]
  ) throws -> String {
    let path = folder.file(name)
    let format = VideoFormat(
      width: Self.width, height: Self.height, pixelFormat: try #require(PixelFormat(named: pixelFormat)))
    try encodeFilm(
      path, codec: codec, format, timeBase: Rational(1, 25), options: options, count: Self.count
    ) { number in
      let frame = try Frame(format)
      frame.clearSamples()
      for component in 0..<format.pixelFormat.componentCount {
        let size = format.pixelFormat.extents(of: component, width: Self.width, height: Self.height)
        let maximum = (1 << format.pixelFormat.bitDepth(of: component)) - 1
        for y in 0..<size.height {
          let row = (0..<size.width).map { UInt16(maximum * (size.width + 3 * $0 + y + number) / (6 * size.width)) }
          frame.writeSamples(component: component, row: y, count: size.width, from: row)
        }
      }
      frame.pts = Int64(number)
      return frame
    }
    return path
  }

  private func stylize(
    _ input: String, _ output: String, strength: Double = 0, _ encoding: EncodingOptions = EncodingOptions(),
    isStandardRange: Bool = false
  ) throws -> VideoStylization.Result {
    let source = try FrameSources.open(MediaSource(file: input))
    return try VideoStylization(isStandardRange ? try source.convertedToStandardRange() : source).run(
      output: try MediaTarget(folder.file(output)), style: invertingStyle(blend: FrameBlend(strength: strength)),
      encoding: encoding)
  }

  /// Returns all samples of the first frame, and its format.
  private func firstFrame(_ name: String) throws -> (format: VideoFormat, samples: [[UInt16]]) {
    let frame = try Demuxer(path: folder.file(name)).firstFrame()
    let components = (0..<frame.pixelFormat.componentCount).map { component in
      let size = frame.pixelFormat.extents(of: component, width: frame.width, height: frame.height)
      return (0..<size.height).flatMap { y in
        var row = [UInt16](repeating: 0, count: size.width)
        frame.readSamples(component: component, row: y, count: size.width, into: &row)
        return row
      }
    }
    return (frame.format, components)
  }

  @Test(arguments: ["yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv420p16le", "gbrp16le", "yuva444p10le"])
  func losslessFilesComeBackBitByBit(pixelFormat: String) throws {
    let path = try makeVideo("in.mkv", codec: "ffv1", pixelFormat)
    let result = try stylize(path, "out.mkv", EncodingOptions(codec: "ffv1"))
    #expect(result.warnings == [])
    let (source, output) = (try firstFrame("in.mkv"), try firstFrame("out.mkv"))
    #expect(output.format.pixelFormat.name == pixelFormat)
    #expect(output.samples == source.samples)
  }

  @Test(arguments: [
    ("yuv422p10le", "libx264", "mp4", "yuv422p10le"), ("yuv444p12le", "libx264", "mkv", "yuv444p10le"),
    ("yuv422p", "libx264", "mp4", "yuv422p"), ("yuv444p", "libx264", "mp4", "yuv444p"),
    ("gray10le", "libx264", "mkv", "yuv420p10le"), ("yuv422p10le", "mpeg4", "avi", "yuv420p"),
    ("yuva444p10le", "prores_ks", "mov", "yuva444p10le"), ("gbrp16le", "png", "mov", "rgb48be"),
    ("yuva420p", "libvpx-vp9", "webm", "yuva420p"),
  ])
  func theNearestFormatIsEncoded(source: String, codec: String, container: String, expected: String) throws {
    let path = try makeVideo("in.mkv", codec: "ffv1", source)
    _ = try stylize(path, "out.\(container)", EncodingOptions(codec: codec))
    let found = try firstFrame("out.\(container)").format.pixelFormat
    // libav decodes ProRes 4444 as 12 bits.
    #expect(found.name == expected || codec == "prores_ks" && found.name == "yuva444p12le")
  }

  @Test func pixelFormatsCanBeChosen() throws {
    let path = try makeVideo("in.mkv", codec: "ffv1", "yuv420p10le")
    let yuv = try #require(PixelFormat(named: "yuv444p"))
    _ = try stylize(path, "out.mp4", EncodingOptions(pixelFormat: yuv))
    #expect(try firstFrame("out.mp4").format.pixelFormat == yuv)
    let wrong = try #require(PixelFormat(named: "rgb48le"))
    #expect(throws: EncodingError.self) { try stylize(path, "wrong.mp4", EncodingOptions(pixelFormat: wrong)) }
  }

  /// Without alpha in the output, frames are composited over the background, and one warning says so.
  @Test func transparentFramesAreComposited() throws {
    let path = try makeVideo("in.mkv", codec: "ffv1", "bgra")
    let result = try stylize(
      path, "out.mkv",
      EncodingOptions(
        codec: "ffv1", pixelFormat: PixelFormat(named: "bgr0"),
        background: BackgroundColor(red: 255, green: 0, blue: 0)))
    #expect(result.warnings.count == 1 && result.warnings[0].contains("--background"))
    let (source, output) = (try firstFrame("in.mkv").samples, try firstFrame("out.mkv").samples)
    for (component, background) in [255.0, 0, 0].enumerated() {
      for (index, value) in output[component].enumerated() {
        let alpha = Double(source[3][index]) / 255
        #expect(abs(Double(value) - (Double(source[component][index]) * alpha + background * (1 - alpha))) <= 1)
      }
    }
  }

  // MARK: HDR

  private func pqVideo() throws -> String {
    try makeVideo(
      "in.mkv", codec: "libx265", "yuv420p10le",
      options: [
        "x265-params": "log-level=none:lossless=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:"
          + "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,500):max-cll=1000,400"
      ])
  }

  @Test(arguments: ["mkv", "mp4"])
  func hdrKeepsItsTagsAndMetadata(container: String) throws {
    let path = try pqVideo()
    _ = try stylize(path, "out.\(container)", strength: 1)
    let frame = try Demuxer(path: folder.file("out.\(container)")).firstFrame()
    #expect(frame.pixelFormat.name == "yuv420p10le")
    #expect(frame.color.transferName == "smpte2084" && frame.color.primariesName == "bt2020")
    #expect(frame.color.matrixName == "bt2020nc" && frame.color.isHDR)
    let source = try Demuxer(path: path).firstFrame()
    #expect(source.hdrMetadata != nil && frame.hdrMetadata == source.hdrMetadata)
  }

  @Test func hdrCanBeConverted() throws {
    let path = try pqVideo()
    _ = try stylize(path, "out.mkv", EncodingOptions(codec: "ffv1"), isStandardRange: true)
    let frame = try Demuxer(path: folder.file("out.mkv")).firstFrame()
    #expect(frame.pixelFormat.name == "yuv420p10le" && frame.hdrMetadata == nil)
    #expect(frame.color.transferName == "bt709" && frame.color.primariesName == "bt709")
    #expect(frame.color.matrixName == "bt709" && !frame.color.isHDR)
  }

  @Test func hdrIsNotWrittenAsLight() throws {
    let path = try pqVideo()
    #expect(throws: EncodingError.lightOfHDR(codec: "exr")) { try stylize(path, "%03d.exr") }
  }

  /// The white of paper in PQ, 203 cd/m² at 58.07 % of the range, is painted at 75 %, and comes back.
  @Test func pqIsPaintedOnTheCurveOfHLG() throws {
    var format = VideoFormat(width: 8, height: 8, pixelFormat: try #require(PixelFormat(named: "gbrp16le")))
    format.color = try Demuxer(path: try pqVideo()).firstFrame().color
    let white = UInt16(0.5807 * 65535)
    let source = try Frame(format)
    for component in 0..<3 {
      for y in 0..<8 {
        source.writeSamples(component: component, row: y, count: 8, from: [UInt16](repeating: white, count: 8))
      }
    }
    let painted = Mutex<[UInt8]>([])
    let received = Mutex<[UInt16]>([])
    let style = watchingStyle { pixels, _ in
      painted.withLock { $0 = Array(UnsafeBufferPointer(start: pixels, count: 3)) }
    }
    let sink = FrameObserver(format: source.format) { frame, _, _ in
      var row = [UInt16](repeating: 0, count: 8)
      frame.readSamples(component: 0, row: 0, count: 8, into: &row)
      received.withLock { $0 = row }
    }
    try Stylization(source: StillSource(source), style: style, sink: sink).run()
    #expect(painted.withLock { $0.allSatisfy { abs(Int($0) - 191) <= 1 } })
    // The tables have 4096 intervals, in which the curves are nearly straight: within a quarter of a 12-bit step.
    #expect(received.withLock { $0.allSatisfy { abs(Int($0) - Int(white)) <= 4 } && !$0.isEmpty })
  }
}

/// A source of one frame.
final class StillSource: FrameSource {
  let description: VideoDescription
  private let frame: Frame
  private let isRead = Atomic<Bool>(false)

  init(_ frame: Frame) {
    self.frame = frame
    description = VideoDescription(format: frame.format, timeBase: Rational(1, 25))
  }

  func read(into target: Frame) throws -> Bool {
    guard !isRead.exchange(true, ordering: .relaxed) else { return false }
    try target.reference(frame)
    target.pts = 0
    return true
  }
}
