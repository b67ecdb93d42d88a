import Foundation
import Networks
import ONNX
import SwiftProtobuf
import TestSupport
import Testing

@Suite struct RoundTripTests {
  private static let networks =
    NetworkDefinition.names.map { $0 } + [
      canvasNetwork, "dense:stages=separable,block=separable,channels=8-8-16,blocks=1",
      "dense:head=unshuffle4,tail=shuffle4,channels=8-8-16,detail=0,blocks=1,norm=none,blocknorm=batch",
      "dense:channels=4-4-8,detail=0,blocks=1,norm=instance,canvas=96,revision=0",
    ]

  private func model(_ network: String) throws -> StyleModel {
    let reference = NetworkDefinition.references.contains(network)
    return randomModel(
      try NetworkDefinition.named(
        network, width: reference ? 0.25 / (network == "johnson" ? 1 : network == "half" ? 0.5 : 0.25) : 1))
  }

  @Test("What is written and read again paints the same picture", arguments: networks)
  func ownFiles(network: String) throws {
    let model = try model(network)
    let again = try model.roundTrip()
    let picture = picture(width: 131, height: 97)
    let discrepancy = Discrepancy(try painted(again, picture), expected: try painted(model, picture))
    #expect(discrepancy.relative <= tolerance, "\(discrepancy)")
    #expect(again.style == model.style)
  }

  @Test(
    "A file without our metadata is read node by node, in each form of its norms",
    arguments: [
      "johnson",
      "dense:head=strided,tail=shuffle2,stages=separable,block=separable,channels=8-8-16,blocks=1,norm=instance",
      "dense:head=strided,tail=shuffle2,channels=8-8-16,detail=0,blocks=1,norm=none,blocknorm=batch",
    ], [ONNXExport.NormForm.instance, .moments])
  func foreignFiles(network: String, norm: ONNXExport.NormForm) throws {
    let model = randomModel(try NetworkDefinition.named(network, width: 0.25))
    var options = ONNXExport.Options()
    options.norm = norm
    options.size = (64, 48)
    let again = try model.roundTrip(options, asForeign: true)
    let picture = picture(width: 75, height: 61)
    let discrepancy = Discrepancy(try painted(again, picture), expected: try painted(model, picture))
    #expect(discrepancy.relative <= tolerance, "\(discrepancy)")
  }

  @Test("A model of every other operation is written and read node by node")
  func otherOperations() throws {
    func node(_ name: String, _ operation: Networks.Operation, _ inputs: [Int]) -> Node {
      Node(name: name, operation: operation, inputs: inputs)
    }
    func convolution(_ inputs: Int, _ outputs: Int, stride: Int = 1) -> Networks.Operation {
      .convolution(inputChannels: inputs, outputChannels: outputs, kernel: 3, stride: stride, padding: .replicate)
    }
    let definition = NetworkDefinition(
      name: "others",
      nodes: [
        node("", .input, []), node("", .affine(scale: 1 / 127.5, offset: -1), [0]),
        node("a", convolution(3, 8, stride: 2), [1]), node("p", .parametricReLU(channels: 8), [2]),
        node("", .upsampleLinear(alignsCorners: false), [3]), node("", .upsampleLinear(alignsCorners: true), [3]),
        node("", .concatenation, [4, 5]), node("b", convolution(16, 8), [6]),
        node("", .clamp(minimum: -0.25, maximum: 0.5), [7]), node("", .leakyReLU(slope: 0.1), [8]),
        node("n", .batchNorm(channels: 8), [9]), node("c", convolution(8, 3), [10]),
        node("", .scaledTanh(scale: 150, offset: 127.5), [11]),
      ])
    let model = randomModel(definition)
    let picture = picture(width: 64, height: 46)
    let expected = try painted(model, picture)
    for isForeign in [false, true] {
      var options = ONNXExport.Options()
      options.size = (64, 48)
      let discrepancy = Discrepancy(
        try painted(model.roundTrip(options, asForeign: isForeign), picture), expected: expected)
      #expect(discrepancy.relative <= tolerance, "\(discrepancy)")
    }
  }

  @Test("Metadata and licences are kept")
  func metadata() throws {
    let random = try randomModel(seed: 1)
    let model = StyleModel(
      definition: random.definition, parameters: random.parameters, style: "waves", metadata: ["seed": "17"])
    let credits = StyleCredits(
      painting: .init(painter: "Hokusai", title: "The Great Wave", year: "1831", licence: "public domain"))
    let bytes = try ONNXExport.bytes(of: model, credits: credits)
    let file = try Onnx_ModelProto(serializedBytes: bytes)
    #expect(file.opsetImport.map(\.version) == [Int64(ONNXExport.opset)])
    #expect(file.docString.contains("The Great Wave (1831) by Hokusai: public domain"))
    let again = try ONNXImport.read(bytes, file: "file.onnx", name: "file").model
    #expect(again.style == "waves")
    #expect(again.metadata["seed"] == "17")
    #expect(again.metadata["licence"]?.contains("public domain") == true)
    #expect(again.metadata["credits"]?.contains("Hokusai") == true)
  }

  @Test("A size out of range is refused")
  func sizes() throws {
    var options = ONNXExport.Options()
    options.size = (4, 720)
    let model = try randomModel(seed: 1)
    #expect(throws: ONNXError.unsupportedSize(width: 4, height: 720)) {
      _ = try ONNXExport.bytes(of: model, options: options)
    }
  }
}
