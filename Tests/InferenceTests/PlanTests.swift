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

@Suite struct PlanTests {
  /// Few layers: the error of the Winograd transforms, 1e-5 of a layer's range, dominates. The sharpening of a draft
  /// multiplies it by up to 1.8 along each axis, see `DraftSharpening` in Kernels.
  private static let (tolerance, canvasTolerance) = (5e-5, 2e-4)

  @Test("Every graph agrees with a node-by-node computation", arguments: planGraphs)
  func graph(_ definition: NetworkDefinition) throws {
    let model = randomModel(definition)
    let hasCanvas = definition.canvasLines != nil
    let tolerance = hasCanvas ? Self.canvasTolerance : Self.tolerance
    // The second size is larger than a canvas of 64 lines.
    for size in [PictureSize(width: 19, height: 14)] + (hasCanvas ? [PictureSize(width: 91, height: 71)] : []) {
      let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
      let picture = size.picture()
      let whole = networkInput(picture, of: definition)
      let reference = try referenceOutput(of: model, input: whole)
      let executor = NetworkExecutor(definition: definition, parameters: model.parameters, trainable: false)
      let onTape = executor(
        Variable(whole, requiresGradient: false), on: Tape(pool: pool, allocator: TensorAllocator()))
      let tapeDiscrepancy = Discrepancy(onTape.value, expected: reference)
      #expect(tapeDiscrepancy.relative < tolerance, "the tape of '\(definition.name)', \(size): \(tapeDiscrepancy)")
      let expected = cropped(reference, height: size.height, width: size.width)
      for frame in 1...2 {
        let discrepancy = Discrepancy(try engine.run(picture), expected: expected)
        #expect(
          discrepancy.relative < tolerance, "frame \(frame) of '\(definition.name)', \(size): \(discrepancy)")
      }
    }
  }

  @Test("Every operation affects the output of a graph")
  func everyOperation() {
    let compared = Set(planGraphs.flatMap(operationsBehindOutput).map(\.kind))
    let missing = Networks.Operation.Kind.allCases.filter { !compared.contains($0) }
    #expect(missing.isEmpty, "no graph in planGraphs uses \(missing.map(\.rawValue).joined(separator: ", "))")
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

/// Returns the operations of the nodes on which the output depends.
private func operationsBehindOutput(of definition: NetworkDefinition) -> [Networks.Operation] {
  var needed: Set = [definition.nodes.count - 1]
  // From the last node to the first: a node comes after the nodes that it reads.
  return definition.nodes.enumerated().reversed().compactMap { index, node in
    guard needed.contains(index) else { return nil }
    needed.formUnion(node.inputs)
    return node.operation
  }
}

/// Returns the resident memory of this process in bytes.
private func residentBytes() throws -> Int {
  let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  return try #require(Int(fields[1])) * 4096
}
