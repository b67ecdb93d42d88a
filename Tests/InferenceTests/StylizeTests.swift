import Inference
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// A 9×9 convolution that copies, on pictures that are extended to multiples of 4. The output equals the input unless
/// something shifts, crops or converts incorrectly.
private func copyingModel(gain: Float = 1) -> StyleModel {
  let definition = NetworkDefinition(
    name: "copy",
    nodes: [
      Node(operation: .input, inputs: []),
      Node(
        name: "copy",
        operation: .convolution(inputChannels: 3, outputChannels: 3, kernel: 9, stride: 1, padding: .reflect),
        inputs: [0]),
      Node(operation: .pixelUnshuffle(factor: 4), inputs: [1]), Node(operation: .pixelShuffle(factor: 4), inputs: [2]),
    ])
  let weight = Tensor(Shape([3, 3, 9, 9]))
  for channel in 0..<3 { weight.pointer[(channel * 3 + channel) * 81 + 40] = gain }
  return StyleModel(
    definition: definition, parameters: ["copy.weight": weight, "copy.bias": Tensor(Shape([3]))], style: "copy")
}

private func stylize(_ bytes: [UInt8], _ engine: StyleEngine, stride: Int, outputStride: Int) throws -> [UInt8] {
  var output = [UInt8](repeating: 0xAB, count: outputStride * engine.height)
  try bytes.withUnsafeBufferPointer { source in
    try output.withUnsafeMutableBufferPointer { target in
      try engine.stylize(
        try #require(source.baseAddress), sourceStride: stride, into: try #require(target.baseAddress),
        destinationStride: outputStride)
    }
  }
  return output
}

@Suite struct StylizeTests {
  /// A network that reads pixels, one that reads blocks of them, and one with a canvas.
  private static let networks = ["johnson", unshufflingNetwork, "realtime"]

  @Test(
    "Extension and cropping neither shift nor change pixels",
    arguments: [
      PictureSize(width: 1, height: 1), PictureSize(width: 2, height: 5), PictureSize(width: 7, height: 3),
      PictureSize(width: 16, height: 8), PictureSize(width: 33, height: 21),
    ])
  func unshifted(size: PictureSize) throws {
    let engine = try StyleEngine(
      model: copyingModel(), width: size.width, height: size.height, pool: ComputePool(threads: 2))
    let bytes = size.bytes()
    let stride = size.width * 3
    #expect(try stylize(bytes, engine, stride: stride, outputStride: stride) == bytes)
  }

  @Test("The conversions preserve every byte value")
  func everyByte() throws {
    let engine = try StyleEngine(model: copyingModel(), width: 16, height: 16, pool: ComputePool(threads: 1))
    let bytes = (0..<768).map { UInt8($0 % 256) }
    #expect(try stylize(bytes, engine, stride: 48, outputStride: 48) == bytes)
  }

  @Test("Results are clamped and rounded to the nearest integer")
  func clampedAndRounded() throws {
    let model = copyingModel(gain: 1.75)
    let engine = try StyleEngine(model: model, width: 16, height: 16, pool: ComputePool(threads: 1))
    let bytes = (0..<768).map { UInt8($0 % 256) }
    let output = try stylize(bytes, engine, stride: 48, outputStride: 48)
    // 1.75·x is an exact multiple of a quarter, and the transforms change values by less than 1e-3: only halves may be
    // rounded either way.
    for (byte, result) in zip(bytes, output) {
      let exact = min(255, Double(byte) * 1.75)
      #expect(abs(Double(result) - exact) <= 0.5, "\(byte) became \(result)")
    }
    #expect(output.contains(255))
    let negative = try StyleEngine(
      model: copyingModel(gain: -1), width: 16, height: 16, pool: ComputePool(threads: 1))
    #expect(try stylize(bytes, negative, stride: 48, outputStride: 48).allSatisfy { $0 == 0 })
  }

  @Test("Rows may have gaps, whose bytes are not changed", arguments: networks)
  func strides(network: String) throws {
    let size = PictureSize(width: 13, height: 6)
    let engine = try StyleEngine(
      model: randomModel(.named(network, width: 0.25)), width: size.width, height: size.height,
      pool: ComputePool(threads: 2))
    let bytes = size.bytes()
    let row = size.width * 3
    let dense = try stylize(bytes, engine, stride: row, outputStride: row)
    var wide: [UInt8] = []
    for y in 0..<size.height {
      wide += bytes[y * row..<(y + 1) * row]
      wide += [UInt8](repeating: 0x5A, count: 25)
    }
    let output = try stylize(wide, engine, stride: row + 25, outputStride: row + 9)
    for y in 0..<size.height {
      let start = y * (row + 9)
      #expect(Array(output[start..<start + row]) == Array(dense[y * row..<(y + 1) * row]))
      #expect(output[start + row..<start + row + 9].allSatisfy { $0 == 0xAB })
    }
  }

  /// Not with a canvas: a revision rounds the luma of bytes to integers, see ``CanvasTests``.
  @Test("Byte results are the rounded float results", arguments: ["johnson", unshufflingNetwork])
  func agreesWithFloats(network: String) throws {
    let size = PictureSize(width: 37, height: 22)
    let engine = try StyleEngine(
      model: randomModel(.named(network, width: 0.5)), width: size.width, height: size.height,
      pool: ComputePool(threads: 2))
    let floats = try engine.run(size.picture()).elements
    let bytes = try stylize(size.bytes(), engine, stride: size.width * 3, outputStride: size.width * 3)
    let expected = floats.map { UInt8(max(0, min(255, $0.rounded(.toNearestOrEven)))) }
    #expect(bytes == expected)
    #expect(Set(bytes).count > 20, "a flat picture would not be a test")
  }

  @Test("A picture may be painted in place", arguments: networks)
  func inPlace(network: String) throws {
    let size = PictureSize(width: 21, height: 19)
    let engine = try StyleEngine(
      model: randomModel(.named(network, width: 0.25)), width: size.width, height: size.height,
      pool: ComputePool(threads: 2))
    var bytes = size.bytes()
    let expected = try stylize(bytes, engine, stride: size.width * 3, outputStride: size.width * 3)
    try bytes.withUnsafeMutableBufferPointer { buffer in
      let base = try #require(buffer.baseAddress)
      try engine.stylize(
        UnsafePointer(base), sourceStride: size.width * 3, into: base, destinationStride: size.width * 3)
    }
    #expect(bytes == expected)
  }

  @Test("A stride shorter than a row is rejected")
  func shortStride() throws {
    let engine = try StyleEngine(model: copyingModel(), width: 8, height: 2, pool: ComputePool(threads: 1))
    let bytes = [UInt8](repeating: 0, count: 48)
    #expect(throws: InferenceError.strideTooSmall(stride: 23, width: 8)) {
      try stylize(bytes, engine, stride: 23, outputStride: 24)
    }
    #expect(throws: InferenceError.strideTooSmall(stride: 20, width: 8)) {
      try stylize(bytes, engine, stride: 24, outputStride: 20)
    }
  }
}
