import FFmpeg
import Foundation
import Imaging
import TestSupport
import Testing

/// Pictures with all bits of their samples, and what files say besides them.
struct StoredPictureTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a picture of 16 bits per sample whose lower bytes matter, and returns its samples.
  private func write(_ name: String, _ pixelFormat: String, as format: PictureFormat) throws -> [[UInt16]] {
    let frame = try Frame(
      VideoFormat(width: 24, height: 16, pixelFormat: try #require(PixelFormat(named: pixelFormat)), color: .sRGB))
    frame.clearSamples()
    let samples = (0..<frame.pixelFormat.componentCount).map { component in
      (0..<24 * 16).map { UInt16(truncatingIfNeeded: 1 + 169 * $0 + 21_000 * component) }
    }
    for (component, values) in samples.enumerated() {
      for y in 0..<16 {
        frame.writeSamples(component: component, row: y, count: 24, from: Array(values[24 * y..<24 * (y + 1)]))
      }
    }
    try PictureFile.write(
      try PictureFile.encode(frame, as: format, PictureMetadata(), for: name), to: folder.file(name))
    return samples
  }

  @Test(arguments: [
    ("png", "rgb48be"), ("png", "rgba64be"), ("tiff", "rgb48le"), ("tiff", "rgba64le"), ("ppm", "rgb48be"),
  ])
  func sixteenBitsComeBack(fileExtension: String, pixelFormat: String) throws {
    let name = "a.\(fileExtension)"
    let format = try #require(PictureFormat(path: name))
    let samples = try write(name, pixelFormat, as: format)
    let stored = try PictureFile.open(folder.file(name))
    #expect(stored.isDeep && stored.isOpaque == (samples.count == 3))
    let floats = try stored.floatPicture()
    let target = try format.deepFormat(for: stored.frame.format, width: 24, height: 16)
    #expect(target.pixelFormat.name == pixelFormat)
    let result = try Frame(target)
    try FrameWriter(target, depth: 16).write(floats, blend: nil, into: result)
    for (component, values) in samples.enumerated() {
      var row = [UInt16](repeating: 0, count: 24)
      for y in 0..<16 {
        result.readSamples(component: component, row: y, count: 24, into: &row)
        #expect(row == Array(values[24 * y..<24 * (y + 1)]))
      }
    }
  }

  /// A big-endian structure with a maker, an orientation, and a directory with the sizes 24 and 16, and with the offset
  /// of a thumbnail's directory.
  private static let exif: [UInt8] = {
    func words(_ values: [Int]) -> [UInt8] { values.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }
    return Array("MM".utf8) + words([42, 0, 8])
      + words([3]) + words([0x010F, 2, 0, 4]) + Array("Me!\0".utf8) + words([0x0112, 3, 0, 1, 6, 0])
      + words([0x8769, 4, 0, 1, 0, 50]) + words([0, 80])
      + words([2]) + words([0xA002, 3, 0, 1, 24, 0]) + words([0xA003, 3, 0, 1, 16, 0]) + words([0, 0])
      + words([0, 0, 0])
  }()

  @Test func uprightDataHasNoOrientationAndNoThumbnail() throws {
    let data = try #require(ExifData(Self.exif))
    #expect(data.orientation == .quarterTurnClockwise)
    let upright = data.upright(from: .quarterTurnClockwise)
    #expect(upright.orientation == .upright)
    var expected = Self.exif
    expected[31] = 1
    expected.replaceSubrange(46..<50, with: [0, 0, 0, 0])
    (expected[61], expected[73]) = (16, 24)
    #expect(upright.bytes == expected)
    #expect(ExifData(Array(Self.exif[..<7])) == nil && ExifData([UInt8](repeating: 0, count: 100)) == nil)
    // Cut data is read as far as it goes.
    for count in 8..<Self.exif.count { _ = ExifData(Array(Self.exif[..<count]))?.upright(from: .transposed) }
  }

  /// A profile whose header names the colour space.
  private static func profile(_ space: String) -> [UInt8] {
    var bytes = [UInt8](repeating: 7, count: 200)
    bytes.replaceSubrange(0..<4, with: [0, 0, 0, 200])
    bytes.replaceSubrange(16..<20, with: Array(space.utf8))
    return bytes
  }

  @Test(arguments: ["png", "jpg", "webp", "tiff"], [false, true])
  func metadataIsKept(fileExtension: String, hasAlpha: Bool) throws {
    let path = folder.file("a.\(fileExtension)")
    let format = try #require(PictureFormat(path: path))
    let exif = try #require(ExifData(Self.exif)).upright(from: .upright)
    let metadata = PictureMetadata(iccProfile: Self.profile("RGB "), exif: exif)
    let picture = hasAlpha ? Fixtures.colors.withAlpha(Fixtures.alpha) : Fixtures.colors
    try PictureFile.write(try PictureFile.encode(picture, as: format, metadata, for: path), to: path)
    let stored = try PictureFile.open(path)
    #expect(stored.metadata.iccProfile == metadata.iccProfile)
    if format == .tiff {
      // The entries are stored beside those of the encoder.
      let kept = try #require(stored.metadata.exif)
      #expect(
        kept.orientation == .upright
          && kept.bytes.indices.contains { kept.bytes[$0...].starts(with: Array("Me!".utf8)) })
      // The directory below has the sizes, which a turned picture swaps.
      #expect(kept.upright(from: .transposed) != kept)
      #expect(kept.upright(from: .transposed).upright(from: .transposed) == kept)
      let again = try PictureFile.encode(picture, as: .tiff, stored.metadata, for: path)
      try PictureFile.write(again, to: path)
      #expect(try PictureFile.open(path).metadata == stored.metadata)
    } else {
      #expect(stored.metadata.exif == (format.holdsExif ? exif : nil))
    }
    #expect(try stored.picture().alpha == (format.hasAlpha ? picture.alpha : nil))
    #expect(stored.orientation == .upright)
  }

  @Test(arguments: ["oriented.jpg", "oriented.png", "oriented.tiff", "lossless.webp"])
  func dataOfOtherProgramsIsRead(name: String) throws {
    let stored = try PictureFile.open(Fixtures.path(name))
    #expect(stored.orientation == .quarterTurnClockwise)
    #expect(stored.displaySize.width == stored.frame.height)
    #expect(stored.metadata.exif?.orientation == .upright)
  }

  @Test func bothByteOrdersHaveTheSameDirectory() throws {
    let big = try #require(ExifData(Self.exif))
    try PictureFile.write(
      try PictureFile.encode(Fixtures.colors, as: .tiff, PictureMetadata(exif: big), for: "a.tiff"),
      to: folder.file("a.tiff"))
    let little = try #require(try PictureFile.open(folder.file("a.tiff")).metadata.exif)
    try PictureFile.write(
      try PictureFile.encode(Fixtures.colors, as: .png, PictureMetadata(exif: little), for: "a.png"),
      to: folder.file("a.png"))
    #expect(try PictureFile.open(folder.file("a.png")).metadata.exif?.directory == little.directory)
    #expect(little.bytes.starts(with: Array("II".utf8)) && big.bytes.starts(with: Array("MM".utf8)))
    // Cut data is read as far as it goes, and directories that point to themselves end.
    for count in 8..<Self.exif.count { _ = ExifData(Array(Self.exif[..<count]))?.directory }
    var loop = Self.exif
    loop.replaceSubrange(42..<46, with: [0, 0, 0, 8])
    #expect(ExifData(loop)?.directory != nil)
  }

  /// Readers of PNG reject a picture that has a profile and the name of another colour space.
  @Test func profilesReplaceTheNameOfTheColourSpace() throws {
    func has(_ chunk: String, _ metadata: PictureMetadata) throws -> Bool {
      let file = try PictureFile.encode(Fixtures.colors, as: .png, metadata, for: folder.file("a.png"))
      let name = Array(chunk.utf8)
      return file.indices.contains { file[$0...].starts(with: name) }
    }
    let metadata = PictureMetadata(iccProfile: Self.profile("RGB "))
    #expect(try has("iCCP", metadata) && !has("sRGB", metadata))
    #expect(try has("sRGB", PictureMetadata()))
  }

  @Test func profilesOfOtherSpacesAreLeftOut() throws {
    let path = folder.file("a.png")
    let metadata = PictureMetadata(iccProfile: Self.profile("CMYK"))
    try PictureFile.write(try PictureFile.encode(Fixtures.colors, as: .png, metadata, for: path), to: path)
    let found = try PictureFile.open(path).metadata
    #expect(found.iccProfile == nil && found.hasForeignProfile)
  }

  /// Black behind full transparency becomes the colour of the opaque part, so that no dark fringe is painted.
  @Test func coloursAreExtended() {
    var pixels = [UInt8](repeating: 0, count: 3 * 24 * 16)
    var alpha = [UInt8](repeating: 0, count: 24 * 16)
    for y in 0..<16 {
      for x in 0..<9 {
        alpha[24 * y + x] = 255
        pixels.replaceSubrange(3 * (24 * y + x)..<3 * (24 * y + x) + 3, with: [200, 150, 100])
      }
    }
    let extended = Picture(width: 24, height: 16, pixels: pixels, alpha: alpha).extendingColours()
    #expect(extended.alpha == nil)
    // Weighted means of equal colours, within the rounding of floats.
    #expect(maximumDifference(extended, Picture(width: 24, height: 16, red: 200, green: 150, blue: 100)) <= 1)
  }
}
