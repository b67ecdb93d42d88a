import Foundation
import Imaging
import Tensors
import TestSupport
import Testing
import Training

@Suite struct PhotoFolderTests {
  @Test func searchesRecursivelyInFixedOrderAndCountsOthers() throws {
    let problem = try SmallTraining()
    _ = try problem.folder.write(Array("text".utf8), to: "photos/readme.txt")
    let folder = try PhotoFolder(path: problem.photosPath)
    #expect(folder.files.count == 5)
    #expect(folder.files == folder.files.sorted())
    #expect(folder.files.contains { $0.hasSuffix("nested/4.png") })
    #expect(folder.skippedCount == 1)
  }

  @Test func emptyFolderIsAnError() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([1], to: "notes.txt")
    #expect(throws: TrainingError.noPhotos(folder: folder.path, skipped: 1)) { try PhotoFolder(path: folder.path) }
  }
}

@Suite struct PhotoSamplerTests {
  @Test func batchDependsOnItsNumberAlone() throws {
    let problem = try SmallTraining()
    let first = try problem.sampler()
    let inOrder = try (0..<7).map { try first.batch($0).elements }
    let second = try problem.sampler()
    #expect(try second.batch(6).elements == inOrder[6])
    #expect(try second.batch(2).elements == inOrder[2])
    #expect(Set(inOrder).count == inOrder.count)
  }

  @Test func valuesArePixels() throws {
    let problem = try SmallTraining()
    let batch = try problem.sampler().batch(0)
    #expect(batch.shape == Shape([2, 32, 32, 3]))
    #expect(batch.elements.allSatisfy { (0...255).contains($0) })
  }

  @Test func unreadablePhotosAreReplacedAndCounted() throws {
    let problem = try SmallTraining()
    let broken = try problem.folder.write(Array("no picture".utf8), to: "photos/broken.jpg")
    let sampler = try problem.sampler()
    // Six files, two photos in a batch: three batches meet each file once.
    for index in 0..<3 { _ = try sampler.batch(index) }
    #expect(sampler.unreadableFiles == [broken])
  }

  @Test func nothingReadableIsAnError() throws {
    let folder = try TemporaryFolder()
    for name in ["a.jpg", "b.png"] { _ = try folder.write([0, 1, 2], to: name) }
    let sampler = PhotoSampler(folder: try PhotoFolder(path: folder.path), batchSize: 1, imageSize: 32, seed: 1)
    #expect(throws: TrainingError.unreadablePhotos(folder: folder.path, count: 2)) { try sampler.batch(0) }
  }
}
