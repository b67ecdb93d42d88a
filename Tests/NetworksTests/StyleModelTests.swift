import Networks
import Safetensors
import Tensors
import TestSupport
import Testing

@Suite struct StyleModelTests {
  private static let definition = NetworkDefinition.johnson(width: 0.125)

  private static func parameters() -> [String: Tensor] {
    var random = Random(seed: 7)
    return Dictionary(
      uniqueKeysWithValues: definition.parameters.map { ($0.name, random.tensor(Shape($0.shape))) })
  }

  private static let metadata = ["format_version": "1", "network": "johnson", "width": "0.125", "style": "dots"]

  /// Writes a model file with the given content, by default of format version 1. Returns its path.
  private func file(
    in folder: TemporaryFolder, metadata: [String: String] = metadata,
    changing change: (inout [String: Tensor]) -> Void = { _ in }
  ) throws -> String {
    var parameters = Self.parameters()
    change(&parameters)
    let path = folder.file("m.safetensors")
    try SafetensorsWriter.write(
      tensors: parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, metadata: metadata, to: path)
    return path
  }

  /// Expects that loading fails with `expected`, and that the message is one line that names the file.
  private func expectRefused(_ path: String, _ expected: ModelError, sourceLocation: SourceLocation = #_sourceLocation)
  {
    let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) { try StyleModel.load(path: path) }
    #expect(error == expected, sourceLocation: sourceLocation)
    let description = error?.description ?? ""
    #expect(
      description.hasPrefix("\(path): ") && !description.contains("\n"), "\(description)",
      sourceLocation: sourceLocation)
  }

  @Test("Saving and loading preserves every bit of every tensor and the metadata")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let saved = StyleModel(
      definition: Self.definition, parameters: Self.parameters(), style: "starry night ★",
      metadata: ["iterations": "2000", "format_version": "overwritten"])
    let path = folder.file("starry.safetensors")
    try saved.save(path: path)
    let loaded = try StyleModel.load(path: path)
    #expect(loaded.definition == saved.definition)
    #expect(loaded.style == "starry night ★")
    #expect(loaded.metadata == saved.metadata)
    #expect(loaded.metadata["iterations"] == "2000")
    #expect(loaded.metadata["format_version"] == "2")
    #expect(Set(loaded.parameters.keys) == Set(saved.parameters.keys))
    for (name, tensor) in saved.parameters {
      let other = try #require(loaded.parameters[name])
      #expect(other.shape == tensor.shape)
      #expect(other.elements == tensor.elements)
    }
  }

  @Test("The same model gives the same bytes")
  func deterministicBytes() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      try StyleModel(definition: Self.definition, parameters: Self.parameters(), style: "dots")
        .save(path: folder.file(name))
    }
    #expect(try folder.bytes(of: "a") == folder.bytes(of: "b"))
  }

  @Test("Half precision rounds only convolution weights, and a file contains the rounded values")
  func halfPrecision() throws {
    let folder = try TemporaryFolder()
    let model = StyleModel(definition: Self.definition, parameters: Self.parameters(), style: "dots")
    let rounded = try #require(model.inHalfPrecision)
    try model.save(path: folder.file("half"), weights: .float16)
    try model.save(path: folder.file("single"))
    let loaded = try StyleModel.load(path: folder.file("half"))
    #expect(loaded.metadata == model.metadata)
    for (name, tensor) in model.parameters {
      let isWeight = tensor.shape.dimensions.count == 4
      let expected = isWeight ? tensor.elements.map { Float(Float16($0)) } : tensor.elements
      #expect(
        rounded.parameters[name]?.elements == expected && loaded.parameters[name]?.elements == expected, "\(name)")
      #expect((expected != tensor.elements) == isWeight, "\(name): random values are finer than half precision")
    }
    let bytes = try ["half", "single"].map { try folder.bytes(of: $0).count }
    #expect(Double(bytes[0]) < 0.8 * Double(bytes[1]), "\(bytes)")
  }

  @Test("A weight that exceeds half precision has no rounded model; a variance may exceed it")
  func beyondHalfPrecision() throws {
    let definition = try NetworkDefinition.named("dense:blocks=1,channels=4-4-8", width: 0.5)
    var random = Random(seed: 3)
    let parameters = Dictionary(
      uniqueKeysWithValues: definition.parameters.map { ($0.name, random.tensor(Shape($0.shape), in: 0...1)) })
    let model = StyleModel(definition: definition, parameters: parameters, style: "dots")
    parameters["head.norm.running_var"]?.pointer[0] = 1e6
    parameters["head.norm.running_var"]?.pointer[1] = 1e-9
    let rounded = try #require(model.inHalfPrecision)
    #expect(rounded.parameters["head.norm.running_var"]?.elements == parameters["head.norm.running_var"]?.elements)
    // Half a step above 65504, the largest finite half-precision number: rounds to infinity.
    let weight = try #require(definition.parameters.first { $0.shape.count == 4 }?.name)
    parameters[weight]?.pointer[0] = 65_520
    #expect(model.inHalfPrecision == nil)
  }

  @Test("The header alone gives the network and the errors that it reveals")
  func definitionOfFile() throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder) { $0["deconv3.conv2d.weight"]?.pointer[17] = .nan }
    #expect(try StyleModel.definition(ofFile: path) == Self.definition, "values are not looked at")
    try folder.write(Array(try folder.bytes(of: "m.safetensors").dropLast(5)), to: "cut")
    #expect(throws: SafetensorsError.self) { try StyleModel.definition(ofFile: folder.file("cut")) }
    let lacking = try file(in: folder) { $0["res2.in1.bias"] = nil }
    #expect(throws: ModelError.missingParameter(file: lacking, name: "res2.in1.bias", shape: [16])) {
      try StyleModel.definition(ofFile: lacking)
    }
  }

  @Test("Without a width in the metadata the network has full width")
  func defaultWidth() throws {
    let folder = try TemporaryFolder()
    var metadata = Self.metadata
    metadata["width"] = nil
    let path = try file(in: folder, metadata: metadata)
    let specification = try #require(NetworkDefinition.johnson().parameters.first)
    let error = ModelError.wrongShape(
      file: path, name: specification.name, found: [4, 3, 9, 9], expected: [32, 3, 9, 9])
    expectRefused(path, error)
  }

  @Test("Rejects a safetensors file that is not a style model", arguments: ["format_version", "network"])
  func foreignFile(missing key: String) throws {
    let folder = try TemporaryFolder()
    var metadata = Self.metadata
    metadata[key] = nil
    let path = try file(in: folder, metadata: metadata)
    expectRefused(
      path,
      .foreignFile(
        file: path, found: "no metadata 'format_version' and 'network'",
        expected: "the metadata that train-style writes"))
  }

  @Test("Rejects a newer format version")
  func futureVersion() throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder, metadata: Self.metadata.merging(["format_version": "3"]) { $1 })
    expectRefused(path, .foreignFile(file: path, found: "format version 3", expected: "version 1 or 2"))
  }

  @Test(
    "Rejects an unknown network or width",
    arguments: [
      ("johnson", "100"), ("johnson", "nan"), ("johnson", "0.01"), ("resnet", "1.0"), ("a\nb", "1.0"),
      ("dense:smooth=14", "1.0"), ("dense:grain=6", "1.0"),
    ])
  func unknownNetwork(network: String, width: String) throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder, metadata: Self.metadata.merging(["network": network, "width": width]) { $1 })
    expectRefused(
      path,
      .foreignFile(
        file: path, found: "network '\(network)' of width \(width)",
        expected:
          "\(NetworkDefinition.names.joined(separator: " or ")) or a network's description, 0.125 to 4 wide"))
  }

  @Test("Rejects a width that is not a number")
  func widthText() throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder, metadata: Self.metadata.merging(["width": "wide"]) { $1 })
    expectRefused(path, .foreignFile(file: path, found: "network width 'wide'", expected: "a number"))
  }

  @Test("Reports a missing tensor with its shape")
  func missingParameter() throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder) { $0["res2.in1.bias"] = nil }
    expectRefused(path, .missingParameter(file: path, name: "res2.in1.bias", shape: [16]))
  }

  @Test("Reports a tensor with the wrong shape with both shapes, even if the number of values is right")
  func wrongShape() throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder) {
      $0["conv2.conv2d.weight"] = $0["conv2.conv2d.weight"]?.reshaped(Shape([4, 8, 3, 3]))
    }
    expectRefused(
      path, .wrongShape(file: path, name: "conv2.conv2d.weight", found: [4, 8, 3, 3], expected: [8, 4, 3, 3]))
  }

  @Test("Reports an unexpected tensor")
  func unknownParameter() throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder) { $0["conv9.weight"] = Tensor(Shape([1])) }
    expectRefused(path, .unknownParameter(file: path, name: "conv9.weight", network: "johnson, width × 0.125"))
  }

  @Test("Rejects values that are not finite", arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(value: Float) throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder) { $0["deconv3.conv2d.weight"]?.pointer[17] = value }
    expectRefused(path, .nonFiniteParameter(file: path, name: "deconv3.conv2d.weight"))
  }

  @Test("A damaged or missing file gives a safetensors error")
  func damagedFile() throws {
    let folder = try TemporaryFolder()
    let path = try file(in: folder)
    try folder.write(Array(try folder.bytes(of: "m.safetensors").dropLast(5)), to: "cut")
    #expect(throws: SafetensorsError.self) { try StyleModel.load(path: folder.file("cut")) }
    #expect(throws: SafetensorsError.self) { try StyleModel.load(path: folder.file("absent")) }
    #expect(throws: SafetensorsError.self) { try StyleModel.load(path: folder.path) }
    #expect(throws: Never.self) { try StyleModel.load(path: path) }
  }

  @Test("Saving and loading preserves the model of a described network, including its statistics")
  func roundTripWithStatistics() throws {
    let definition = try NetworkDefinition.named("dense:blocks=1,channels=4-4-8", width: 0.5)
    let folder = try TemporaryFolder()
    let path = folder.file("m.safetensors")
    var random = Random(seed: 3)
    let parameters = Dictionary(
      uniqueKeysWithValues: definition.parameters.map { ($0.name, random.tensor(Shape($0.shape), in: 0...1)) })
    try StyleModel(definition: definition, parameters: parameters, style: "dots").save(path: path)
    let loaded = try StyleModel.load(path: path)
    #expect(loaded.definition == definition)
    #expect(loaded.parameters["head.norm.running_mean"]?.elements == parameters["head.norm.running_mean"]?.elements)

    parameters["res1.norm1.running_var"]?.pointer[2] = -0.5
    try StyleModel(definition: definition, parameters: parameters, style: "dots").save(path: path)
    expectRefused(path, .negativeVariance(file: path, name: "res1.norm1.running_var"))
  }
}
