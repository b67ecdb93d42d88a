import FFmpeg
import Foundation
import Imaging
import TestSupport
import Testing

/// Pictures in OpenEXR: their samples, alpha and light, from file to file.
struct OpenEXRTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func format(_ name: String, width: Int, height: Int) throws -> VideoFormat {
    VideoFormat(
      width: width, height: height, pixelFormat: try #require(PixelFormat(named: name)), color: .sceneLinear)
  }

  /// Creates a frame from the samples of its components in their order: red, green, blue, alpha.
  private func frame(_ name: String, width: Int, height: Int, _ sample: (Int, Int) -> Float) throws -> Frame {
    let frame = try Frame(Self.format(name, width: width, height: height))
    for component in 0..<frame.pixelFormat.componentCount {
      for y in 0..<height {
        let row = try #require(frame.floats(component: component, row: y))
        for x in 0..<width { row[x] = sample(component, y * width + x) }
      }
    }
    return frame
  }

  /// The bits of the samples: NaN equals no number.
  private func bits(_ frame: Frame) throws -> [[UInt32]] {
    try (0..<frame.pixelFormat.componentCount).map { component in
      try (0..<frame.height).flatMap { y in
        let row = try #require(frame.floats(component: component, row: y))
        return (0..<frame.width).map { row[$0].bitPattern }
      }
    }
  }

  private func write(_ frame: Frame, _ name: String = "a.exr") throws -> StoredPicture {
    try PictureFile.write(
      try PictureFile.encode(frame, as: .exr, PictureMetadata(), for: name), to: folder.file(name))
    return try PictureFile.open(folder.file(name))
  }

  /// Light from below 0 to far above 1. Every value is exact in 16 bits.
  private static func light(_ component: Int, _ index: Int) -> Float {
    component == 3 ? Float(index % 5) / 4 : Float(index * (component + 1) % 97 - 8) * (index % 7 == 0 ? 64 : 0.125)
  }

  @Test(arguments: ["gbrpf32le", "gbrapf32le"], [true, false])
  func samplesComeBack(name: String, isHalf: Bool) throws {
    let source = try frame(name, width: 13, height: 9) { component, index in
      // A third needs 32 bits.
      Self.light(component, index) + (isHalf ? 0 : 1 / 3)
    }
    source.isHalfPrecision = isHalf
    let stored = try write(source)
    #expect(stored.frame.isHalfPrecision == isHalf)
    #expect(stored.isDeep && stored.frame.format.isSceneLinear && stored.frame.pixelFormat.name == name)
    #expect(try bits(stored.frame) == bits(source))
  }

  @Test func notNumbersAndInfinityComeBack() throws {
    let odd: [Float] = [.nan, .infinity, -.infinity, -1, 0, 65504, 1e-7, 1]
    let source = try frame("gbrpf32le", width: 8, height: 1) { odd[($1 + $0) % 8] }
    #expect(try bits(try write(source).frame) == bits(source))
  }

  /// A strength of 0 takes the samples of the original, and a picture that was not changed has the light of the
  /// original.
  @Test(arguments: ["gbrpf32le", "gbrapf32le", "grayf32le"])
  func unchangedPicturesHaveTheSameLight(name: String) throws {
    let source = try frame(name, width: 13, height: 9, Self.light)
    let picture = FloatPicture()
    try FrameReader(source.format).read(source, into: picture)
    let target = try PictureFormat.exr.deepFormat(for: source.format, width: 13, height: 9)
    let original = try #require(try source.exactSamples(in: target))
    let writer = try FrameWriter(target, depth: 32)
    let result = try Frame(target)
    for index in 0..<3 * picture.pixelCount { picture.colours[index] += 9 }
    writer.write(
      picture, blend: .init(original: original, strength: 0, preservesColors: false), alpha: original, into: result)
    #expect(try bits(result) == bits(original))
    for index in 0..<3 * picture.pixelCount { picture.colours[index] -= 9 }
    writer.write(picture, blend: nil, alpha: original, into: result)
    for (new, old) in zip(try bits(result).joined(), try bits(original).joined()) {
      let (new, old) = (Float(bitPattern: new), Float(bitPattern: old))
      // Adding and subtracting 9 rounds to 2⁻¹⁶, of which the shoulder makes up to 2 % at the largest light.
      #expect(abs(new - old) <= 1e-4 + 0.002 * abs(old), "\(old)")
    }
  }

