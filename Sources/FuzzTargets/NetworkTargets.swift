import Foundation
import Networks
import ONNX
import Safetensors

extension FuzzTarget {
  /// A safetensors file and all its tensors.
  static let safetensors = FuzzTarget("safetensors") { input in
    let path = try input.file()
    try attempt(SafetensorsError.self) {
      let reader = try SafetensorsReader(path: path)
      for entry in reader.entries { _ = try reader.tensor(entry.name) }
    }
  }

  /// A model file: its tensors and the graph in its metadata.
  static let model = FuzzTarget("model") { input in
    let path = try input.file()
    try attempt(ModelError.self, SafetensorsError.self) { _ = try StyleModel.load(path: path) }
  }

  /// An ONNX file: its messages, constants and layers.
  static let onnx = FuzzTarget("onnx") { input in
    var options = ONNXImport.Options()
    options.colours = .bgr
    options.inputs = ["weights": [1]]
    try attempt(ONNXError.self, ModelError.self) {
      _ = try ONNXImport.read(Data(input.bytes), file: "file.onnx", name: "file", options: options)
    }
  }

  /// The description of a network, as `--network` takes it.
  static let network = FuzzTarget("network") { input in
    try attempt(ModelError.self) { _ = try NetworkDefinition.named(input.text).shapes(height: 64, width: 64) }
  }

  /// The size of strokes, as `--strokes` takes it.
  static let strokes = FuzzTarget("strokes") { input in
    try attempt(ModelError.self) { _ = try Strokes(input.text).description }
  }
}
