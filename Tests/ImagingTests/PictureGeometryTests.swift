import Imaging
import Tensors
import TestSupport
import Testing
import Threading

struct PictureGeometryTests {
  @Test func cropping() {
    let picture = Fixtures.colors.withAlpha(Fixtures.alpha)
    let part = picture.cropped(x: 3, y: 5, width: 7, height: 2)
    #expect(part.width == 7 && part.height == 2 && part.alpha?.count == 14)
    #expect(part[0, 0] == picture[3, 5])
    #expect(part[6, 1] == picture[9, 6])
    #expect(part.alpha?.first == Fixtures.alpha[5 * Fixtures.width + 3])
    #expect(picture.cropped(x: 0, y: 0, width: picture.width, height: picture.height) == picture)
    #expect(picture.croppedToCenter(width: 7, height: 2) == picture.cropped(x: 8, y: 7, width: 7, height: 2))
  }

  @Test func mirroring() {
    let picture = Fixtures.colors.withAlpha(Fixtures.alpha)
    let mirrored = picture.flippedHorizontally()
    #expect(mirrored[0, 3] == picture[Fixtures.width - 1, 3])
    #expect(mirrored.alpha?[0] == Fixtures.alpha[Fixtures.width - 1])
    #expect(mirrored.flippedHorizontally() == picture)
  }

  /// The displayed positions of the stored top left and top right corners, as the EXIF standard describes them for each
  /// value.
  @Test(arguments: [
    (1, (0, 0), (1, 0)), (2, (1, 0), (0, 0)), (3, (1, 1), (0, 1)), (4, (0, 1), (1, 1)),
    (5, (0, 0), (0, 1)), (6, (1, 0), (1, 1)), (7, (1, 1), (1, 0)), (8, (0, 1), (0, 0)),
  ])
  func orientation(value: Int, topLeft: (Int, Int), topRight: (Int, Int)) throws {
    let stored = Fixtures.colors.withAlpha(Fixtures.alpha)
    let shown = stored.oriented(try #require(ExifOrientation(rawValue: value)))
    #expect(shown.width == (value >= 5 ? Fixtures.height : Fixtures.width))
    func corner(_ place: (Int, Int)) -> (Int, Int) { (place.0 * (shown.width - 1), place.1 * (shown.height - 1)) }
    let (left, right) = (corner(topLeft), corner(topRight))
    #expect(shown[left.0, left.1] == stored[0, 0])
    #expect(shown[right.0, right.1] == stored[stored.width - 1, 0])
    #expect(shown.alpha?[left.1 * shown.width + left.0] == Fixtures.alpha[0])
    #expect(shown.pixels.sorted() == stored.pixels.sorted())
  }

  @Test(arguments: [(13, 9), (47, 30), (31, 7), (60, 5), (1, 1)])
  func resizingAgreesWithPillow(width: Int, height: Int) throws {
    let source = try PictureFile.read(Fixtures.path("detail.png"))
    let expected = try PictureFile.read(Fixtures.path("detail-\(width)x\(height).png"))
    let resized = source.resized(width: width, height: height)
    // Pillow rounds to a byte between its two passes.
    #expect(maximumDifference(resized, expected) <= 1)
    #expect(source.resized(width: width, height: height, pool: ComputePool(threads: 2)) == resized)
  }

  /// Each target sample covers one, two or three source samples, or a varying number.
  @Test(arguments: [(13, 9), (31, 7), (10, 22), (4, 3), (1, 1)])
  func reducingByAreaAgreesWithPillow(width: Int, height: Int) throws {
    let source = try PictureFile.read(Fixtures.path("detail.png"))
    let expected = try PictureFile.read(Fixtures.path("box-\(width)x\(height).png"))
    // Pillow rounds to a byte between its two passes.
    #expect(maximumDifference(source.resized(width: width, height: height, filter: .box), expected) <= 1)
  }

  @Test func resizingKeepsConstantsAndAlpha() {
    let gray = Picture(width: 5, height: 3, red: 0, green: 255, blue: 97).withAlpha([UInt8](repeating: 201, count: 15))
    for (width, height) in [(1, 1), (2, 9), (301, 1), (64, 64)] {
      let expected = Picture(width: width, height: height, red: 0, green: 255, blue: 97)
      #expect(
        gray.resized(width: width, height: height) == expected.withAlpha([UInt8](repeating: 201, count: width * height))
      )
    }
    #expect(gray.resized(width: 5, height: 3) == gray)
  }

  @Test func resizingByTheShortSideKeepsTheAspectRatio() {
    let wide = Picture(width: 100, height: 30, red: 1, green: 2, blue: 3)
    #expect(wide.scaledSize(shortSide: 10) == (33, 10))
    #expect(wide.oriented(.transposed).scaledSize(shortSide: 10) == (10, 33))
    let scaled = wide.resized(shortSide: 60)
    #expect(scaled.width == 200 && scaled.height == 60)
  }

  @Test func tensors() throws {
    let source = Fixtures.colors
    let tensor = source.tensor()
    #expect(tensor.shape == Shape([1, Fixtures.height, Fixtures.width, 3]))
    #expect(tensor.elements == source.pixels.map(Float.init))
    #expect(Picture(tensor: tensor) == source)

    let batch = Tensor(Shape([2, Fixtures.height, Fixtures.width, 3]))
    source.write(to: batch, batchIndex: 1)
    #expect(Picture(tensor: batch, batchIndex: 1) == source)
    #expect(Picture(tensor: batch, batchIndex: 0).pixels.allSatisfy { $0 == 0 })
  }

  @Test func samplesAreRoundedAndClamped() {
    let values: [Float] = [-1e30, -0.6, 0.49, 0.5, 254.4, 254.6, 255.4, 1e30, .infinity, -.infinity, .nan, 100]
    let picture = Picture(tensor: Tensor(Shape([1, 2, 2, 3]), elements: values))
    #expect(picture.pixels == [0, 0, 0, 1, 254, 255, 255, 255, 255, 0, 0, 100])
  }

  @Test func flattening() {
    let picture = Picture(width: 3, height: 1, pixels: [10, 20, 30, 0, 100, 255, 7, 8, 9], alpha: [255, 128, 0])
    #expect(picture.flattened() == Picture(width: 3, height: 1, pixels: [10, 20, 30, 127, 177, 255, 255, 255, 255]))
  }

  @Test func contactSheet() {
    func patch(_ width: Int, _ height: Int, _ shade: UInt8) -> Picture {
      Picture(width: width, height: height, red: shade, green: shade, blue: shade)
    }
    let sheet = Picture.grid([[patch(2, 1, 1), patch(1, 2, 2)], [], [patch(1, 1, 3)]], gap: 1)
    let shades: [[UInt8]] = [
      [1, 1, 255, 2], [255, 255, 255, 2], [255, 255, 255, 255], [255, 255, 255, 255], [3, 255, 255, 255],
    ]
    #expect(sheet.width == 4 && sheet.height == 5)
    #expect(sheet.pixels == shades.flatMap { row in row.flatMap { [$0, $0, $0] } })
    #expect(Picture.grid([]) == patch(1, 1, 255))
  }
}
