import Autograd
import Imaging
import TestSupport
import Tensors
import Testing
import Threading
import Training

@Suite struct PictureLossTests {
  private let pool = ComputePool(threads: 2)
  private let extractor: VGG16
  private let painting = syntheticImage(width: 60, height: 52, seed: 99)

  init() throws {
    extractor = try SmallTraining.extractor()
  }

  private func loss(
    _ regions: [PictureLoss.Region], photo: Tensor?, _ weights: LossWeights, tileSide: Int = 1024
  ) -> PictureLoss {
    PictureLoss(
      extractor: extractor, regions: regions, photo: photo, weights: weights, tileSide: tileSide, pool: pool)
  }

  private func region(_ weights: Tensor? = nil) -> PictureLoss.Region {
    .init(paintings: [.init(picture: painting)], weights: weights)
  }

  private func mask(width: Int, height: Int, _ weight: (_ x: Int, _ y: Int) -> Float) -> Tensor {
    Tensor(
      Shape(batch: 1, height: height, width: width, channels: 1),
      elements: (0..<width * height).map { weight($0 % width, $0 / width) })
  }

  private func evaluate(_ loss: PictureLoss, _ picture: Tensor) throws -> (parts: LossParts, gradient: Tensor) {
    let gradient = Tensor(picture.shape)
    return (try loss(picture, gradient: gradient), gradient)
  }

