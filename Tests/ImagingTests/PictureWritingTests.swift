import Foundation
import Imaging
import TestSupport
import Testing

struct PictureWritingTests {
  @Test(arguments: ["png", "tiff", "TIF", "webp", "jpg", "JPEG", "bmp", "ppm", "exr"])
  func everyFormatCanBeReadBack(fileExtension: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.b.\(fileExtension)")
    let source = Fixtures.colors.withAlpha(Fixtures.alpha)
    let format = try #require(PictureFormat(path: path))
    let expected = format.hasAlpha ? source : source.flattened()
    try PictureFile.write(source, to: path)
    let picture = try PictureFile.read(path)
    #expect(picture.alpha == expected.alpha)
    switch format {
    case .jpeg: #expect(maximumDifference(picture, expected) <= 5)
    // The encoder may change the colours of transparent pixels.
    case .webp: break
    // Colours are premultiplied, so those of transparent pixels are lost.
    case .exr: break
    default: #expect(picture == expected)
    }
    #expect(try folder.names == ["a.b.\(fileExtension)"])
  }

  @Test func webPKeepsColorsWithinTolerance() throws {
    let folder = try TemporaryFolder()
    try PictureFile.write(Fixtures.colors, to: folder.file("a.webp"))
    let picture = try PictureFile.read(folder.file("a.webp"))
    #expect(picture.alpha == nil)
    // The encoder subsamples chroma to 4:2:0.
    #expect(maximumDifference(picture, Fixtures.colors) <= 16)
  }

  @Test(arguments: [(1, 1), (1, 7), (5, 1), (3, 2), (17, 33)])
  func oddSizes(width: Int, height: Int) throws {
    let folder = try TemporaryFolder()
    let source = Picture(tensor: syntheticImage(width: width, height: height, seed: 3))
    for format in PictureFormat.allCases {
      let path = folder.file("a." + (format.extensions.first ?? ""))
      try PictureFile.write(source, to: path)
      let picture = try PictureFile.read(path)
      #expect(picture.width == width && picture.height == height)
      if format != .jpeg && format != .webp { #expect(picture == source) }
    }
  }

  @Test(arguments: ["a", "a.gif", "a.mp4", ".png", "folder.png/a", ""])
  func unknownExtensionsAreErrors(name: String) throws {
    let error = #expect(throws: PictureError.unknownFormat(path: name)) {
      try PictureFile.write(Fixtures.colors, to: name)
    }
    #expect(error?.description.hasPrefix("\(name): cannot be written: the extension names no picture format") == true)
  }

  @Test func unwritablePathsAreErrors() throws {
    let folder = try TemporaryFolder()
    for path in [folder.file("missing/a.png"), "/proc/a.png"] {
      let error = #expect(throws: PictureError.self) { try PictureFile.write(Fixtures.colors, to: path) }
      #expect(error?.description.hasPrefix("\(path): cannot be written: ") == true)
    }
    try FileManager.default.createDirectory(atPath: folder.file("a.png"), withIntermediateDirectories: false)
    #expect(throws: PictureError.unwritable(path: folder.file("a.png"), reason: "it is a directory")) {
      try PictureFile.write(Fixtures.colors, to: folder.file("a.png"))
    }
    #expect(try folder.names == ["a.png"])
  }

  @Test func tooWideWebPIsRefusedAndLeavesNoFile() throws {
    let folder = try TemporaryFolder()
    // The format's maximum is 16383 pixels.
    let long = Picture(width: 16_384, height: 1, red: 1, green: 2, blue: 3)
    #expect(throws: PictureError.self) { try PictureFile.write(long, to: folder.file("a.webp")) }
    #expect(try folder.names.isEmpty)
  }
}
