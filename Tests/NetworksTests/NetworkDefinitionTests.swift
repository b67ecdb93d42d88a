import Foundation
import Networks
import Testing

@Suite struct NetworkDefinitionTests {
  @Test("The full network has the parameters of PyTorch's fast_neural_style in the same order")
  func parameterNames() {
    var expected: [(String, [Int])] = []
    func convolution(_ name: String, _ shape: [Int]) {
      expected += [(name + ".conv2d.weight", shape), (name + ".conv2d.bias", [shape[0]])]
    }
    func norm(_ name: String, _ channels: Int) {
      expected += [(name + ".weight", [channels]), (name + ".bias", [channels])]
    }
    convolution("conv1", [32, 3, 9, 9])
    norm("in1", 32)
    convolution("conv2", [64, 32, 3, 3])
    norm("in2", 64)
    convolution("conv3", [128, 64, 3, 3])
    norm("in3", 128)
    for block in 1...5 {
      convolution("res\(block).conv1", [128, 128, 3, 3])
      norm("res\(block).in1", 128)
      convolution("res\(block).conv2", [128, 128, 3, 3])
      norm("res\(block).in2", 128)
    }
    convolution("deconv1", [64, 128, 3, 3])
    norm("in4", 64)
    convolution("deconv2", [32, 64, 3, 3])
    norm("in5", 32)
    convolution("deconv3", [3, 32, 9, 9])
    let parameters = NetworkDefinition.johnson().parameters
    #expect(parameters.map(\.name) == expected.map(\.0))
    #expect(parameters.map(\.shape) == expected.map(\.1))
  }

  @Test("The full network has as many parameters as PyTorch counts in fast_neural_style's TransformerNet")
  func parameterCount() {
    #expect(NetworkDefinition.johnson().parameterCount == 1_679_235)
  }

  @Test("Half the width means half the channels and a quarter of the weights between two such layers")
  func half() throws {
    let half = try NetworkDefinition.named("half")
    #expect(half == NetworkDefinition.johnson(width: 0.5))
    let shapes = Dictionary(uniqueKeysWithValues: half.parameters.map { ($0.name, $0.shape) })
    #expect(shapes["conv1.conv2d.weight"] == [16, 3, 9, 9])
    #expect(shapes["res4.conv2.conv2d.weight"] == [64, 64, 3, 3])
    #expect(shapes["deconv3.conv2d.weight"] == [3, 16, 9, 9])
    #expect(shapes["deconv3.conv2d.bias"] == [3])
    // Ten residual convolutions of 64·64·9 + 64, with 3904 + 4640 + 18,496 before them and 18,464 + 4624 + 3891 after
    // them. Norms: twice ten of 64, with 16 + 32 + 64 before and 32 + 16 after them.
    #expect(half.parameterCount == 369_280 + 27_040 + 26_979 + 2 * (640 + 112 + 48))
  }

  @Test("Multiply-adds are those of the convolutions at their own sizes")
  func multiplyAdds() throws {
    // 256·256·32·3·81 twice; 128²·64·32·9; 64²·128·64·9; ten times 64²·128·128·9; 128²·64·128·9; 256²·32·64·9.
    #expect(try NetworkDefinition.johnson().multiplyAdds(height: 256, width: 256) == 10_078_912_512)
    // Twice the height is twice the work, because every layer scales.
    #expect(try NetworkDefinition.johnson().multiplyAdds(height: 512, width: 256) == 2 * 10_078_912_512)
  }

  @Test("Convolutions start within ±1/√fanIn, norms as the identity")
  func initialization() throws {
    let parameters = NetworkDefinition.johnson(width: 0.25).parameters
    let byName = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.initialization) })
    #expect(byName["conv1.conv2d.weight"] == .uniform(fanIn: 243))
    #expect(byName["conv1.conv2d.bias"] == .uniform(fanIn: 243))
    #expect(byName["res1.conv1.conv2d.weight"] == .uniform(fanIn: 288))
    #expect(byName["in1.weight"] == .constant(1))
    #expect(byName["in1.bias"] == .constant(0))
  }

  @Test(
    "Nodes read earlier nodes only, each with the operands of its operation", arguments: NetworkDefinition.references)
  func nodes(name: String) throws {
    let definition = try NetworkDefinition.named(name)
    #expect(definition.nodes.first?.operation == .input)
    for (index, node) in definition.nodes.enumerated() {
      #expect(node.inputs.allSatisfy { (0..<index).contains($0) })
      #expect(node.inputs.count == (node.operation == .input ? 0 : node.operation == .add ? 2 : 1))
    }
    #expect(definition.nodes.last?.operation == .scaledTanh(scale: 150, offset: 127.5))
    #expect(definition.nodes.filter { $0.operation == .add }.count == 5)
    #expect(definition.nodes.filter { $0.operation == .relu }.count == 10)
    #expect(definition.sizeMultiple == 4)
  }

  @Test("Every width gives whole channels, at least one")
  func widths() throws {
    #expect(try NetworkDefinition.named("johnson", width: 0.125).parameters.first?.shape == [4, 3, 9, 9])
    #expect(try NetworkDefinition.named("johnson", width: 0.33).parameters.first?.shape == [11, 3, 9, 9])
    #expect(try NetworkDefinition.named("half", width: 8).parameters.first?.shape == [128, 3, 9, 9])
  }

  @Test("Rejects a width out of range", arguments: [0, 0.12, 4.01, -1, .nan, .infinity])
  func invalidWidth(width: Double) {
    #expect(throws: ModelError.self) { try NetworkDefinition.named("johnson", width: width) }
  }

  @Test("Rejects a network whose resulting width a model file could not store")
  func invalidHalfWidth() {
    #expect(throws: ModelError.invalidWidth(0.0625)) { try NetworkDefinition.named("half", width: 0.125) }
  }

  @Test("Rejects an unknown name and lists the known ones")
  func unknownName() throws {
    let error = #expect(throws: ModelError.self) { try NetworkDefinition.named("resnet\n") }
    #expect(error == .unknownNetwork("resnet\n"))
    let description = try #require(error?.description)
    #expect(description.contains("johnson") && description.contains("half") && !description.contains("\n"))
  }

  @Test("The guide's table of networks lists every named network", arguments: NetworkDefinition.names)
  func namedNetworksAreDocumented(name: String) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/training.md")
    let guide = try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
    #expect(guide.split(separator: "\n").contains { $0.hasPrefix("|") && $0.contains("`\(name)`") })
  }

  @Test("The title is the shortest name of the same network", arguments: NetworkDefinition.names)
  func titleOfANamedNetwork(name: String) throws {
    #expect(try NetworkDefinition.named(name).title == name)
  }

  @Test("The title of a network without a name includes its width if it is not 1")
  func titleOfAnotherNetwork() throws {
    #expect(try NetworkDefinition.named("half", width: 0.25).title == "johnson, width × 0.125")
    let dense = try NetworkDefinition.named("dense:blocks=1,channels=4-4-8")
    #expect(dense.title == dense.name && dense.title.hasPrefix("dense:"))
  }
}