  /// Expects the same loss, and gradients whose difference has at most `tolerance` times their length. Single pixels
  /// may differ by more, where rounding moves a feature over the kink of a ReLU.
  private func expectAgreement(
    _ a: (parts: LossParts, gradient: Tensor), _ b: (parts: LossParts, gradient: Tensor), within tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      abs(a.parts.total - b.parts.total) <= tolerance * abs(b.parts.total), "\(a.parts.total), \(b.parts.total)",
      sourceLocation: sourceLocation)
    func length(_ values: [Float]) -> Double { values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
    let wanted = length(b.gradient.elements)
    let difference = length(zip(a.gradient.elements, b.gradient.elements).map { $0 - $1 })
    #expect(
      wanted > 0 && difference <= tolerance * wanted, "\(difference) of \(wanted)", sourceLocation: sourceLocation)
  }

  /// The sums of the picture give what the tape gives. Both round in single precision, through ten layers.
  @Test(arguments: Objective.allCases)
  func agreesWithTheTrainersLoss(_ objective: Objective) throws {
    var weights = LossWeights(objective: objective)
    weights.totalVariation = 1e-5
    let photo = syntheticImage(width: 45, height: 38, seed: 1)
    let picture = syntheticImage(width: 45, height: 38, seed: 2)
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    let reference = PerceptualLoss(extractor: extractor, style: painting, weights: weights, tape: tape)
    let output = Variable(picture, requiresGradient: true)
    let expected = reference(output: output, photos: photo, on: tape)
    tape.backward()
    let found = try evaluate(loss([region()], photo: photo, weights), picture)
    for name in expected.names {
      let (value, wanted) = (found.parts[name] ?? .nan, expected[name] ?? 0)
      #expect(abs(value - wanted) <= 1e-3 * abs(wanted) + 1e-9, "\(name): \(value), expected \(wanted)")
    }
    expectAgreement(found, (expected, try #require(output.gradient)), within: 2e-3)
  }

  /// Tiles add up sums in another order, and kernels cut rows into other blocks: only rounding differs. It moves about
  /// one feature in a million over the kink of its ReLU or to the other side of a maximum, in each of ten layers. The
  /// length of the difference is the root of their share, some thousandths; one row of wrong gradients makes a
  /// twentieth.
  @Test(arguments: Objective.allCases)
  func tilesGiveTheSameAsTheWholePicture(_ objective: Objective) throws {
    let photo = syntheticImage(width: 421, height: 301, seed: 1)
    let picture = syntheticImage(width: 421, height: 301, seed: 2)
    let weights = LossWeights(objective: objective)
    let left = mask(width: 421, height: 301) { x, _ in x < 230 ? 1 : 0 }
    let rest = mask(width: 421, height: 301) { x, _ in x < 230 ? 0 : 1 }
    for regions in [[region()], [region(left), region(rest)]] {
      let whole = try evaluate(loss(regions, photo: photo, weights), picture)
      let tiled = try evaluate(loss(regions, photo: photo, weights, tileSide: 256), picture)
      expectAgreement(tiled, whole, within: 1e-2)
    }
  }

  @Test func aWhiteMaskIsNoMask() throws {
    let picture = syntheticImage(width: 45, height: 38, seed: 2)
    let plain = try evaluate(loss([region()], photo: picture, LossWeights()), picture)
    var masked = region(mask(width: 45, height: 38) { _, _ in 1 })
    masked.paintings[0].weights = mask(width: 60, height: 52) { _, _ in 1 }
    expectAgreement(try evaluate(loss([masked], photo: picture, LossWeights()), picture), plain, within: 1e-3)
  }

  @Test func pixelsOutOfSightOfAMaskAreNotPainted() throws {
    let picture = syntheticImage(width: 240, height: 40, seed: 2)
    var weights = LossWeights()
    weights.content = 0
    let left = mask(width: 240, height: 40) { x, _ in x < 64 ? 1 : 0 }
    let gradient = try evaluate(loss([region(left)], photo: nil, weights), picture).gradient.elements
    func largest(_ columns: Range<Int>) -> Float {
      (0..<40).flatMap { y in columns.flatMap { x in (0..<3).map { abs(gradient[(y * 240 + x) * 3 + $0]) } } }.max()
        ?? 0
    }
    // At half the size a feature sees twice as far: 84 pixels and its own block of 16.
    // Winograd's algorithm leaves rounding errors in the pixels of a block that a feature does not see.
    #expect(largest(168..<240) < 1e-4 * largest(0..<64))
  }

  @Test func paintingMasksSelectPartsOfAPainting() throws {
    let picture = syntheticImage(width: 45, height: 38, seed: 2)
    // A painting of two halves: the masked loss must not depend on the half that is out of sight.
    func painting(seed: UInt32) -> Tensor {
      let (left, right) = (
        syntheticImage(width: 256, height: 32, seed: 1), syntheticImage(width: 256, height: 32, seed: seed)
      )
      let both = left.copy()
      for y in 0..<32 {
        for index in (y * 256 + 192) * 3..<(y + 1) * 256 * 3 { both.pointer[index] = right.pointer[index] }
      }
      return both
    }
    let weights = mask(width: 256, height: 32) { x, _ in x < 64 ? 1 : 0 }
    func total(_ seed: UInt32, _ weights: Tensor?) throws -> Double {
      let region = PictureLoss.Region(paintings: [.init(picture: painting(seed: seed), weights: weights)])
      return try evaluate(loss([region], photo: picture, LossWeights()), picture).parts.total
    }
    let (masked, other) = (try total(5, weights), try total(6, weights))
    #expect(abs(masked - other) < 1e-5 * masked)
    let (plain, change) = (try total(5, nil), try total(6, nil))
    #expect(abs(plain - change) > 1e-3 * plain)
  }

  @Test func equalPaintingsInSharesAreOnePainting() throws {
    let picture = syntheticImage(width: 45, height: 38, seed: 2)
    let one = try evaluate(loss([region()], photo: picture, LossWeights()), picture)
    let both = PictureLoss.Region(paintings: [.init(share: 1, picture: painting), .init(share: 3, picture: painting)])
    expectAgreement(try evaluate(loss([both], photo: picture, LossWeights()), picture), one, within: 1e-4)
  }

  @Test func sharesMoveTheTarget() throws {
    let other = syntheticImage(width: 60, height: 52, seed: 55)
    var weights = LossWeights()
    weights.content = 0
    // The painting itself, as the picture: the less of the other one, the lower the loss.
    let losses = try [0.01, 1, 100].map { share in
      let mixture = PictureLoss.Region(paintings: [.init(picture: painting), .init(share: share, picture: other)])
      return try evaluate(loss([mixture], photo: nil, weights), painting).parts.total
    }
    #expect(losses[0] < 0.01 * losses[2] && losses[0] < losses[1] && losses[1] < losses[2], "\(losses)")
  }

  /// The slope along a random direction, by central differences in single precision. Kinks of ReLU and max pooling
  /// within the step limit the agreement.
  @Test(arguments: [1.0, 0.0], [1.0, 0.0])
  func gradientsAgreeWithCentralDifferences(content: Double, style: Double) throws {
    guard content + style > 0 else { return }
    var random = Random(seed: 3)
    let photo = syntheticImage(width: 40, height: 33, seed: 1)
    let picture = syntheticImage(width: 40, height: 33, seed: 2)
    let left = mask(width: 40, height: 33) { x, _ in x < 20 ? 1 : 0.25 }
    let weights = LossWeights(content: content, style: style, totalVariation: 1e-6)
    let loss = loss([region(left), region()], photo: photo, weights)
    let (_, gradient) = try evaluate(loss, picture)
    let direction = random.uniform(count: picture.count, in: -1...1)
    let slope = zip(gradient.elements, direction).reduce(0.0) { $0 + Double($1.0 * $1.1) }
    func value(_ step: Float) throws -> Double {
      let point = Tensor(picture.shape, elements: zip(picture.elements, direction).map { $0 + step * $1 })
      return try evaluate(loss, point).parts.total
    }
    let step: Float = 0.25
    let difference = try (value(step) - value(-step)) / Double(2 * step)
    #expect(abs(difference - slope) <= 0.08 * abs(slope) + 1e-6, "\(difference), expected \(slope)")
  }

  // MARK: Tiles

  @Test(arguments: [257, 300, 421, 1000, 1620, 4096, 6144], [256, 512, 1024])
  func spansCoverAnAxisOnceAndOverlap(length: Int, side: Int) {
    let margin = VGG16.sight(of: .relu4_3)
    let spans = PictureTiles.spans(length: length, side: side, margin: margin)
    #expect(spans.first?.core.lowerBound == 0 && spans.last?.core.upperBound == length)
    for (a, b) in zip(spans, spans.dropFirst()) { #expect(a.core.upperBound == b.core.lowerBound) }
    for span in spans {
      #expect(!span.core.isEmpty)
      #expect(span.outer.lowerBound % 8 == 0 && span.core.lowerBound % 8 == 0)
      #expect(span.outer.lowerBound == 0 || span.core.lowerBound - span.outer.lowerBound >= margin)
      #expect(span.outer.upperBound == length || span.outer.upperBound - span.core.upperBound >= margin)
      // The last tile ends with the picture, up to 7 pixels behind a block.
      #expect(span.outer.count <= side + 7)
    }
  }

  /// The receptive fields of VGG-16, 92 pixels at relu4_3, are a block of 8 and 42 pixels on either side.
  @Test func featuresSeeAsFarAsTheirReceptiveField() {
    #expect(VGG16.sight(of: .relu4_3) == 48)
    #expect(VGG16.sight(of: .relu3_3) == 24)
    #expect(VGG16.sight(of: .relu1_2) == 8)
  }
}