  @Test func oddSamplesDoNotSpread() throws {
    let odd: [Float] = [.nan, .infinity, -.infinity, -3]
    let source = try frame("gbrapf32le", width: 4, height: 2) { component, index in
      if index == 7 { return component == 3 ? .nan : 0.5 }
      return component == 3 ? 1 : index < 4 ? odd[index] : 0.25
    }
    let picture = try write(source).floatPicture()
    #expect(
      (0..<24).allSatisfy { picture.colours[$0].isFinite } && (0..<8).allSatisfy { picture.alpha?[$0].isFinite == true }
    )
    #expect(picture.alpha?[7] == 0)
    picture.limitColours()
    #expect([picture.colours[0], picture.colours[3], picture.colours[6], picture.colours[9]] == [0, 255, 0, 0])
    let result = try Frame(source.format)
    let writer = try FrameWriter(source.format, depth: 32)
    for preservesColors in [false, true] {
      writer.write(
        picture, blend: .init(original: source, strength: 0.5, preservesColors: preservesColors), alpha: source,
        into: result)
      for component in 0..<3 {
        for y in 0..<2 {
          let row = try #require(result.floats(component: component, row: y))
          #expect((0..<4).allSatisfy { row[$0].isFinite })
        }
      }
    }
  }

  @Test func colorsArePremultiplied() throws {
    // Half-transparent light of 0.25, additive light, and opaque light.
    let source = try frame("gbrapf32le", width: 3, height: 1) { component, index in
      component == 3 ? [0.5, 0, 1][index] : [0.125, 3, 0.25][index]
    }
    let picture = try write(source).floatPicture()
    #expect(picture.colours[0] == picture.colours[6] && picture.alpha?[0] == 0.5)
    let result = try Frame(source.format)
    for index in 0..<9 { picture.colours[index] = SceneLight.value(ofLight: 0.75) }
    try FrameWriter(source.format, depth: 32).write(picture, blend: nil, alpha: source, into: result)
    let row = try #require(result.floats(component: 1, row: 0))
    // The curve and its inverse, to the precision of floats.
    for (value, expected) in zip([row[0], row[1], row[2]], [0.375, 3, 0.75] as [Float]) {
      #expect(abs(value - expected) < 1e-5)
    }
  }

  @Test func greyIsLuminance() throws {
    let target = try Self.format("grayf32le", width: 1, height: 1)
    let picture = FloatPicture()
    picture.resize(width: 1, height: 1)
    let light: [Float] = [2, 0.25, 0.5]
    for (index, light) in light.enumerated() { picture.colours[index] = SceneLight.value(ofLight: light) }
    let result = try Frame(target)
    try FrameWriter(target, depth: 32).write(picture, blend: nil, into: result)
    let weights = target.lumaWeights
    let red = Float(weights.red)
    let blue = Float(weights.blue)
    let expected = red * light[0] + (1 - red - blue) * light[1] + blue * light[2]
    // The curve and its inverse, to the precision of floats.
    let row = try #require(result.floats(component: 0, row: 0))
    #expect(abs(row[0] - expected) < 1e-4)
  }

  @Test(arguments: ["gbrapf32le", "gbrpf32le"]) func opacityIsFound(name: String) throws {
    #expect(try write(try frame(name, width: 2, height: 1) { $0 == 3 ? 1 : Float($1) }).isOpaque)
    let source = try frame(name, width: 2, height: 1) { $0 == 3 ? Float($1) : 0.5 }
    #expect(try write(source).isOpaque == (name == "gbrpf32le"))
  }

  /// A picture of a display becomes light and comes back.
  @Test func displayedPicturesComeBack() throws {
    var source = Picture(tensor: syntheticImage(width: 31, height: 17, seed: 5))
    for alpha in [nil, (0..<31 * 17).map { UInt8(1 + $0 % 255) }] {
      source = source.withAlpha(alpha)
      try PictureFile.write(source, to: folder.file("b.exr"))
      let stored = try PictureFile.open(folder.file("b.exr"))
      #expect(stored.frame.isHalfPrecision)
      #expect(try stored.picture() == source)
    }
  }

  @Test func whiteIsLightOne() throws {
    try PictureFile.write(Picture(width: 1, height: 1, red: 255, green: 0, blue: 128), to: folder.file("w.exr"))
    let frame = try PictureFile.open(folder.file("w.exr")).frame
    let light = try (0..<3).map { try #require(frame.floats(component: $0, row: 0))[0] }
    #expect(light[0] == 1 && light[1] == 0)
    // sRGB 128 in light (IEC 61966-2-1), to the precision of 16 bits.
    #expect(abs(light[2] - 0.21586) < 2e-4)
  }

  /// Primaries of Display P3 (SMPTE EG 432-1), and a time code.
  private static let attributes: [UInt8] = {
    let primaries: [Float] = [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329]
    let values = primaries.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    return Array("chromaticities\0chromaticities\0".utf8) + [32, 0, 0, 0] + values
      + Array("timeCode\0timecode\0".utf8) + [8, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]
  }()

  @Test(arguments: [1, 16, 17, 100]) func attributesAreKept(height: Int) throws {
    let source = try frame("gbrpf32le", width: 5, height: height, Self.light)
    let bytes = try PictureFile.encode(source, as: .exr, PictureMetadata(), for: "a.exr")
    try folder.write(OpenEXRHeader.inserting(Self.attributes, into: bytes), to: "a.exr")
    let stored = try PictureFile.open(folder.file("a.exr"))
    #expect(stored.frame.openEXRAttributes == Self.attributes)
    #expect(try bits(stored.frame) == bits(source))
    try PictureFile.write(
      try PictureFile.encode(stored.frame, as: .exr, stored.metadata, for: "b.exr"), to: folder.file("b.exr"))
    #expect(try folder.bytes(of: "b.exr") == folder.bytes(of: "a.exr"))
  }

  @Test func attributesAreInsertedIntoWholeFilesOnly() throws {
    let source = try frame("gbrpf32le", width: 5, height: 3, Self.light)
    let bytes = try PictureFile.encode(source, as: .exr, PictureMetadata(), for: "a.exr")
    #expect(OpenEXRHeader.inserting([], into: bytes) == bytes)
    for count in [0, 4, 8, 100, bytes.count / 2] {
      let part = Array(bytes[..<count])
      let result = OpenEXRHeader.inserting(Self.attributes, into: part)
      #expect(result == part || result.count == part.count + Self.attributes.count)
    }
    let other: [UInt8] = Array("no picture".utf8)
    #expect(OpenEXRHeader.inserting(Self.attributes, into: other) == other)
  }

  @Test func truncatedFilesAreErrorsOrPictures() throws {
    let bytes = try PictureFile.encode(
      try frame("gbrapf32le", width: 5, height: 3, Self.light), as: .exr, PictureMetadata(), for: "a.exr")
    for count in 0..<bytes.count {
      try folder.write(Array(bytes[..<count]), to: "cut.exr")
      do {
        _ = try PictureFile.open(folder.file("cut.exr")).floatPicture()
      } catch {
        #expect(error.description.hasPrefix(folder.file("cut.exr")))
      }
    }
  }
}
