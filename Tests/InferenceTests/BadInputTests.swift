import Foundation
import Inference
import Networks
import Tensors
import TestSupport
import Testing
import Threading

private let pool = ComputePool(threads: 2)

/// Paints bytes in place and returns them.
private func stylized(_ bytes: [UInt8], _ engine: StyleEngine) throws -> [UInt8] {
  var bytes = bytes
  try bytes.withUnsafeMutableBufferPointer { buffer in
    let base = try #require(buffer.baseAddress)
    try engine.stylize(
      UnsafePointer(base), sourceStride: 3 * engine.width, into: base, destinationStride: 3 * engine.width)
  }
  return bytes
}

@Suite struct BadInputTests {
  @Test(
    "Sizes below the padding, lines and the maximum sides agree with double precision",
    arguments: [
      PictureSize(width: 1, height: 1), PictureSize(width: 2, height: 1), PictureSize(width: 3, height: 3),
      PictureSize(width: 4, height: 5), PictureSize(width: 33, height: 2), PictureSize(width: 2, height: 33),
      PictureSize(width: 300, height: 1), PictureSize(width: 1, height: 300),
    ])
  func smallSizes(_ size: PictureSize) throws {
    let model = randomModel(.johnson(width: 0.125))
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let picture = size.picture()
    let expected = cropped(
      try referenceOutput(of: model, input: extended(picture, toMultipleOf: 4)), height: size.height, width: size.width)
    // If a norm sees only a few pixels, it divides by their random deviation, which amplifies rounding.
    let discrepancy = Discrepancy(try engine.run(picture), expected: expected)
    #expect(discrepancy.relative < 2e-3, "\(discrepancy)")
  }

  @Test(
    "The maximum sides are painted, with equal results for bytes and floats",
    arguments: [PictureSize(width: 8192, height: 1), PictureSize(width: 1, height: 8192)])
  func maximumSides(_ size: PictureSize) throws {
    let engine = try StyleEngine(
      model: randomModel(.johnson(width: 0.125)), width: size.width, height: size.height, pool: pool)
    let floats = try engine.run(size.picture()).elements
    #expect(floats.allSatisfy { abs($0 - 127.5) <= 150.001 })
    let bytes = try stylized(size.bytes(), engine)
    #expect(bytes == floats.map { UInt8(max(0, min(255, $0.rounded(.toNearestOrEven)))) })
    #expect(Set(bytes).count > 20, "a flat picture would not be a test")
  }

