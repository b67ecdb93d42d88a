import Autograd
import Foundation
import Inference
import Networks
import Tensors
import TestSupport
import Testing
import Threading
import Training

private let pool = ComputePool(threads: 2)

/// A network of nodes `[name, operation, inputs]` after the input.
private func definition(_ name: String, _ nodes: [(String, Networks.Operation, [Int])]) -> NetworkDefinition {
  NetworkDefinition(
    name: name,
    nodes: [Node(operation: .input, inputs: [])] + nodes.map { Node(name: $0.0, operation: $0.1, inputs: $0.2) })
}

private func convolution(_ inputs: Int, _ outputs: Int, stride: Int = 1, padding: Networks.Operation.Padding = .reflect)
  -> Networks.Operation
{
  .convolution(inputChannels: inputs, outputChannels: outputs, kernel: 3, stride: stride, padding: padding)
}

private func depthwise(_ channels: Int, kernel: Int = 3, stride: Int = 1) -> Networks.Operation {
  .depthwiseConvolution(channels: channels, kernel: kernel, stride: stride, padding: .reflect)
}

private func pointwise(_ inputs: Int, _ outputs: Int) -> Networks.Operation {
  .convolution(inputChannels: inputs, outputChannels: outputs, kernel: 1, stride: 1, padding: .reflect)
}

