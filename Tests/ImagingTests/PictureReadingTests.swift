import Foundation
import Imaging
import TestSupport
import Testing

struct PictureReadingTests {
  @Test(arguments: ["rgb.bmp", "rgb.ppm"])
  func losslessColors(name: String) throws {
    #expect(try PictureFile.read(Fixtures.path(name)) == Fixtures.colors)
  }

  /// The error of a gradient at quality 95, in steps of 255, including the rounding of the colour conversion.
  private static let lossyTolerance = 5

  /// The same with 4:2:0 chroma subsampling, which blurs the gradient at the edges. Pillow also differs by 16.
  private static let subsampledTolerance = 16

  @Test(arguments: [
    ("subsampled.jpg", subsampledTolerance), ("progressive.jpg", lossyTolerance), ("cmyk.jpg", lossyTolerance),
  ])
  func lossyColors(name: String, tolerance: Int) throws {
    let picture = try PictureFile.read(Fixtures.path(name))
    #expect(maximumDifference(picture, Fixtures.colors) <= tolerance)
    #expect(picture.alpha == nil)
  }

  @Test func sixteenBitsPerSample() throws {
    let picture = try PictureFile.read(Fixtures.path("rgb48.png"))
    // swscale converts 16-bit samples with reduced precision.
    #expect(maximumDifference(picture, Fixtures.colors) <= 1)
  }

  @Test(arguments: ["alpha.png", "alpha.tiff"])
  func alphaIsKept(name: String) throws {
    #expect(try PictureFile.read(Fixtures.path(name)) == Fixtures.colors.withAlpha(Fixtures.alpha))
  }

  @Test func webPAlphaIsKept() throws {
    let lossless = try PictureFile.read(Fixtures.path("lossless.webp"))
    #expect(lossless == Fixtures.colors.withAlpha(Fixtures.alpha).oriented(.quarterTurnClockwise))
    let lossy = try PictureFile.read(Fixtures.path("lossy.webp"))
    #expect(lossy.alpha == Fixtures.alpha)
    #expect(maximumDifference(lossy, Fixtures.colors) <= Self.subsampledTolerance)
  }

  @Test(arguments: ["oriented.jpg", "oriented.png", "oriented.tiff"])
  func orientationIsApplied(name: String) throws {
    let picture = try PictureFile.read(Fixtures.path(name))
    let expected = Fixtures.colors.oriented(.quarterTurnClockwise)
    #expect(maximumDifference(picture, expected) <= (name.hasSuffix("jpg") ? Self.lossyTolerance : 0))
  }

