import Autograd
import Inference
import Networks
import Tensors
import TestSupport
import Testing
import Threading
import Training

struct PictureSize: Sendable, CustomStringConvertible {
  let width: Int
  let height: Int
  var description: String { "\(width)×\(height)" }

  func picture(seed: UInt32 = 3) -> Tensor { syntheticImage(width: width, height: height, seed: seed) }
  func bytes(seed: UInt32 = 3) -> [UInt8] { picture(seed: seed).elements.map { UInt8($0) } }
}

/// Single precision through sixteen layers, three of them by Winograd's transforms, whose error is 1e-5 of a layer's
/// range.
private let networkTolerance = 2e-4

@Suite struct StyleEngineTests {
  @Test(
    "The engine agrees with a node-by-node computation in double precision",
    arguments: [
      PictureSize(width: 1, height: 1), PictureSize(width: 5, height: 3), PictureSize(width: 3, height: 18),
      PictureSize(width: 17, height: 33), PictureSize(width: 32, height: 24),
    ],
    [
      ("johnson", 0.25), ("johnson", 0.5), (unshufflingNetwork, 0.25), (unshufflingNetwork, 0.5), ("quality", 0.25),
      ("realtime", 0.5),
    ])
  func agreesWithReference(size: PictureSize, network: (name: String, width: Double)) throws {
    let model = randomModel(try .named(network.name, width: network.width))
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: ComputePool(threads: 2))
    let picture = size.picture()
    let expected = cropped(
      try referenceOutput(of: model, input: networkInput(picture, of: model.definition)), height: size.height,
      width: size.width)
    // If a norm sees only a few pixels, it divides by their random deviation, which amplifies rounding.
    let tolerance = size.width * size.height < 16 ? 10 * networkTolerance : networkTolerance
    let discrepancy = Discrepancy(try engine.run(picture), expected: expected)
    #expect(discrepancy.relative < tolerance, "\(discrepancy)")
  }

  @Test(
    "The engine agrees with the trainer's executor",
    arguments: [
      PictureSize(width: 64, height: 48), PictureSize(width: 100, height: 36), PictureSize(width: 132, height: 92),
    ], NetworkDefinition.names + [unshufflingNetwork, "phone:kernel=9,blocks=1,norm=instance"])
  func agreesWithTape(size: PictureSize, network: String) throws {
    let model = randomModel(try .named(network))
    let pool = ComputePool(threads: 2)
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let picture = size.picture()
    let executor = NetworkExecutor(definition: model.definition, parameters: model.parameters, trainable: false)
    let tape = Tape(pool: pool, allocator: TensorAllocator())
    let expected = executor(Variable(picture, requiresGradient: false), on: tape)
    let discrepancy = Discrepancy(try engine.run(picture), expected: expected.value)
    #expect(discrepancy.relative < networkTolerance, "\(discrepancy)")
  }

  @Test("Results are bit-identical for any number of threads", arguments: ["johnson", "realtime", unshufflingNetwork])
  func threadCount(network: String) throws {
    let model = randomModel(try .named(network, width: 0.5))
    let size = PictureSize(width: 150, height: 101)
    let results = try [1, 2, 3].map { threads in
      let engine = try StyleEngine(
        model: model, width: size.width, height: size.height, pool: ComputePool(threads: threads))
      return try engine.run(size.picture()).elements
    }
    #expect(results[1] == results[0])
    #expect(results[2] == results[0])
  }

  @Test(
    "Results do not depend on previous pictures",
    arguments: ["johnson", "realtime", unshufflingNetwork])
  func reuse(network: String) throws {
    let size = PictureSize(width: 45, height: 31)
    let engine = try StyleEngine(
      model: randomModel(.named(network, width: 0.25)), width: size.width, height: size.height,
      pool: ComputePool(threads: 2))
    let first = try engine.run(size.picture(seed: 1)).elements
    let other = try engine.run(size.picture(seed: 2)).elements
    #expect(other != first)
    #expect(try engine.run(size.picture(seed: 1)).elements == first)
  }

  @Test("Engines of several sizes that share a prepared model agree with engines of the model itself")
  func sharedWeights() throws {
    let model = randomModel(.johnson(width: 0.25))
    let prepared = try PreparedModel(model)
    let pool = ComputePool(threads: 2)
    let sizes = [
      PictureSize(width: 20, height: 12), PictureSize(width: 64, height: 40), PictureSize(width: 7, height: 50),
    ]
    let engines = try sizes.map {
      try StyleEngine(model: prepared, width: $0.width, height: $0.height, pool: pool)
    }
    for (size, engine) in zip(sizes, engines) {
      let own = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
      #expect(try engine.run(size.picture()).elements == (try own.run(size.picture()).elements))
    }
  }

  @Test("A picture of a different shape is rejected")
  func wrongShape() throws {
    let engine = try StyleEngine(
      model: randomModel(.johnson(width: 0.25)), width: 8, height: 4, pool: ComputePool(threads: 1))
    #expect(throws: InferenceError.wrongInput(found: [1, 8, 4, 3], expected: [1, 4, 8, 3])) {
      try engine.run(PictureSize(width: 4, height: 8).picture())
    }
  }

  @Test("The profile contains every layer once")
  func profile() throws {
    let engine = try StyleEngine(
      model: randomModel(.johnson(width: 0.25)), width: 16, height: 16, pool: ComputePool(threads: 1))
    let names = try engine.profile(PictureSize(width: 16, height: 16).picture()).map(\.name)
    #expect(names.count == 31, "16 convolutions and 15 norms; additions, ReLU, upsampling and tanh are fused")
    #expect(Set(names).count == names.count)
  }
}
