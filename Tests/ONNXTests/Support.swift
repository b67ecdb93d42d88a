import Foundation
import Inference
import Networks
import ONNX
import SwiftProtobuf
import TestSupport
import Tensors
import Threading

let pool = ComputePool(threads: 2)

/// Two ways to compute the same in single precision, through up to twenty layers, as a share of the range. A weight or
/// pixel in the wrong place makes tenths.
let tolerance = 1e-3

/// Returns a picture of whole numbers with edges and grain.
func picture(width: Int, height: Int) -> Tensor {
  let picture = syntheticImage(width: width, height: height, seed: 7)
  for place in 0..<picture.count { picture.pointer[place] = picture.pointer[place].rounded() }
  return picture
}

/// Returns what an engine paints.
func painted(_ model: StyleModel, _ picture: Tensor) throws -> Tensor {
  try StyleEngine(model: model, width: picture.shape.width, height: picture.shape.height, pool: pool).run(picture)
}

/// Builds files of other programs.
struct ForeignFile {
  var model = Onnx_ModelProto()

  /// Creates a file whose picture has any size, or `size` × `size`.
  init(opset: Int = 17, size: Int = 0, channels: Int = 3) {
    model.irVersion = 8
    var version = Onnx_OperatorSetIdProto()
    version.version = Int64(opset)
    model.opsetImport = [version]
    var input = Onnx_ValueInfoProto()
    input.name = "x"
    input.type.tensorType.elemType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    input.type.tensorType.shape.dim = [1, channels, size, size].map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      if extent > 0 { dimension.dimValue = Int64(extent) } else { dimension.dimParam = "n" }
      return dimension
    }
    model.graph.input = [input]
    var output = Onnx_ValueInfoProto()
    output.name = "y"
    model.graph.output = [output]
  }

  /// Appends a node. The first `Conv` is `the Conv`, those after it are named with their output.
  mutating func node(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [String: Attribute] = [:], more: [String] = []
  ) {
    var node = Onnx_NodeProto()
    node.opType = type
    let isFirst = !model.graph.node.contains { $0.opType == type }
    node.name = isFirst ? "the \(type)" : "the \(type) of \(output)"
    node.input = inputs
    node.output = [output] + more
    node.attribute = attributes.sorted { $0.key < $1.key }.map { name, value in
      var attribute = Onnx_AttributeProto()
      attribute.name = name
      switch value {
      case .integer(let value): (attribute.type, attribute.i) = (.int, Int64(value))
      case .integers(let values): (attribute.type, attribute.ints) = (.ints, values.map(Int64.init))
      case .float(let value): (attribute.type, attribute.f) = (.float, value)
      case .text(let value): (attribute.type, attribute.s) = (.string, Data(value.utf8))
      }
      return attribute
    }
    model.graph.node.append(node)
  }

  enum Attribute {
    case integer(Int)
    case integers([Int])
    case float(Float)
    case text(String)
  }

  /// Adds a weight.
  mutating func floats(_ name: String, _ shape: [Int], _ values: [Float]) {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = shape.map(Int64.init)
    tensor.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    tensor.floatData = values
    model.graph.initializer.append(tensor)
  }

  /// Adds integers.
  mutating func integers(_ name: String, _ values: [Int]) {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = [Int64(values.count)]
    tensor.dataType = Int32(Onnx_TensorProto.DataType.int64.rawValue)
    tensor.int64Data = values.map(Int64.init)
    model.graph.initializer.append(tensor)
  }

  /// Adds random weights and returns them.
  mutating func random(_ name: String, _ shape: [Int], seed: UInt64 = 1) -> [Float] {
    var random = Random(seed: seed)
    let values = random.uniform(count: shape.reduce(1, *), in: -0.3...0.3)
    floats(name, shape, values)
    return values
  }

  /// Reads the file.
  func read(_ options: ONNXImport.Options = ONNXImport.Options()) throws -> ONNXImport.Result {
    try ONNXImport.read(try model.serializedBytes(), file: "file.onnx", name: "file", options: options)
  }
}

extension StyleModel {
  /// Writes this model as ONNX and reads it again, as a file of its own or of another program.
  func roundTrip(_ options: ONNXExport.Options = ONNXExport.Options(), asForeign: Bool = false) throws -> StyleModel {
    var bytes = try ONNXExport.bytes(of: self, options: options)
    if asForeign {
      var file = try Onnx_ModelProto(serializedBytes: bytes)
      file.metadataProps = []
      bytes = try file.serializedBytes()
    }
    return try ONNXImport.read(bytes, file: "file.onnx", name: "file").model
  }
}
