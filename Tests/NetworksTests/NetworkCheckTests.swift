import Networks
import Testing

/// Returns a network with the given nodes after the input.
private func definition(_ name: String, _ nodes: [(Networks.Operation, [Int])]) -> NetworkDefinition {
  NetworkDefinition(
    name: name,
    nodes: [Node(operation: .input, inputs: [])]
      + nodes.enumerated().map { Node(name: "n\($0.offset)", operation: $0.element.0, inputs: $0.element.1) })
}

private func convolution(
  _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1
) -> Networks.Operation {
  .convolution(inputChannels: inputs, outputChannels: outputs, kernel: kernel, stride: stride, padding: .reflect)
}

@Suite struct NetworkCheckTests {
  @Test("Every named network is valid", arguments: NetworkDefinition.names)
  func named(name: String) throws {
    try NetworkDefinition.named(name).check()
    try NetworkDefinition.named(name).draft.check()
  }

  @Test("Strides and unshuffling reduce the shapes, upsampling and shuffling enlarge them")
  func shapes() throws {
    let network = definition(
      "shapes",
      [
        (convolution(3, 8, stride: 2), [0]), (.pixelUnshuffle(factor: 2), [1]), (.instanceNorm(channels: 32), [2]),
        (.upsampleNearest, [3]), (convolution(32, 12), [4]), (.pixelShuffle(factor: 2), [5]),
      ])
    #expect(network.sizeMultiple == 4)
    let shapes = try network.shapes(height: 12, width: 20)
    #expect(
      shapes.map(\.description) == [
        "[12, 20, 3]", "[6, 10, 8]", "[3, 5, 32]", "[3, 5, 32]", "[6, 10, 32]", "[6, 10, 12]", "[12, 20, 3]",
      ])
  }

  @Test("A picture of any size has a canvas of whole multiples, and its draft has the canvas's shape")
  func canvasShapes() throws {
    let network = try NetworkDefinition.named("realtime")
    let shapes = try network.shapes(height: 719, width: 1277)
    let canvas = Canvas.extents(lines: 256, height: 719, width: 1277, multiple: 4)
    #expect(shapes[1] == FeatureShape(height: canvas.height, width: canvas.width, channels: 3))
    #expect(shapes[shapes.count - 2] == shapes[1])
    #expect(shapes.last == FeatureShape(height: 719, width: 1277, channels: 3))
  }

  @Test(
    "Rejects nodes that do not fit with an error that names the network and the node",
    arguments: [
      definition("an operand too many", [(.relu, [0, 0])]),
      definition("an operand too few", [(.add, [0])]),
      definition("a cycle", [(.add, [0, 1])]),
      definition("a later node", [(.relu, [2]), (.relu, [1])]),
      definition("a negative node", [(.relu, [-1])]),
      definition("huge channels", [(convolution(3, .max), [0]), (convolution(.max, 3), [1])]),
      definition("no channels", [(convolution(3, 0), [0]), (convolution(0, 3), [1])]),
      definition("a kernel of nothing", [(convolution(3, 3, kernel: 0), [0])]),
      definition("a huge kernel", [(convolution(3, 3, kernel: .max), [0])]),
      definition("a stride of nothing", [(convolution(3, 3, stride: 0), [0])]),
      definition("a huge stride", [(convolution(3, 3, stride: .max), [0])]),
      definition("huge blocks", [(.pixelUnshuffle(factor: .max), [0])]),
      definition("negative blocks", [(.pixelShuffle(factor: -2), [0])]),
      definition("not a number", [(.affine(scale: .nan, offset: 0), [0])]),
      definition("a steep slope", [(.leakyReLU(slope: 1.5), [0])]),
      definition("a slope of no number", [(.leakyReLU(slope: .nan), [0])]),
      definition("slopes of other channels", [(.parametricReLU(channels: 4), [0])]),
      definition("an empty range", [(.clamp(minimum: 1, maximum: 1), [0])]),
      definition("a range of no numbers", [(.clamp(minimum: .nan, maximum: 1), [0])]),
      definition(
        "joined sizes",
        [(.upsampleLinear(alignsCorners: true), [0]), (.concatenation, [0, 1]), (convolution(6, 3), [2])]),
      definition("infinite", [(.scaledTanh(scale: 1, offset: .infinity), [0])]),
      definition("as large as memory", (0..<70).map { (.upsampleNearest, [$0]) }),
      definition("as small as a pixel", (0..<9).map { (.pixelUnshuffle(factor: 2), [$0]) }),
      definition("many nodes", (0..<5000).map { (.relu, [$0]) }),
      definition("output of another size", [(.upsampleNearest, [0])]),
      NetworkDefinition(name: "empty", nodes: []),
      NetworkDefinition(name: "no input", nodes: [Node(operation: .relu, inputs: [])]),
      NetworkDefinition(
        name: "without a name",
        nodes: [Node(operation: .input, inputs: []), Node(operation: .instanceNorm(channels: 3), inputs: [0])]),
      NetworkDefinition(
        name: "a name twice",
        nodes: [
          Node(operation: .input, inputs: []), Node(name: "a", operation: .instanceNorm(channels: 3), inputs: [0]),
          Node(name: "a", operation: .instanceNorm(channels: 3), inputs: [1]),
        ]),
    ])
  func malformed(_ definition: NetworkDefinition) throws {
    let error = try #require(throws: ModelError.self) { try definition.check() }
    guard case .malformedNetwork(definition.name, _, _) = error else {
      Issue.record("unexpected error: \(error)")
      return
    }
    #expect(!error.description.contains("\n"))
  }
}