/// Graphs that would reveal an incorrect fusion or reuse of memory.
private let graphs: [NetworkDefinition] = [
  definition(
    "leaky ReLU behind a norm, a convolution and a sum",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("", .leakyReLU(slope: 0.2), [2]),
      ("b", convolution(8, 8), [3]), ("", .leakyReLU(slope: 0.01), [4]), ("", .add, [5, 3]),
      ("", .leakyReLU(slope: 0.5), [6]), ("c", convolution(8, 3), [7]),
    ]),
  definition(
    "both operands of the sum are norms",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("b", convolution(3, 8), [0]),
      ("bn", .instanceNorm(channels: 8), [3]), ("", .add, [2, 4]), ("c", convolution(8, 3), [5]),
    ]),
  definition(
    "the convolution is read by a norm and by the sum",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("", .relu, [2]), ("", .add, [3, 1]),
      ("c", convolution(8, 3), [4]),
    ]),
  definition(
    "two convolutions and a sum read the picture, one of them padded with zeros",
    [
      ("a", convolution(3, 3, padding: .zeros), [0]), ("b", convolution(3, 3), [0]), ("", .add, [1, 2]),
      ("", .add, [3, 0]), ("c", convolution(3, 3), [4]),
    ]),
  definition(
    "two norms read one convolution",
    [
      ("a", convolution(3, 8), [0]), ("n1", .instanceNorm(channels: 8), [1]), ("n2", .instanceNorm(channels: 8), [1]),
      ("", .relu, [2]), ("", .add, [4, 3]), ("c", convolution(8, 3), [5]),
    ]),
  definition(
    "ReLU after a convolution, ReLU after a sum, a sum of one node with itself",
    [
      ("a", convolution(3, 8, padding: .zeros), [0]), ("", .relu, [1]), ("b", convolution(8, 8), [2]),
      ("", .add, [2, 3]), ("", .relu, [4]), ("", .add, [5, 5]), ("c", convolution(8, 3), [6]),
    ]),
  definition(
    "ReLU, tanh and a norm of a value that a sum also reads",
    [
      ("a", convolution(3, 8), [0]), ("", .relu, [1]), ("", .scaledTanh(scale: -3, offset: 1), [2]),
      ("n", .instanceNorm(channels: 8), [2]), ("", .add, [1, 3]), ("", .add, [5, 4]), ("", .add, [6, 2]),
      ("c", convolution(8, 3), [7]),
    ]),
  definition(
    "upsampling that a sum and a convolution read",
    [
      ("a", convolution(3, 8, stride: 2), [0]), ("", .upsampleNearest, [1]), ("b", convolution(8, 8), [2]),
      ("", .add, [3, 2]), ("c", convolution(8, 3), [4]),
    ]),
  definition(
    "two upsamplings, two convolutions after them, tanh in between",
    [
      ("a", convolution(3, 8, stride: 2), [0]), ("b", convolution(8, 9, stride: 2), [1]), ("", .upsampleNearest, [2]),
      ("", .upsampleNearest, [3]), ("c", convolution(9, 5), [4]), ("d", convolution(9, 5), [4]), ("", .add, [5, 6]),
      ("", .scaledTanh(scale: 2, offset: 0.5), [7]), ("e", convolution(5, 3), [8]),
    ]),
  definition(
    "the last node reads the picture",
    [
      ("a", convolution(3, 8), [0]), ("", .relu, [1]), ("b", convolution(8, 3), [2]),
      ("n", .instanceNorm(channels: 3), [3]), ("", .add, [4, 0]), ("", .scaledTanh(scale: 150, offset: 127.5), [5]),
    ]),
  definition("the picture itself", [("", .relu, [0])]),
  definition(
    "batch norms that are not fused: after a sum, a ReLU, a norm, the picture, two after one convolution",
    [
      ("p", .batchNorm(channels: 3), [0]), ("a", convolution(3, 8, padding: .zeros), [1]),
      ("b1", .batchNorm(channels: 8), [2]), ("b2", .batchNorm(channels: 8), [2]), ("", .add, [3, 4]),
      ("b3", .batchNorm(channels: 8), [5]), ("", .relu, [6]), ("b4", .batchNorm(channels: 8), [7]),
      ("n", .instanceNorm(channels: 8), [8]), ("b5", .batchNorm(channels: 8), [9]), ("c", convolution(8, 3), [10]),
      ("b6", .batchNorm(channels: 3), [11]), ("", .scaledTanh(scale: 150, offset: 127.5), [12]),
    ]),
  definition(
    "affine maps: of the picture twice, before zero padding, in the middle, read by two nodes",
    [
      ("", .affine(scale: 0.5, offset: -3), [0]), ("", .affine(scale: 0.125, offset: 1), [1]),
      ("a", convolution(3, 8), [2]), ("z", convolution(3, 8, padding: .zeros), [2]), ("", .add, [3, 4]),
      ("", .affine(scale: -2, offset: 0.25), [5]), ("", .relu, [6]), ("d", convolution(8, 8, padding: .zeros), [6]),
      ("", .add, [7, 8]), ("c", convolution(8, 3), [9]), ("", .add, [10, 1]),
    ]),
  definition(
    "unshuffling and shuffling: of the picture read twice, in the middle, to an odd number of channels",
    [
      ("", .pixelUnshuffle(factor: 2), [0]), ("a", convolution(12, 12), [1]), ("", .add, [1, 2]),
      ("", .pixelShuffle(factor: 2), [3]), ("b", convolution(3, 5), [4]), ("n", .instanceNorm(channels: 5), [5]),
      ("", .pixelUnshuffle(factor: 4), [6]), ("c", convolution(80, 20), [7]), ("", .pixelShuffle(factor: 2), [8]),
      ("", .relu, [9]), ("d", convolution(5, 12), [10]), ("", .pixelShuffle(factor: 2), [11]),
    ]),
  definition(
    "a depthwise convolution read by a 1×1 convolution and a sum, one on the picture, one after upsampling",
    [
      ("p", depthwise(3), [0]), ("a", convolution(3, 8, stride: 2), [1]), ("an", .instanceNorm(channels: 8), [2]),
      ("d", depthwise(8), [3]), ("e", pointwise(8, 8), [4]), ("", .add, [5, 4]), ("", .upsampleNearest, [6]),
      ("f", depthwise(8), [7]), ("fn", .instanceNorm(channels: 8), [8]), ("", .relu, [9]),
      ("g", convolution(8, 3), [10]),
    ]),
  definition(
    "separable convolutions of stride 2 after a sum with another reader, upsampling of a separable one",
    [
      ("a", convolution(3, 8), [0]), ("an", .instanceNorm(channels: 8), [1]), ("", .add, [2, 1]),
      ("d", depthwise(8, stride: 2), [3]), ("e", pointwise(8, 13), [4]), ("en", .instanceNorm(channels: 13), [5]),
      ("", .relu, [6]), ("f", depthwise(13), [7]), ("g", pointwise(13, 8), [8]), ("gb", .batchNorm(channels: 8), [9]),
      ("", .upsampleNearest, [10]), ("", .add, [11, 3]), ("h", depthwise(8, kernel: 5), [12]),
      ("c", convolution(8, 3), [13]),
    ]),
]

