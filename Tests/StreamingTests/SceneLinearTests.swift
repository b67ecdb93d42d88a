import FFmpeg
import Foundation
import Streaming
import TestSupport
import Testing

/// Films of OpenEXR pictures.
@Suite struct SceneLinearTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["in", "out", "back"] {
      try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
    }
  }

  private static let (width, height, count) = (24, 16, 2)

  /// Light from 0 to 40, which is exact in 16 bits, premultiplied by an alpha that rises from left to right.
  private static func light(_ component: Int, _ x: Int, _ y: Int, hasAlpha: Bool) -> Float {
    let alpha = hasAlpha ? Float(min(x, 16)) / 16 : 1
    return component == 3 ? alpha : alpha * Float((x + 1) * (component + 1)) / (y < 8 ? 8 : 2)
  }

  /// Writes a film of pictures, and returns the first frame.
  private func makeFilm(_ name: String, _ pixelFormat: String, codec: String = "exr") throws -> Frame {
    let format = VideoFormat(
      width: Self.width, height: Self.height, pixelFormat: try #require(PixelFormat(named: pixelFormat)))
    let options = codec == "exr" ? OpenEXROptions.encoder(isHalfPrecision: true) : [:]
    try encodeFilm(
      folder.file(name), codec: codec, format, timeBase: Rational(1, 25), options: options, count: Self.count
    ) { number in
      let frame = try Frame(format)
      for component in 0..<format.pixelFormat.componentCount {
        for y in 0..<Self.height {
          if format.pixelFormat.hasFloatSamples {
            let row = try #require(frame.floats(component: component, row: y))
            for x in 0..<Self.width {
              row[x] = Self.light(component, x, y, hasAlpha: format.pixelFormat.hasAlpha)
            }
          } else {
            let row = (0..<Self.width).map { UInt16(truncatingIfNeeded: 2603 * $0 + 311 * y + 7 * component) }
            frame.writeSamples(component: component, row: y, count: Self.width, from: row)
          }
        }
      }
      frame.pts = Int64(number)
      return frame
    }
    return try Demuxer(MediaSource(folder.file(name))).firstFrame()
  }

  /// Paints a film, and returns its first frame.
  private func paint(_ input: String, _ output: String, _ style: StyleMixer) throws -> Frame {
    let source = try FrameSources.open(MediaSource(folder.file(input)))
    _ = try VideoStylization(source).run(output: try MediaTarget(folder.file(output)), style: style)
    return try Demuxer(MediaSource(folder.file(output))).firstFrame()
  }

  private func light(of frame: Frame, _ component: Int) throws -> [Float] {
    try (0..<frame.height).flatMap { y in
      let row = try #require(frame.floats(component: component, row: y))
      return (0..<frame.width).map { row[$0] }
    }
  }

  @Test(arguments: ["gbrpf32le", "gbrapf32le", "grayf32le"])
  func withoutStrengthTheLightComesBack(name: String) throws {
    let source = try makeFilm("in/%03d.exr", name)
    let result = try paint("in/%03d.exr", "out/%03d.exr", invertingStyle(blend: FrameBlend(strength: 0)))
    #expect(source.isHalfPrecision && result.isHalfPrecision)
    #expect(result.pixelFormat.name == (name == "grayf32le" ? "gbrpf32le" : name))
    for component in 0..<result.pixelFormat.componentCount {
      let expected = try light(of: source, source.pixelFormat.isGray ? 0 : component)
      #expect(try light(of: result, component) == expected)
    }
  }

  @Test func attributesOfEachFrameAreKept() throws {
    _ = try makeFilm("in/%03d.exr", "gbrpf32le")
    func attribute(_ number: Int) -> [UInt8] {
      Array("timeCode\0timecode\0".utf8) + [8, 0, 0, 0, UInt8(number), 2, 3, 4, 0, 0, 0, 0]
    }
    for number in 1...Self.count {
      let file = "in/00\(number).exr"
      let bytes = try folder.bytes(of: file)
      try folder.write(OpenEXRHeader.inserting(attribute(number), into: bytes), to: file)
    }
    _ = try paint("in/%03d.exr", "out/%03d.exr", watchingStyle())
    for number in 1...Self.count {
      let frame = try Demuxer(path: folder.file("out/00\(number).exr")).firstFrame()
      #expect(frame.openEXRAttributes == attribute(number))
    }
  }

  /// A network that changes nothing gives the light back, highlights and alpha included.
  @Test(arguments: ["gbrpf32le", "gbrapf32le"]) func paintedLightHasHighlights(name: String) throws {
    let source = try makeFilm("in/%03d.exr", name)
    let result = try paint("in/%03d.exr", "out/%03d.exr", watchingStyle())
    for component in 0..<source.pixelFormat.componentCount {
      let (old, new) = (try light(of: source, component), try light(of: result, component))
      #expect(component == 3 || (old.max() ?? 0) > 10)
      for (index, (old, new)) in zip(old, new).enumerated() {
        // The encoder cuts floats to 11 bits; the rest is rounding. Colours below an eighth of opacity are not painted
        // as they are, but extended from what is visible.
        if name == "gbrapf32le", index % Self.width < 2 { continue }
        #expect(abs(new - old) <= 1e-3 * old + 1e-4, "\(index) \(old)")
      }
    }
  }

  @Test func displayedPicturesBecomeLightAndComeBack() throws {
    let source = try makeFilm("in/%03d.png", "rgb48be", codec: "png")
    let scene = try paint("in/%03d.png", "out/%03d.exr", watchingStyle())
    #expect(!scene.isHalfPrecision && scene.format.isSceneLinear)
    #expect(try light(of: scene, 0).allSatisfy { (0...1).contains($0) })
    let result = try paint("out/%03d.exr", "back/%03d.png", watchingStyle())
    #expect(result.pixelFormat.name == "rgb48be" && result.color.transferName != "linear")
    for component in 0..<3 {
      var (old, new) = ([UInt16](repeating: 0, count: Self.width), [UInt16](repeating: 0, count: Self.width))
      for y in 0..<Self.height {
        source.readSamples(component: component, row: y, count: Self.width, into: &old)
        result.readSamples(component: component, row: y, count: Self.width, into: &new)
        // Floats have 24 bits, and the curve and its inverse cost a few of them: one step of 16 bits, and one of
        // dither.
        for (old, new) in zip(old, new) { #expect(abs(Int(old) - Int(new)) <= 2) }
      }
    }
  }
}
