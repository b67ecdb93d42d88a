import Foundation
import Networks
import ONNX
import SwiftProtobuf
import TestSupport
import Tensors
import Testing

/// Files in ONNX Runtime and OpenVINO, which `make test` installs in `.cache/runtimes`.
@Suite struct RuntimeTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  /// The Python with both runtimes.
  static let python = ["runtimes", "peers"].map { "\(root.path)/.cache/\($0)/bin/python" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }
  private static let networks = [
    "realtime", "quality", "quarter", canvasNetwork,
    "dense:head=unshuffle4,tail=shuffle4,channels=8-8-16,detail=0,blocks=1,norm=instance,blocknorm=batch",
    "dense:channels=4-4-8,detail=0,blocks=1,norm=instance,canvas=96,revision=0",
  ]

  /// Paints with a runtime: `[1, H, W, 3]` from and to `[1, 3, H, W]`.
  private func run(_ bytes: Data, _ picture: Tensor, runtime: String) throws -> Tensor {
    let folder = try TemporaryFolder()
    try bytes.write(to: URL(fileURLWithPath: folder.file("style.onnx")))
    let (height, width) = (picture.shape.height, picture.shape.width)
    let pixels = height * width
    let planes = (0..<3 * pixels).map { picture.pointer[$0 % pixels * 3 + $0 / pixels] }
    try planes.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: folder.file("input")))
    let python = BuiltProgram(path: try #require(Self.python))
    let script = Self.root.appendingPathComponent("Tests/ONNXTests/Runtimes/paint.py").path
    let result = try python.run([
      script, folder.file("style.onnx"), "\(width)", "\(height)", folder.file("input"), folder.file("output"), runtime,
    ])
    #expect(result.exitCode == 0, "\(result.errors)")
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("output")))
    try #require(data.count == 12 * pixels)
    let values = data.withUnsafeBytes { bytes in
      (0..<3 * pixels).map { bytes.loadUnaligned(fromByteOffset: 4 * ($0 % 3 * pixels + $0 / 3), as: Float.self) }
    }
    return Tensor(picture.shape, elements: values)
  }

  @Test(
    "Other runtimes paint our picture, at odd sizes above and below the canvas's",
    .enabled(if: python != nil, "ONNX Runtime is not installed: make test does that"), arguments: networks,
    ["onnxruntime", "openvino"])
  func export(network: String, runtime: String) throws {
    let model = randomModel(try NetworkDefinition.named(network))
    let bytes = try ONNXExport.bytes(of: model)
    for (width, height) in [(131, 97), (64, 51), (423, 301), (360, 270)] {
      let picture = picture(width: width, height: height)
      let expected = try painted(model, picture)
      let clamped = Tensor(expected.shape, elements: expected.elements.map { max(0, min(255, $0)) })
      let result = try run(bytes, picture, runtime: runtime)
      let largest = zip(result.elements, clamped.elements).map { abs($0 - $1) }.max() ?? .infinity
      #expect(largest <= Float(255 * tolerance), "\(width)×\(height): \(largest) levels")
    }
  }

  @Test(
    "Graphs for one size paint our picture in every form",
    .enabled(if: python != nil, "ONNX Runtime is not installed: make test does that"),
    arguments: ["realtime", "quarter"],
    [(ONNXExport.NormForm.layer, ONNXExport.EnlargementForm.resize), (.moments, .product)])
  func forms(network: String, form: (norm: ONNXExport.NormForm, enlargement: ONNXExport.EnlargementForm)) throws {
    let model = randomModel(try NetworkDefinition.named(network))
    let picture = picture(width: 460, height: 344)
    var options = ONNXExport.Options()
    (options.size, options.norm, options.enlargement, options.clamps) = ((460, 344), form.norm, form.enlargement, false)
    let result = try run(try ONNXExport.bytes(of: model, options: options), picture, runtime: "onnxruntime")
    let discrepancy = Discrepancy(result, expected: try painted(model, picture))
    #expect(discrepancy.maximum <= 255 * tolerance, "\(discrepancy)")
  }

  @Test(
    "Foreign graphs paint the same in ONNX Runtime and in the engine",
    .enabled(if: python != nil, "ONNX Runtime is not installed: make test does that"))
  func imports() throws {
    try expectTheSame(layers(), ONNXImport.PictureRange.signed)
    try expectTheSame(parts(), .unit)
  }

  /// Compares what a file paints in ONNX Runtime and, imported, in the engine. Its pictures are in `range`.
  private func expectTheSame(_ file: ForeignFile, _ range: ONNXImport.PictureRange) throws {
    let result = try file.read()
    #expect(result.outputRange == range)
    let source = picture(width: 64, height: 48)
    let (low, scale): (Float, Float) = range == .signed ? (-1, 127.5) : (0, 255)
    let scaled = Tensor(source.shape, elements: source.elements.map { $0 / scale + low })
    let found = try run(try file.model.serializedBytes(), scaled, runtime: "onnxruntime")
    let expected = Tensor(source.shape, elements: found.elements.map { scale * ($0 - low) })
    // The model does not limit its output to 0...255. The program that shows the picture does.
    let ours = try painted(result.model, source)
    let clamped = Tensor(ours.shape, elements: ours.elements.map { max(0, min(255, $0)) })
    let discrepancy = Discrepancy(clamped, expected: expected)
    #expect(discrepancy.relative <= tolerance, "\(discrepancy)")
  }

  /// A file that takes channels and pixels apart, with bounds and means.
  private func parts() -> ForeignFile {
    var file = ForeignFile(opset: 13)
    _ = file.random("down.weight", [6, 3, 4, 4], seed: 1)
    _ = file.random("up.weight", [6, 5, 4, 4], seed: 2)
    file.floats("low", [], [-0.3])
    file.floats("high", [], [0.6])
    file.floats("scales", [4], [1, 1, 2, 2])
    file.integers("order", [2, 1, -3])
    file.integers("sizes", [2, 4])
    file.integers("first", [1, 1])
    file.integers("last", [-1, -1])
    file.integers("pixels", [2, 3])
    file.integers("zero", [0])
    file.integers("end", [5])
    file.integers("channels", [1])
    file.integers("two", [2])
    file.node("Gather", ["x", "order"], "a", ["axis": .integer(1)])
    file.node("Conv", ["a", "down.weight"], "b", ["strides": .integers([2, 2]), "pads": .integers([1, 1, 1, 1])])
    file.node("Max", ["b", "low"], "c")
    file.node("Min", ["high", "c"], "d")
    file.node("Split", ["d", "sizes"], "e", ["axis": .integer(1)], more: ["f"])
    file.node("Concat", ["f", "e"], "g", ["axis": .integer(1)])
    file.node("AveragePool", ["g"], "h", ["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])])
    file.node("ConvTranspose", ["h", "up.weight"], "i", ["strides": .integers([2, 2])])
    file.node("Slice", ["i", "first", "last", "pixels"], "j")
    file.node("Slice", ["j", "zero", "end", "channels", "two"], "k")
    file.node("Sum", ["k", "k", "k"], "l")
    file.node("Resize", ["l", "", "scales"], "m", ["mode": .text("nearest")])
    file.node("HardSigmoid", ["m"], "y", ["alpha": .float(0.3), "beta": .float(0.4)])
    return file
  }

  /// A file of the layers of style networks, with unusual numbers.
  private func layers() -> ForeignFile {
    var file = ForeignFile(opset: 17)
    _ = file.random("down.weight", [8, 3, 4, 4], seed: 1)
    _ = file.random("norm.scale", [8], seed: 2)
    _ = file.random("norm.shift", [8], seed: 3)
    _ = file.random("slopes", [8, 1, 1], seed: 4)
    _ = file.random("up.weight", [8, 5, 3, 3], seed: 5)
    _ = file.random("up.bias", [5], seed: 6)
    _ = file.random("last.weight", [3, 10, 3, 3], seed: 7)
    file.floats("half", [], [0.5])
    file.floats("scales", [4], [1, 1, 2, 2])
    file.node("Conv", ["x", "down.weight"], "a", ["strides": .integers([2, 2]), "pads": .integers([1, 1, 1, 1])])
    file.node("InstanceNormalization", ["a", "norm.scale", "norm.shift"], "b", ["epsilon": .float(1e-3)])
    file.node("PRelu", ["b", "slopes"], "c")
    file.node(
      "ConvTranspose", ["c", "up.weight", "up.bias"], "d",
      ["strides": .integers([2, 2]), "pads": .integers([1, 1, 1, 1]), "output_padding": .integers([1, 1])])
    file.node("Sigmoid", ["d"], "e")
    file.node("Sub", ["e", "half"], "f")
    file.node("Concat", ["f", "d"], "g", ["axis": .integer(1)])
    file.node(
      "Conv", ["g", "last.weight"], "h",
      ["dilations": .integers([2, 2]), "pads": .integers([2, 2, 2, 2])])
    file.node("Tanh", ["h"], "i")
    file.node("Resize", ["i", "", "scales"], "j", ["mode": .text("linear")])
    file.node("Conv", ["j", "shrink.weight"], "k", ["strides": .integers([2, 2]), "pads": .integers([1, 1, 1, 1])])
    _ = file.random("shrink.weight", [3, 3, 3, 3], seed: 8)
    file.node("Tanh", ["k"], "y")
    return file
  }
}