@Suite struct PlanTests {
  @Test("Every graph agrees with a node-by-node computation", arguments: graphs)
  func graph(_ definition: NetworkDefinition) throws {
    let model = randomModel(definition)
    let size = PictureSize(width: 19, height: 14)
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let picture = size.picture()
    let whole = extended(picture, toMultipleOf: definition.sizeMultiple)
    let reference = try referenceOutput(of: model, input: whole)
    let executor = NetworkExecutor(definition: definition, parameters: model.parameters, trainable: false)
    let onTape = executor(
      Variable(whole, requiresGradient: false), on: Tape(pool: pool, allocator: TensorAllocator()))
    let tapeDiscrepancy = Discrepancy(onTape.value, expected: reference)
    #expect(tapeDiscrepancy.relative < 5e-5, "the tape of '\(definition.name)': \(tapeDiscrepancy)")
    let expected = cropped(reference, height: size.height, width: size.width)
    // Few layers: the error of the Winograd transforms, 1e-5 of a layer's range, dominates.
    for frame in 1...2 {
      let discrepancy = Discrepancy(try engine.run(picture), expected: expected)
      #expect(discrepancy.relative < 5e-5, "frame \(frame) of '\(definition.name)': \(discrepancy)")
    }
  }

  @Test("Memory is little more than what is alive at the same time")
  func memoryIsReused() throws {
    let engine = try StyleEngine(model: randomModel(.johnson()), width: 512, height: 384, pool: pool)
    // 32 channels at full size and 64 at half size are alive together before the second upsampling.
    let alive = 512 * 384 * 4 * (32 + 64 / 4)
    #expect(engine.memoryByteCount >= alive)
    #expect(engine.memoryByteCount < alive + 32 << 20, "scratch does not grow with the picture's height")
  }

