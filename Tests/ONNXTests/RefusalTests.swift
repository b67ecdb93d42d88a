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

    file = ForeignFile()
    _ = file.random("weight", [3, 3, 1, 1])
    file.node("Conv", ["x", "weight", "x"], "y")
    expectRefusal(file, "the Conv", "its input 'x' depends on the picture")

    file = ForeignFile()
    for (name, value) in [("first", 1), ("last", -1), ("axis", 2)] { file.integers(name, [value]) }
    file.node("Slice", ["x", "first", "last", "axis"], "y")
    expectRefusal(file, "the Slice", "cuts pixels off")

    file = ForeignFile()
    _ = file.random("weight", [3, 3, 4, 4])
    file.node("ConvTranspose", ["x", "weight"], "a", ["strides": .integers([2, 2])])
    file.node("Relu", ["a"], "y")
    expectRefusal(file, "the Relu", "which only a Slice can")

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

  @Test("Weights that depend on the picture's size are refused")
  func weightsOfTheSize() {
    var file = ForeignFile()
    file.integers("one", [1])
    file.integers("four", [4])
    file.integers("channels", [1, 3, 1, 1])
    file.node("Shape", ["x"], "shape")
    file.node("Slice", ["shape", "one", "four"], "a")
    file.node("Cast", ["a"], "b", ["to": .integer(1)])
    file.node("Reshape", ["b", "channels"], "c")
    file.node("Mul", ["x", "c"], "y")
    expectRefusal(file, "", "depend on the size")
  }

  @Test("Constants that are too large are refused before they are made")
  func largeConstants() {
    var file = ForeignFile()
    for (name, value) in [("start", Float(3e38)), ("limit", 0), ("step", 1)] { file.floats(name, [], [value]) }
    file.node("Range", ["start", "limit", "step"], "y")
    expectRefusal(file, "", "is not a picture")

    file = ForeignFile()
    file.floats("empty", [0, 1 << 40], [])
    file.integers("zero", [0])
    file.node("Gather", ["empty", "zero"], "y", ["axis": .integer(1)])
    expectRefusal(file, "'empty'", "out of range")

    file = ForeignFile()
    file.floats("a", [1024], [Float](repeating: 1, count: 1024))
    for step in 0..<40 {
      let name = step == 0 ? "a" : "a\(step)"
      file.node("Concat", [name, name], "a\(step + 1)", ["axis": .integer(0)])
    }
    expectRefusal(file, "Concat", "do not fit")

    file = ForeignFile()
    file.floats("a", [1 << 20], [Float](repeating: 1, count: 1 << 20))
    for step in 0..<100 { file.node("Identity", [step == 0 ? "a" : "a\(step)"], "a\(step + 1)") }
    expectRefusal(file, "Identity", "elements in all")
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