  @Test(arguments: 0...9)
  func everyOrientation(value: Int) throws {
    let folder = try TemporaryFolder()
    var bytes = try Fixtures.bytes("oriented.jpg")
    // Pillow writes big-endian EXIF: tag 0112, type 3, count 1, and the value in the upper half of the last word.
    let entry: [UInt8] = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6]
    let position = try #require((0..<bytes.count - 10).first { Array(bytes[$0..<$0 + 10]) == entry })
    bytes[position + 9] = UInt8(value)
    let picture = try PictureFile.read(try folder.write(bytes, to: "a.jpg"))
    let expected = Fixtures.colors.oriented(ExifOrientation(rawValue: value) ?? .upright)
    #expect(maximumDifference(picture, expected) <= Self.lossyTolerance)
  }

  @Test func grayscale() throws {
    let jpeg = try PictureFile.read(Fixtures.path("gray.jpg"))
    let luma = Fixtures.picture { x, y in
      let value = (2990 * 10 * x + 5870 * 15 * y + 1140 * (255 - 5 * x - 6 * y)) / 10000
      return (value, value, value)
    }
    #expect(maximumDifference(jpeg, luma) <= Self.lossyTolerance)

    let deep = try PictureFile.read(Fixtures.path("gray16.png"))
    let shades = Fixtures.picture { x, y in
      let value = Int((Double(x * 2621 + y * 13) / 257).rounded())
      return (value, value, value)
    }
    // swscale may truncate the lower byte instead of rounding.
    #expect(maximumDifference(deep, shades) <= 1)

    let withAlpha = try PictureFile.read(Fixtures.path("grayalpha.png"))
    #expect(withAlpha == Fixtures.picture { x, _ in (10 * x, 10 * x, 10 * x) }.withAlpha(Fixtures.alpha))

    let bilevel = Fixtures.picture { x, y in (x + y) % 2 == 1 ? (255, 255, 255) : (0, 0, 0) }
    #expect(try PictureFile.read(Fixtures.path("bilevel.png")) == bilevel)
  }

  @Test(arguments: ["palette.png", "palette.gif"])
  func palettes(name: String) throws {
    let index = { (x: Int, y: Int) in x / 6 + 4 * (y / 8) }
    let opacities: [UInt8] =
      name.hasSuffix("png") ? [255, 0, 128, 255, 255, 255, 255, 64] : [255, 0, 255, 255, 255, 255, 255, 255]
    let picture = try PictureFile.read(Fixtures.path(name))
    #expect(picture.alpha == Fixtures.plane { x, y in opacities[index(x, y)] })
    for y in 0..<Fixtures.height {
      for x in 0..<Fixtures.width where opacities[index(x, y)] > 0 {
        let i = index(x, y)
        #expect(picture[x, y] == (UInt8(30 * i), UInt8(255 - 30 * i), UInt8(i * 97 % 256)))
      }
    }
  }

  // MARK: Invalid files

  private func expectUnreadable(_ path: String, saying text: String = "cannot be read as a picture") throws {
    let error = #expect(throws: PictureError.self) { try PictureFile.read(path) }
    let description = error?.description ?? ""
    #expect(description.hasPrefix("\(path): ") && description.contains(text), "\(description)")
    #expect(!description.contains("\n"))
  }

  @Test func filesWithoutAPictureAreErrors() throws {
    let folder = try TemporaryFolder()
    try expectUnreadable(folder.file("missing.png"), saying: "no such file")
    try expectUnreadable(folder.path, saying: "directory")
    try expectUnreadable(try folder.write([], to: "empty.png"), saying: "empty")
    let text = Array("A letter, despite its file name.\n".utf8)
    for name in ["a.png", "a.jpg", "a.webp", "a.txt", "a.nfo", "a"] {
      try expectUnreadable(try folder.write(text, to: name))
    }
    try expectUnreadable(try Fixtures.path("zero.png"))
    try expectUnreadable(try folder.write(silence, to: "sound.wav"), saying: "no video stream")
    try expectUnreadable(try folder.write(silence, to: "sound.png"), saying: "no video stream")
  }

  /// A WAVE file with a tenth of a second of silence, 8-bit PCM at 8 kHz.
  private var silence: [UInt8] {
    func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    let format: [UInt8] = word(16) + [1, 0, 1, 0] + word(8000) + word(8000) + [1, 0, 8, 0]
    let data = [UInt8](repeating: 128, count: 800)
    return Array("RIFF".utf8) + word(836) + Array("WAVEfmt ".utf8) + format + Array("data".utf8) + word(800) + data
  }

  /// Reading a truncated file gives an error or a part of the picture, but never traps.
  @Test(arguments: [
    "oriented.jpg", "alpha.png", "lossless.webp", "lossy.webp", "alpha.tiff", "oriented.tiff", "palette.gif", "rgb.bmp",
    "oriented.png",
  ])
  func truncatedFilesNeverTrap(name: String) throws {
    let folder = try TemporaryFolder()
    let whole = try Fixtures.bytes(name)
    let size = try { [$0.width, $0.height] }(PictureFile.read(Fixtures.path(name)))
    for length in stride(from: 1, to: whole.count, by: max(1, whole.count / 40)) {
      let path = try folder.write(Array(whole[..<length]), to: name)
      do {
        let picture = try PictureFile.read(path)
        // The orientation may be at the end of the file.
        #expect([picture.width, picture.height].sorted() == size.sorted())
      } catch {
        #expect(error.description.hasPrefix("\(path): "))
      }
    }
    // The first bytes alone do not contain a picture.
    try expectUnreadable(try folder.write(Array(whole[..<20]), to: name))
  }

  @Test(arguments: ["oriented.png", "oriented.tiff", "oriented.jpg"])
  func damagedBytesNeverTrap(name: String) throws {
    let folder = try TemporaryFolder()
    let whole = try Fixtures.bytes(name)
    var generator = Random(seed: 7)
    for _ in 0..<200 {
      var bytes = whole
      for _ in 0..<4 {
        bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      let path = try folder.write(bytes, to: name)
      do {
        _ = try PictureFile.read(path)
      } catch {
        #expect(error.description.hasPrefix("\(path): "))
      }
    }
  }
}
