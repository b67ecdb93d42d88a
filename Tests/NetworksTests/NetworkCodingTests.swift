import Foundation
import Networks
import Safetensors
import TestSupport
import Tensors
import Testing

/// Networks as JSON in model files.
@Suite struct NetworkCodingTests {
  @Test(
    "Encoding and decoding preserves a network, with numbers exact to the bit",
    arguments: NetworkDefinition.names + NetworkDescriptionTests.descriptions)
  func roundTrip(name: String) throws {
    let definition = try NetworkDefinition.named(name, width: 0.5)
    let json = try JSONEncoder().encode(definition)
    #expect(try JSONDecoder().decode(NetworkDefinition.self, from: json) == definition)
  }

  @Test("A node is an object with its name, its operation and its inputs")
  func form() throws {
    let text = """
      {"name": "tiny", "width": 1, "nodes": [
        {"name": "", "operation": {"input": {}}, "inputs": []},
        {"name": "mix", "inputs": [0], "operation": {"convolution":
          {"inputChannels": 3, "outputChannels": 3, "kernel": 1, "stride": 1, "padding": "zeros"}}},
        {"name": "", "operation": {"scaledTanh": {"scale": 150, "offset": 127.5}}, "inputs": [1]}]}
      """
    let expected = NetworkDefinition(
      name: "tiny",
      nodes: [
        Node(operation: .input, inputs: []),
        Node(
          name: "mix",
          operation: .convolution(inputChannels: 3, outputChannels: 3, kernel: 1, stride: 1, padding: .zeros),
          inputs: [0]),
        Node(operation: .scaledTanh(scale: 150, offset: 127.5), inputs: [1]),
      ])
    #expect(try JSONDecoder().decode(NetworkDefinition.self, from: Data(text.utf8)) == expected)
  }

  /// Writes a model file with `network` in its metadata and the tensors of a 1×1 convolution.
  private func file(network: String, in folder: TemporaryFolder) throws -> String {
    let path = folder.file("m.safetensors")
    try SafetensorsWriter.write(
      tensors: [("mix.bias", Tensor(Shape([3]))), ("mix.weight", Tensor(Shape([3, 3, 1, 1])))],
      metadata: ["format_version": "2", "network": network, "style": "dots"], to: path)
    return path
  }

  @Test("A file's network is defined by its nodes, independently of its name")
  func nameIsALabel() throws {
    let folder = try TemporaryFolder()
    let path = try file(
      network: """
        {"name": "johnson", "width": 1, "nodes": [{"name": "", "operation": {"input": {}}, "inputs": []},
        {"name": "mix", "inputs": [0], "operation": {"convolution":
        {"inputChannels": 3, "outputChannels": 3, "kernel": 1, "stride": 1, "padding": "zeros"}}}]}
        """, in: folder)
    let model = try StyleModel.load(path: path)
    #expect(model.definition.nodes.count == 2 && model.definition.sizeMultiple == 1)
    #expect(model.parameters.keys.sorted() == ["mix.bias", "mix.weight"])
  }

  @Test(
    "Rejects an unreadable or invalid network with an error that names the file",
    arguments: [
      ("johnson", "JSON"), ("", "JSON"), ("[]", "JSON"), ("{}", "'name' is missing"),
      (#"{"name": "a", "width": 1, "nodes": [{"name": "", "operation": {"input": {}}}]}"#, "'inputs' is missing"),
      (#"{"name": "a", "width": 1, "nodes": [{"name": "", "operation": {"warp": {}}, "inputs": []}]}"#, "nodes.0"),
      (#"{"name": "a", "width": 1, "nodes": [{"name": "", "operation": {}, "inputs": []}]}"#, "nodes.0"),
      (#"{"name": "a", "width": 1, "nodes": []}"#, "not the input"),
      (
        #"{"name": "a", "width": 1, "nodes": [{"name": "", "operation": {"input": {}}, "inputs": []},"#
          + #"{"name": "", "operation": {"add": {}}, "inputs": [0, 1]}]}"#, "node 1"
      ),
      (
        #"{"name": "a", "width": 1, "nodes": [{"name": "", "operation": {"input": {}}, "inputs": []},"#
          + #"{"name": "", "operation": {"pixelShuffle": {"factor": 99999999999999999999}}, "inputs": [0]}]}"#, "JSON"
      ),
    ])
  func refusals(network: String, words: String) throws {
    let folder = try TemporaryFolder()
    let path = try file(network: network, in: folder)
    let error = #expect(throws: ModelError.self) { try StyleModel.load(path: path) }
    let description = error?.description ?? ""
    #expect(description.hasPrefix("\(path): ") && !description.contains("\n"), "\(description)")
    #expect(description.contains(words), "\(description)")
  }

  @Test("A file of version 1 gives the network of its description")
  func versionOne() throws {
    let definition = try NetworkDefinition.named("dense:blocks=1,channels=4-4-8", width: 0.5)
    var random = Random(seed: 3)
    let parameters = Dictionary(
      uniqueKeysWithValues: definition.parameters.map { ($0.name, random.tensor(Shape($0.shape), in: 0...1)) })
    let folder = try TemporaryFolder()
    let path = folder.file("old.safetensors")
    try SafetensorsWriter.write(
      tensors: parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
      metadata: ["format_version": "1", "network": definition.name, "width": "0.5", "style": "dots"], to: path)
    let loaded = try StyleModel.load(path: path)
    #expect(loaded.definition == definition && loaded.style == "dots")
    try loaded.save(path: folder.file("new.safetensors"))
    let converted = try StyleModel.load(path: folder.file("new.safetensors"))
    #expect(converted.definition == definition)
    #expect(converted.parameters.mapValues(\.elements) == parameters.mapValues(\.elements))
  }
}
