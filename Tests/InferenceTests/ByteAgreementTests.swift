import Foundation
import Imaging
import Inference
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// The folder of the shipped styles, since the tests run from a checkout.
private let models = Golden.folder.appending(path: "../../models").standardizedFileURL

/// A crop of a real frame: the left half of the shipped style's picture shows one before painting.
private func frame(x: Int, y: Int, width: Int, height: Int) throws -> Picture {
  try PictureFile.read(models.appending(path: "starry.jpg").path).cropped(x: x, y: y, width: width, height: height)
}

@Suite struct ByteAgreementTests {
  /// Half a step decides whether a value is rounded up or down, so two roundings differ by at most one step.
  private func expectWithinOne(_ model: StyleModel, _ picture: Picture) throws {
    let engine = try StyleEngine(
      model: model, width: picture.width, height: picture.height, pool: ComputePool(threads: 2))
    var output = [UInt8](repeating: 0, count: picture.pixels.count)
    try picture.pixels.withUnsafeBufferPointer { source in
      try output.withUnsafeMutableBufferPointer { target in
        try engine.stylize(
          try #require(source.baseAddress), sourceStride: picture.stride, into: try #require(target.baseAddress),
          destinationStride: picture.stride)
      }
    }
    let expected = cropped(
      try referenceOutput(
        of: model, input: networkInput(picture.tensor(), of: model.definition), luma: roundedLuma(picture.tensor())),
      height: picture.height, width: picture.width
    ).elements.map { max(0, min(255, $0)).rounded() }
    let differences = zip(output, expected).map { abs(Double($0) - $1) }
    #expect(differences.count == expected.count)
    #expect(try #require(differences.max()) <= 1)
    // Only values close to a half may differ: about one in a hundred at the tolerance of the network.
    #expect(differences.filter { $0 > 0 }.count * 50 < differences.count)
    #expect(Set(output).count > 100, "a flat picture would not be a test")
  }

  @Test(
    "The bytes of shipped styles on a real picture are within 1 of double precision at every pixel",
    arguments: ["starry", "starry-johnson"])
  func shippedStyle(name: String) throws {
    let model = try StyleModel.load(path: models.appending(path: name + ".safetensors").path)
    try expectWithinOne(model, frame(x: 300, y: 150, width: 96, height: 72))
  }

  @Test("The bytes of a quarter of the full network are within 1 of double precision at a size that is extended")
  func quarterWidth() throws {
    try expectWithinOne(randomModel(.johnson(width: 0.25)), frame(x: 120, y: 90, width: 97, height: 70))
  }
}
