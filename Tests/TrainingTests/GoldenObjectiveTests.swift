import Autograd
import Imaging
import Networks
import TestSupport
import Tensors
import Testing
import Threading
import Training

/// VGG-16 and the objective with the real weights, against PyTorch.
@Suite(
  .enabled(if: ExternalData.vgg16 != nil, "the VGG-16 weights are not installed; run 'make setup' to get them"))
struct GoldenObjectiveTests {
  /// Ten convolutions in single precision with Winograd's transforms.
  static let featureTolerance = 1.5e-5
  /// A loss is the mean of squared feature differences, and its gradient passes through the same layers.
  static let lossTolerance = 2e-5

  /// If two inputs of a max-pool are equal within rounding, or an input of a ReLU is 0 within rounding, the gradient
  /// may take another path. It then changes in the receptive field of that position, by the gradient of a single
  /// feature.
  static let alternativePathTolerance = 5e-3
  /// The share of pixels for at most one such receptive field: 44 × 44 of 64 × 48 pixels are 63 %, but most of them
  /// hardly change.
  static let alternativePathShare = 0.25

  /// The network followed by the objective.
  static let evaluationTolerance = 1e-4

  let golden: Golden
  let extractor: VGG16
  let pool = ComputePool(threads: 3)

  init() throws {
    golden = try Golden("vgg16")
    extractor = try VGG16(path: try #require(ExternalData.vgg16))
  }

  @Test func theSyntheticPictureIsThatOfTheGoldenFile() throws {
    let sum = Self.picture(seed: 1).elements.map(Double.init).reduce(0, +)
    #expect(sum == (try golden.scalar("image_sum")))
  }

  @Test(arguments: [VGG16Layer.relu1_2, .relu2_2, .relu3_3, .relu4_3])
  func featuresAgreeWithPyTorch(_ layer: VGG16Layer) throws {
    let features = extractor.features(of: Variable(Self.picture(seed: 1)), upTo: layer, on: makeTape())
    let values = try #require(features[layer]).value.elements.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)).squareRoot()
    let expectedMean = try golden.scalar("\(layer.rawValue).mean")
    let expectedDeviation = try golden.scalar("\(layer.rawValue).deviation")
    #expect(abs(mean - expectedMean) <= Self.featureTolerance * expectedMean)
    #expect(abs(deviation - expectedDeviation) <= Self.featureTolerance * expectedDeviation)
    // The positions of `dump_golden.py`. The prime step visits all channels and rows.
    let expected = try golden.reference("\(layer.rawValue).samples").elements
    let samples = expected.indices.map { Float(values[$0 * 7919 % values.count]) }
    let discrepancy = Discrepancy(samples, expected: expected)
    #expect(discrepancy.relative <= Self.featureTolerance, "\(discrepancy)")
  }

  @Test func lossPartsAndGradientAgreeWithPyTorch() throws {
    let tape = makeTape()
    let loss = PerceptualLoss(
      extractor: extractor, style: Self.picture(seed: 3), weights: LossWeights(objective: .johnson), tape: makeTape())
    let output = Variable(Self.picture(seed: 1), requiresGradient: true)
    let parts = loss(output: output, photos: Self.picture(seed: 2), on: tape)
    tape.backward()
    try expectParts(parts, of: golden, under: "", within: Self.lossTolerance)
    let computed = try #require(output.gradient)
    let expected = try golden.reference("gradient")
    let gradient = Discrepancy(computed, expected: expected)
    #expect(gradient.relative <= Self.alternativePathTolerance, "gradient: \(gradient)")
    let range = try #require(expected.elements.map(abs).max())
    let farther = zip(computed.elements, expected.elements).count { abs(Double($0) - $1) > Self.lossTolerance * range }
    #expect(Double(farther) <= Self.alternativePathShare * Double(computed.count), "\(farther) of \(computed.count)")
  }

  @Test func balancedPartsAndGradientAgreeWithPyTorch() throws {
    let golden = try Golden("balanced")
    let loss = PerceptualLoss(
      extractor: extractor, style: Self.picture(seed: 3), weights: LossWeights(objective: .balanced), tape: makeTape())
    let tape = makeTape()
    let output = Variable(Self.picture(seed: 1), requiresGradient: true)
    let parts = loss(output: output, photos: Self.picture(seed: 2), on: tape)
    tape.backward()
    try expectParts(parts, of: golden, under: "", within: Self.lossTolerance)
    let gradient = Discrepancy(try #require(output.gradient), expected: try golden.reference("gradient"))
    #expect(gradient.relative <= Self.alternativePathTolerance, "gradient: \(gradient)")
  }

  /// The loss of a batch is the mean over its images, so weights do not depend on the batch size.
  @Test func theLossOfABatchIsTheMeanOverItsImages() throws {
    let loss = PerceptualLoss(
      extractor: extractor, style: Self.picture(seed: 3), weights: LossWeights(objective: .johnson), tape: makeTape())
    let (outputs, photos) = ([1, 4].map(Self.picture), [2, 5].map(Self.picture))
    let single = zip(outputs, photos).map { loss(output: Variable($0), photos: $1, on: makeTape()) }
    let batch = loss(output: Variable(Self.batch(outputs)), photos: Self.batch(photos), on: makeTape())
    let mean = LossParts.mean(single)
    for (computed, expected) in [
      (batch[.content], mean[.content]), (batch[.style], mean[.style]),
      (batch[.totalVariation], mean[.totalVariation]),
    ] {
      #expect(abs(computed - expected) <= Self.lossTolerance * expected)
    }
  }

  /// The number of images that go through the extractor at a time does not change the losses and the gradient.
  @Test(arguments: [1, 2, 3]) func groupsOfABatchAddUp(_ imagesAtOnce: Int) throws {
    let (outputs, photos) = (Self.batch((1...4).map(Self.picture)), Self.batch((5...8).map(Self.picture)))
    func result(_ images: Int) throws -> (parts: LossParts, gradient: Tensor) {
      let loss = PerceptualLoss(
        extractor: extractor, style: Self.picture(seed: 3), weights: LossWeights(objective: .johnson), tape: makeTape(),
        pixelsAtOnce: images * 64 * 48)
      let tape = makeTape()
      let output = Variable(outputs, requiresGradient: true)
      let parts = loss(output: output, photos: photos, on: tape)
      tape.backward()
      return (parts, try #require(output.gradient))
    }
    let (whole, computed) = (try result(100), try result(imagesAtOnce))
    #expect(abs(computed.parts.total - whole.parts.total) <= Self.lossTolerance * whole.parts.total)
    #expect(abs(computed.parts[.content] - whole.parts[.content]) <= Self.lossTolerance * whole.parts[.content])
    let gradient = Discrepancy(computed.gradient, expected: ReferenceTensor(whole.gradient))
    #expect(gradient.relative <= Self.alternativePathTolerance, "gradient: \(gradient)")
  }

  /// The evaluation of a photo by evaluate-style: the network, clamping to 0…255, and the objective.
  @Test func evaluationAgreesWithPyTorch() throws {
    let network = try Golden("network")
    var parameters: [String: Tensor] = [:]
    for name in network.names(under: "weights.") { parameters[name] = try network.tensor("weights.\(name)") }
    // Eightfold, as in `dump_golden.py`, so that two fifths of the output lie outside 0…255.
    let last = try #require(parameters["deconv3.conv2d.weight"])
    parameters["deconv3.conv2d.weight"] = Tensor(last.shape, elements: last.elements.map { 8 * $0 })
    let model = StyleModel(definition: .johnson(width: 1.0 / 16), parameters: parameters, style: "golden")
    let painting = Picture(width: 64, height: 48, pixels: Self.picture(seed: 3).elements.map { UInt8($0) })
    let evaluator = try StyleEvaluator(
      extractor: extractor, style: painting, styleSize: 0, weights: LossWeights(objective: .johnson), pool: pool)
    let parts = evaluator.losses(of: model, photo: Self.picture(seed: 2))
    try expectParts(parts, of: golden, under: "evaluation.", within: Self.evaluationTolerance)
  }

  private func expectParts(
    _ parts: LossParts, of golden: Golden, under prefix: String, within tolerance: Double
  ) throws {
    var computed = LossSummary(parts).byName
    for name in LossName.reported {
      computed[name.layer == nil ? name.name : "style.\(name.name)"] = parts[name]
    }
    #expect(computed.count == (computed["palette"] == nil ? 8 : 9))
    for (name, value) in computed {
      let expected = try golden.scalar(prefix + name)
      #expect(abs(value - expected) <= tolerance * expected, "\(name): \(value) for \(expected)")
    }
  }

  private func makeTape() -> Tape { Tape(pool: pool, allocator: TensorAllocator()) }

  /// L-BFGS on the pixels follows scipy's. The first steps agree within rounding; then single precision and double
  /// precision part, and reach the same losses by other ways.
  @Test func theSlowMethodFollowsScipy() throws {
    let expected = try Golden("slow").reference("values").elements
    let photo = Self.picture(seed: 2)
    let loss = PictureLoss(
      extractor: extractor, regions: [.init(paintings: [.init(picture: Self.picture(seed: 3))])], photo: photo,
      weights: LossWeights(objective: .johnson), pool: pool)
    let method = try SlowMethod(loss: loss, start: photo, pool: pool)
    for (iteration, value) in expected.enumerated() {
      if iteration > 0 { #expect(try method.step()) }
      let tolerance = iteration <= 3 ? 1e-3 : 0.1
      #expect(abs(method.value - value) <= tolerance * value, "\(iteration): \(method.value), expected \(value)")
    }
    let last = try #require(expected.last)
    #expect(abs(method.value - last) <= 0.05 * last)
  }

  private static func picture(seed: UInt32) -> Tensor { syntheticImage(width: 64, height: 48, seed: seed) }

  private static func batch(_ pictures: [Tensor]) -> Tensor {
    Tensor(
      Shape(batch: pictures.count, height: 48, width: 64, channels: 3), elements: pictures.flatMap { $0.elements })
  }
}
