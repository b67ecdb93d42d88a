import Foundation
import Networks
import ONNX
import SwiftProtobuf
import TestSupport
import Testing

@Suite struct RefusalTests {
  /// Expects that the file is refused with an error that names the node and contains `reason`.
  private func expectRefusal(
    _ file: ForeignFile, _ node: String, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      _ = try file.read()
      Issue.record("it was read", sourceLocation: sourceLocation)
    } catch {
      let text = "\(error)"
      let namesNode = node.isEmpty || text.contains(node)
      #expect(text.hasPrefix("file.onnx: ") && namesNode, "\(text)", sourceLocation: sourceLocation)
      #expect(text.contains(reason), "\(text)", sourceLocation: sourceLocation)
    }
  }

  @Test("Operators that no layer computes are named", arguments: ["Softmax", "LSTM", "If", "MaxPool", "Einsum"])
  func unknownOperators(type: String) {
    var file = ForeignFile()
    file.node("Relu", ["x"], "a")
    file.node(type, ["a"], "y")
    expectRefusal(file, "node 'the \(type)' (\(type))", "no layer of ours computes")
  }

  @Test("What does not fit is named with its node")
  func faults() {
    var file = ForeignFile()
    _ = file.random("weight", [3, 3, 3, 3])
    file.node("Conv", ["x", "weight"], "y")
    expectRefusal(file, "the Conv", "change the size")

    file = ForeignFile()
    file.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])
    file.node("Pad", ["x", "pads"], "a", ["mode": .text("reflect")])
    file.node("Relu", ["a"], "y")
    expectRefusal(file, "the Relu", "which only a Conv can read")

    file = ForeignFile()
    file.floats("scales", [4], [1, 1, 1.5, 1.5])
    file.node("Resize", ["x", "", "scales"], "y")
    expectRefusal(file, "the Resize", "whole number")

    file = ForeignFile()
    file.node("Mul", ["x", "x"], "y")
    expectRefusal(file, "the Mul", "multiplies or divides two features")

    file = ForeignFile()
    file.floats("map", [4, 4], [Float](repeating: 1, count: 16))
    file.node("Mul", ["x", "map"], "y")
    expectRefusal(file, "the Mul", "one number or one for each channel")

    file = ForeignFile()
    file.node("Relu", ["missing"], "y")
    expectRefusal(file, "the Relu", "which no earlier node writes")

    file = ForeignFile()
    file.floats("weight", [3, 3, 3, 3], [1, 2, 3])
    file.node("Conv", ["x", "weight"], "y")
    expectRefusal(file, "'weight'", "3 values, expected 81")

    file = ForeignFile(channels: 4)
    file.node("Relu", ["x"], "y")
    expectRefusal(file, "", "expected three channels")

    file = ForeignFile(opset: 99)
    file.node("Relu", ["x"], "y")
    expectRefusal(file, "", "version 99")
  }

  @Test("Layers that depend on the picture's size are refused")
  func sizes() {
    var file = ForeignFile()
    file.integers("sizes", [1, 3, 512, 768])
    file.node("Resize", ["x", "", "", "sizes"], "a")
    _ = file.random("weight", [3, 3, 2, 2])
    file.node("Conv", ["a", "weight"], "y", ["strides": .integers([2, 2])])
    expectRefusal(file, "the Resize", "whole factor")
  }

  @Test("Damaged bytes are refused, wherever they end")
  func damage() throws {
    let bytes = try ONNXExport.bytes(of: try randomModel(seed: 1))
    for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 97)) {
      #expect(throws: (any Error).self) {
        _ = try ONNXImport.read(Data(bytes.prefix(length)), file: "file.onnx", name: "file")
      }
    }
  }
}
