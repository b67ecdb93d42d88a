import Autograd
import Networks
import Safetensors
import Tensors
import TestSupport
import Testing
import Threading
import Training

@Suite struct HalfPrecisionCheckTests {
  private let pool = ComputePool(threads: 2)

  /// A network of one convolution of one pixel, which multiplies each pixel's colour by `matrix`, row by row.
  private func colourModel(_ matrix: [Float]) -> StyleModel {
    let definition = NetworkDefinition(
      name: "matrix",
      nodes: [
        Node(operation: .input, inputs: []),
        Node(
          name: "mix",
          operation: .convolution(inputChannels: 3, outputChannels: 3, kernel: 1, stride: 1, padding: .zeros),
          inputs: [0]),
      ])
    let parameters = [
      "mix.weight": Tensor(Shape([3, 3, 1, 1]), elements: matrix), "mix.bias": Tensor(Shape([3])),
    ]
    return StyleModel(definition: definition, parameters: parameters, style: "mix")
  }

  private func grey(_ levels: [Float]) -> Tensor {
    Tensor(Shape(batch: 1, height: 1, width: levels.count, channels: 3), elements: levels.flatMap { [$0, $0, $0] })
  }

  @Test func theDifferenceIsThatOfTheFilesModels() throws {
    let definition = try NetworkDefinition.named("johnson", width: 0.125)
    let parameters = NetworkExecutor.initialParameters(of: definition, seed: 4)
    let model = StyleModel(definition: definition, parameters: parameters, style: "random")
    let photos = (0..<2).map { syntheticImage(width: 48, height: 32, seed: UInt32($0)) }
    let folder = try TemporaryFolder()
    try model.save(path: folder.file("m"), weights: .float16)
    let stored = try StyleModel.load(path: folder.file("m"))
    var expected = 0.0
    for photo in photos {
      let outputs = [model, stored].map { model in
        NetworkExecutor(definition: definition, parameters: model.parameters, trainable: false)(
          Variable(photo), on: Tape(pool: pool, allocator: TensorAllocator())
        ).value.elements.map { min(max($0, 0), 255) }
      }
      for (a, b) in zip(outputs[0], outputs[1]) { expected = max(expected, Double(abs(a - b))) }
    }
    let check = HalfPrecisionCheck(model: model, photos: photos, pool: pool)
    #expect(check.maximumDifference == expected && expected > 0)
    #expect(check.pictures == 2 && StyleCard.Storage(check).text.contains("measured on 2 photos"))
  }

  @Test func whatRoundsExactlyIsStoredInHalfPrecision() {
    let check = HalfPrecisionCheck(
      model: colourModel([1, 0, 0, 0, 0.5, 0, 0, 0, 2]), photos: [grey([0, 17, 255])], pool: pool)
    #expect(check.maximumDifference == 0 && check.storage == .float16)
    #expect(StyleCard.Storage(check).text.hasPrefix("half precision, which changes pictures by at most 0.00 of 255"))
  }

  @Test func weightsThatRoundingSpoilsStayInSinglePrecision() {
    // Half precision has even numbers only above 2048: 2049 becomes 2048, and red loses all it has: 1 of 255 is
    // allowed, 2 are not.
    let model = colourModel([2049, -2048, 0, 0, 1, 0, 0, 0, 1])
    let bearable = HalfPrecisionCheck(model: model, photos: [grey([1])], pool: pool)
    #expect(bearable.maximumDifference == 1 && bearable.storage == .float16)
    let spoilt = HalfPrecisionCheck(model: model, photos: [grey([0, 1]), grey([2, 0])], pool: pool)
    #expect(spoilt.maximumDifference == 2 && spoilt.storage == .float32)
    #expect(
      StyleCard.Storage(spoilt).text
        == "single precision: half precision would change pictures by up to 2.00 of 255, measured on 2 photos"
    )
    // What lies outside of 0…255 is not seen.
    let beyond = HalfPrecisionCheck(
      model: colourModel([2049, 0, 0, 0, 1, 0, 0, 0, 1]), photos: [grey([200])], pool: pool)
    #expect(beyond.maximumDifference == 0)
  }

  @Test func withoutPicturesOrRangeNothingIsRisked() {
    let unseen = HalfPrecisionCheck(model: colourModel([1, 0, 0, 0, 1, 0, 0, 0, 1]), photos: [], pool: pool)
    #expect(unseen.storage == .float32 && StyleCard.Storage(unseen).text.hasPrefix("single precision"))
    let huge = HalfPrecisionCheck(model: colourModel([1e5, 0, 0, 0, 1, 0, 0, 0, 1]), photos: [grey([0])], pool: pool)
    #expect(huge.maximumDifference == .infinity && huge.storage == .float32)
    #expect(StyleCard.Storage(huge).text.contains("beyond the range"))
  }
}