  @Test("8192×8192 is planned if the memory suffices and rejected otherwise")
  func maximumPicture() throws {
    let prepared = try PreparedModel(randomModel(.johnson()))
    let error = try #require(throws: InferenceError.self) {
      try StyleEngine(model: prepared, width: 8192, height: 8192, pool: pool, memoryLimit: 1 << 30)
    }
    guard case .insufficientMemory(8192, 8192, let needed, 1_073_741_824) = error else {
      Issue.record("unexpected error: \(error)")
      return
    }
    // 32 channels at full size and 64 at half size are alive together: 12 GB.
    #expect(needed >= 8192 * 8192 * 4 * (32 + 64 / 4))
    // With the memory that is free: created or refused, depending on the machine.
    do {
      let engine = try StyleEngine(model: prepared, width: 8192, height: 8192, pool: pool)
      #expect(engine.memoryByteCount == needed)
    } catch {
      guard case InferenceError.insufficientMemory(8192, 8192, needed, _) = error else { throw error }
    }
    // Pages are only allocated when they are touched, so creating a plan that fits costs nothing.
    let narrow = try PreparedModel(randomModel(.johnson(width: 0.125)))
    let engine = try StyleEngine(model: narrow, width: 8192, height: 8192, pool: pool, memoryLimit: 4 << 30)
    #expect(engine.memoryByteCount < 4 << 30)
  }

  @Test(
    "NaN, infinite and out-of-range pixels do not trap or affect the next picture",
    arguments: [Float.nan, .infinity, -.infinity, 1e30, -1e30, .leastNonzeroMagnitude],
    ["half", "johnson", "realtime", unshufflingNetwork])
  func unusualPixels(value: Float, network: String) throws {
    let size = PictureSize(width: 45, height: 38)
    let engine = try StyleEngine(
      model: randomModel(try .named(network)), width: size.width, height: size.height, pool: pool)
    let clean = try engine.run(size.picture()).elements
    let bytes = try stylized(size.bytes(), engine)
    for place in [0, 3 * (19 * size.width + 22) + 1, size.width * size.height * 3 - 1] {
      let picture = size.picture()
      picture.pointer[place] = value
      let output = try engine.run(picture)
      #expect(output.shape == picture.shape)
      if !value.isFinite { #expect(output.buffer.contains { $0.isNaN }, "NaN must propagate") }
      // The same memory, after it held NaN: float and byte entry points.
      #expect(try engine.run(size.picture()).elements == clean)
      #expect(try stylized(size.bytes(), engine) == bytes)
    }
  }

  @Test("NaN weights give bytes of 0 instead of a trap")
  func nanWeights() throws {
    let model = randomModel(.johnson(width: 0.125))
    var parameters = model.parameters
    let name = try #require(model.definition.parameters.last { $0.name.hasSuffix(".bias") }).name
    let bias = Tensor(try #require(parameters[name]).shape)
    for channel in 0..<bias.count { bias.pointer[channel] = [.nan, .infinity, 0][channel % 3] }
    parameters[name] = bias
    let size = PictureSize(width: 10, height: 6)
    let engine = try StyleEngine(
      model: StyleModel(definition: model.definition, parameters: parameters, style: ""), width: size.width,
      height: size.height, pool: pool)
    let bytes = try stylized(size.bytes(), engine)
    #expect(stride(from: 0, to: bytes.count, by: 3).allSatisfy { bytes[$0] == 0 && bytes[$0 + 1] == 255 })
  }

  @Test("The error for a weight of the wrong shape names its layer, for every layer")
  func wrongShapes() throws {
    let model = randomModel(.johnson(width: 0.125))
    for specification in model.definition.parameters {
      var parameters = model.parameters
      let shape = Array(specification.shape.dropLast()) + [(specification.shape.last ?? 0) + 1]
      parameters[specification.name] = Tensor(Shape(shape))
      let expected = InferenceError.wrongShape(name: specification.name, found: shape, expected: specification.shape)
      #expect(throws: expected) {
        try StyleEngine(
          model: StyleModel(definition: model.definition, parameters: parameters, style: ""), width: 8, height: 8,
          pool: pool)
      }
    }
  }

  @Test("The result of a norm is available to a strided convolution and a sum that both read it")
  func sharedValueBehindStride() throws {
    // The 1×1 convolution of stride 2 reads a quarter of the pixels, so it cannot materialize them for the other
    // reader.
    let definition = NetworkDefinition(
      name: "shortcut",
      nodes: [
        Node(operation: .input, inputs: []),
        Node(
          name: "a",
          operation: .convolution(inputChannels: 3, outputChannels: 8, kernel: 3, stride: 1, padding: .reflect),
          inputs: [0]),
        Node(name: "n", operation: .instanceNorm(channels: 8), inputs: [1]),
        Node(operation: .relu, inputs: [2]),
        Node(
          name: "b",
          operation: .convolution(inputChannels: 8, outputChannels: 8, kernel: 1, stride: 2, padding: .zeros),
          inputs: [3]),
        Node(
          name: "c",
          operation: .convolution(inputChannels: 8, outputChannels: 8, kernel: 3, stride: 2, padding: .reflect),
          inputs: [3]),
        Node(operation: .add, inputs: [4, 5]),
        Node(operation: .upsampleNearest, inputs: [6]),
        Node(operation: .add, inputs: [7, 3]),
        Node(
          name: "d",
          operation: .convolution(inputChannels: 8, outputChannels: 3, kernel: 3, stride: 1, padding: .reflect),
          inputs: [8]),
      ])
    let model = randomModel(definition)
    let size = PictureSize(width: 18, height: 14)
    let engine = try StyleEngine(model: model, width: size.width, height: size.height, pool: pool)
    let expected = try referenceOutput(of: model, input: size.picture())
    let discrepancy = Discrepancy(try engine.run(size.picture()), expected: expected)
    // Few layers: the error of the Winograd transforms, 1e-5 of a layer's range, dominates.
    #expect(discrepancy.relative < 5e-5, "\(discrepancy)")
  }

  @Test("Engines of several sizes share a prepared model concurrently")
  func concurrentEngines() throws {
    let model = randomModel(.johnson(width: 0.25))
    let sizes = [
      PictureSize(width: 40, height: 28), PictureSize(width: 9, height: 61), PictureSize(width: 73, height: 20),
      PictureSize(width: 8, height: 8),
    ]
    let expected = try sizes.map { size in
      try StyleEngine(model: model, width: size.width, height: size.height, pool: ComputePool(threads: 1))
        .run(size.picture()).elements
    }
    for _ in 0..<5 {
      // No weight is packed yet: the engines compete for each.
      let prepared = try PreparedModel(model)
      let results = Results(count: sizes.count)
      DispatchQueue.concurrentPerform(iterations: sizes.count) { index in
        let size = sizes[index]
        results.set(
          index,
          Result {
            let engine = try StyleEngine(
              model: prepared, width: size.width, height: size.height, pool: ComputePool(threads: 1 + index % 2))
            _ = try engine.run(size.picture(seed: 8))
            return try engine.run(size.picture()).elements
          })
      }
      for (index, size) in sizes.enumerated() {
        #expect(try #require(results.get(index)).get() == expected[index], "\(size)")
      }
    }
  }
}

/// The results of the threads.
private final class Results: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Result<[Float], any Error>?]

  init(count: Int) { values = [Result<[Float], any Error>?](repeating: nil, count: count) }

  func set(_ index: Int, _ value: Result<[Float], any Error>) { lock.withLock { values[index] = value } }
  func get(_ index: Int) -> Result<[Float], any Error>? { lock.withLock { values[index] } }
}