  @Test("4000×3000 at full width stays within 3 GB, with 6 GB allowed")
  func largePicture() throws {
    let prepared = try PreparedModel(randomModel(.johnson()))
    let limit = 3 << 30
    #expect(throws: Never.self) {
      // Pages are only allocated when they are touched, so creating the engine costs nothing.
      let engine = try StyleEngine(model: prepared, width: 4000, height: 3000, pool: pool, memoryLimit: limit)
      #expect(engine.memoryByteCount <= limit)
    }
  }

  @Test("Plans that exceed the memory are rejected before allocation")
  func tooLarge() throws {
    let prepared = try PreparedModel(randomModel(.johnson(width: 0.25)))
    let error = try #require(throws: InferenceError.self) {
      try StyleEngine(model: prepared, width: 640, height: 360, pool: pool, memoryLimit: 1 << 20)
    }
    guard case .insufficientMemory(640, 360, let needed, 1_048_576) = error else {
      Issue.record("unexpected error: \(error)")
      return
    }
    let engine = try StyleEngine(model: prepared, width: 640, height: 360, pool: pool, memoryLimit: needed)
    #expect(engine.memoryByteCount == needed)
    #expect(error.description.contains("640×360"))
    // 65,536² at full width needs about 800 GB, more than any test machine has.
    let full = try PreparedModel(randomModel(.johnson(width: 4)))
    #expect(throws: InferenceError.self) { try StyleEngine(model: full, width: 65_536, height: 65_536, pool: pool) }
  }

  @Test(
    "Sizes out of range are rejected",
    arguments: [(0, 5), (5, 0), (-1, 8), (65_537, 1), (1, Int.max)])
  func sizes(width: Int, height: Int) throws {
    let prepared = try PreparedModel(randomModel(.johnson(width: 0.25)))
    #expect(throws: InferenceError.unsupportedSize(width: width, height: height)) {
      try StyleEngine(model: prepared, width: width, height: height, pool: pool)
    }
  }

  @Test("Extreme aspect ratios are painted", arguments: [(4001, 1), (1, 4001)])
  func lines(width: Int, height: Int) throws {
    let size = PictureSize(width: width, height: height)
    let engine = try StyleEngine(
      model: randomModel(.johnson(width: 0.25)), width: width, height: height, pool: pool)
    let output = try engine.run(size.picture())
    #expect(output.buffer.allSatisfy { $0.isFinite && abs($0 - 127.5) <= 150.001 })
  }

  @Test("Errors name missing parameters and those of the wrong shape")
  func parameters() throws {
    let model = randomModel(.johnson(width: 0.25))
    var parameters = model.parameters
    parameters["res3.in1.bias"] = nil
    #expect(throws: InferenceError.missingParameter(name: "res3.in1.bias", shape: [32])) {
      try PreparedModel(StyleModel(definition: model.definition, parameters: parameters, style: ""))
    }
    parameters = model.parameters
    parameters["conv2.conv2d.weight"] = Tensor(Shape([16, 8, 3, 2]))
    let error = InferenceError.wrongShape(
      name: "conv2.conv2d.weight", found: [16, 8, 3, 2], expected: [16, 8, 3, 3])
    #expect(throws: error) {
      try StyleEngine(
        model: StyleModel(definition: model.definition, parameters: parameters, style: ""), width: 8, height: 8,
        pool: pool)
    }
    #expect(error.description.contains("conv2.conv2d.weight"))
  }

  @Test(
    "Nodes that do not fit together are rejected instead of trapping",
    arguments: [
      definition("reads itself", [("a", convolution(3, 3), [1])]),
      definition("reads nothing", [("", .relu, [])]),
      definition("adds one", [("", .add, [0])]),
      definition("wrong channels", [("a", convolution(4, 3), [0])]),
      definition("norm of wrong channels", [("a", .instanceNorm(channels: 4), [0])]),
      definition("adds different sizes", [("a", convolution(3, 3, stride: 2), [0]), ("", .add, [0, 1])]),
      definition("output is no picture", [("a", convolution(3, 8), [0])]),
      definition("output is smaller", [("a", convolution(3, 3, stride: 2), [0])]),
      definition("a second input", [("", .input, [])]),
      definition("batch norm of wrong channels", [("a", .batchNorm(channels: 4), [0])]),
      definition("depthwise of wrong channels", [("a", depthwise(4), [0])]),
      definition("separable of wrong channels", [("a", depthwise(3), [0]), ("b", pointwise(4, 3), [1])]),
      definition("blocks that do not divide", [("", .pixelUnshuffle(factor: 3), [0])]),
      definition("blocks of nothing", [("", .pixelUnshuffle(factor: 0), [0])]),
      definition("channels that are no blocks", [("", .pixelShuffle(factor: 2), [0])]),
      definition("a shuffled output too large", [("a", convolution(3, 12), [0]), ("", .pixelShuffle(factor: 2), [1])]),
      NetworkDefinition(name: "empty", nodes: []),
      NetworkDefinition(name: "no input", nodes: [Node(operation: .relu, inputs: [])]),
    ])
  func malformed(_ definition: NetworkDefinition) throws {
    let error = try #require(throws: ModelError.self) {
      try StyleEngine(model: randomModel(definition), width: 16, height: 16, pool: pool)
    }
    guard case .malformedNetwork(definition.name, _, _) = error else {
      Issue.record("unexpected error: \(error)")
      return
    }
  }

  @Test("Memory does not grow with the number of frames")
  func memoryDoesNotGrow() throws {
    let engine = try StyleEngine(
      model: randomModel(.johnson(width: 0.125)), width: 64, height: 64, pool: pool)
    var bytes = PictureSize(width: 64, height: 64).bytes()
    func growth(frames: Int) throws -> Int {
      let before = try residentBytes()
      try bytes.withUnsafeMutableBufferPointer { buffer in
        let base = try #require(buffer.baseAddress)
        for _ in 0..<frames {
          try engine.stylize(UnsafePointer(base), sourceStride: 192, into: base, destinationStride: 192)
        }
      }
      return try residentBytes() - before
    }
    _ = try growth(frames: 10)
    // Other tests allocate concurrently, so the quieter rounds count, measured at a quiet moment. The smallest
    // activation, leaked in each frame, would always add 800 KB per round.
    var rounds: [Int] = []
    for _ in 0..<40 {
      rounds = try (0..<15).map { _ in try growth(frames: 50) }.sorted()
      if rounds[3] < 400 << 10 { break }
      Thread.sleep(forTimeInterval: 0.5)
    }
    #expect(rounds[3] < 400 << 10, "\(rounds)")
  }
}

/// Returns the resident memory of this process in bytes.
private func residentBytes() throws -> Int {
  let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  return try #require(Int(fields[1])) * 4096
}
