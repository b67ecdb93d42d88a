import Foundation
import Imaging
import Tensors
import TestSupport
import Testing
import Training

@Suite struct PhotoFolderTests {
  @Test func searchesRecursivelyInFixedOrderAndCountsOtherFiles() throws {
    let problem = try SmallTraining()
    _ = try problem.folder.write(Array("text".utf8), to: "photos/readme.txt")
    let folder = try PhotoFolder(path: problem.photosPath)
    #expect(folder.files.count == 5)
    #expect(folder.files == folder.files.sorted())
    #expect(folder.files.contains { $0.hasSuffix("nested/4.png") })
    #expect(folder.skippedCount == 1)
  }

  @Test func theFolderMayBeASymbolicLink() throws {
    let problem = try SmallTraining()
    let link = problem.folder.file("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: problem.photosPath)
    let folder = try PhotoFolder(path: link)
    #expect(folder.files.map { folder.name(of: $0) } == ["0.png", "1.png", "2.png", "3.png", "nested/4.png"])
  }

  @Test func listsExcludeOrIncludePhotos() throws {
    let problem = try SmallTraining()
    let path = try problem.folder.write(Array("# two\n1.png\n\n  nested/4.png \r\n".utf8), to: "list.txt")
    let list = try PhotoList(path: path)
    #expect(list.names == ["1.png", "nested/4.png"])
    let remaining = try PhotoFolder(path: problem.photosPath, excluded: list)
    #expect(remaining.files.map { remaining.name(of: $0) } == ["0.png", "2.png", "3.png"])
    #expect(remaining.excludedCount == 2)
    let picked = try PhotoFolder(path: problem.photosPath, included: list)
    #expect(picked.files.map { picked.name(of: $0) } == ["1.png", "nested/4.png"])
  }

  @Test func invalidListsAreErrors() throws {
    let problem = try SmallTraining()
    func list(_ text: String) throws -> PhotoList {
      try PhotoList(path: problem.folder.write(Array(text.utf8), to: "list.txt"))
    }
    let path = problem.folder.file("list.txt")
    #expect(throws: TrainingError.invalidPhotoList(file: path, reason: "it lists no photos")) { try list("# none\n\n") }
    #expect(throws: TrainingError.self) { try PhotoList(path: problem.folder.file("missing.txt")) }
    #expect(throws: TrainingError.invalidPhotoList(file: path, reason: "it is not a text file")) {
      try PhotoList(path: problem.folder.write([0xFF, 0xFE, 0xFF], to: "list.txt"))
    }
    let incomplete = try list("0.png\nelsewhere.png")
    #expect(
      throws: TrainingError.missingPhotos(folder: problem.photosPath, list: path, count: 1, example: "elsewhere.png")
    ) { try PhotoFolder(path: problem.photosPath, included: incomplete) }
    let all = try list("0.png\n1.png\n2.png\n3.png\nnested/4.png")
    #expect(throws: TrainingError.allPhotosExcluded(folder: problem.photosPath, list: path)) {
      try PhotoFolder(path: problem.photosPath, excluded: all)
    }
  }

  @Test func aFolderWithoutPhotosIsAnError() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([1], to: "notes.txt")
    #expect(throws: TrainingError.noPhotos(folder: folder.path, skipped: 1)) { try PhotoFolder(path: folder.path) }
  }
}

@Suite struct PhotoSamplerTests {
  @Test func aBatchDependsOnlyOnItsNumber() throws {
    let problem = try SmallTraining()
    let first = try problem.sampler()
    let inOrder = try (0..<7).map { try first.batch($0).photos.elements }
    let second = try problem.sampler()
    #expect(try second.batch(6).photos.elements == inOrder[6])
    #expect(try second.batch(2).photos.elements == inOrder[2])
    #expect(Set(inOrder).count == inOrder.count)
  }

  @Test func valuesAreFrom0To255() throws {
    let problem = try SmallTraining()
    let batch = try problem.sampler().batch(0).photos
    #expect(batch.shape == Shape([2, 32, 32, 3]))
    #expect(batch.elements.allSatisfy { (0...255).contains($0) })
  }

  @Test func unreadablePhotosAreReplacedAndCounted() throws {
    let problem = try SmallTraining()
    let broken = try problem.folder.write(Array("no picture".utf8), to: "photos/broken.jpg")
    let sampler = try problem.sampler()
    // With six files and two photos in a batch, three batches visit each file once.
    for index in 0..<3 { _ = try sampler.batch(index) }
    #expect(sampler.unreadableFiles == [broken])
  }

  @Test func smallPhotosAreEnlargedAndTinyOnesSkipped() throws {
    let problem = try SmallTraining()
    try PictureFile.write(
      Picture(tensor: syntheticImage(width: 31, height: 200, seed: 1)), to: problem.photosPath + "/tiny.png")
    let folder = try PhotoFolder(path: problem.photosPath)
    let sampler = PhotoSampler(folder: folder, batchSize: 2, imageSize: 48, seed: 1)
    for index in 0..<3 { _ = try sampler.batch(index) }
    #expect(sampler.unreadableFiles.map { folder.name(of: $0) } == ["tiny.png"])
    // The heights are 52, 49, 46, 43 and 40, of which three are below 48. The first two photos are 40 and 47 pixels
    // wide.
    #expect(sampler.enlargedCount == 5)
  }

  @Test func laterFramesAreTheMovedPhotosInAnotherLighting() throws {
    let problem = try SmallTraining()
    let sampler = try problem.sampler()
    let batch = try sampler.batch(3, hasLater: true)
    #expect(batch.photos.elements == (try sampler.batch(3)).photos.elements, "later frames must not change the photos")
    let later = try #require(batch.later)
    #expect(later.frames.elements == (try sampler.batch(3, hasLater: true)).later?.frames.elements)
    let photos = ReferenceTensor(batch.photos)
    let moved = Reference.warp(photos, positions: ReferenceTensor(later.positions))
    let frames = ReferenceTensor(later.frames)
    func luminance(_ image: ReferenceTensor, _ pixel: Int) -> Double {
      zip([0.299, 0.587, 0.114], image.elements[3 * pixel..<3 * pixel + 3]).map { $0 * min(max($1, 0), 255) }
        .reduce(0, +)
    }
    var errors: [Double] = []
    for pixel in 0..<later.mask.count where later.mask.elements[pixel] > 0 {
      let change = luminance(frames, pixel) - luminance(moved, pixel)
      errors.append(change - Double(later.change.elements[pixel]))
    }
    #expect(errors.count > later.mask.count / 2, "most pixels must stay within the picture")
    let mean = errors.reduce(0, +) / Double(errors.count)
    let deviation = (errors.map { $0 * $0 }.reduce(0, +) / Double(errors.count)).squareRoot()
    // The remaining errors are noise of σ ≤ 4, which the weights of the luma reduce to 0.67 of that, and clamping
    // reduces further.
    #expect(abs(mean) < 0.3, "\(mean)")
    #expect(deviation < 4 * 0.67 * 1.1, "\(deviation)")
    #expect(deviation > 0.01, "the frames must contain noise")
  }

  @Test func aFolderWithoutReadablePhotosIsAnError() throws {
    let folder = try TemporaryFolder()
    for name in ["a.jpg", "b.png"] { _ = try folder.write([0, 1, 2], to: name) }
    let sampler = PhotoSampler(folder: try PhotoFolder(path: folder.path), batchSize: 1, imageSize: 32, seed: 1)
    #expect(throws: TrainingError.unreadablePhotos(folder: folder.path, count: 2)) { try sampler.batch(0) }
  }
}
