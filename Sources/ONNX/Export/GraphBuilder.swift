import Foundation
import SwiftProtobuf

/// Builds an ONNX graph node by node. Each method returns the name of its result.
struct GraphBuilder {
  private(set) var graph = Onnx_GraphProto()
  private var constants: Set<String> = []

  /// Appends a node with one output, which has the node's name. An empty input stands for one that is left out.
  @discardableResult
  mutating func node(
    _ type: String, _ inputs: [String], _ name: String, _ attributes: [Onnx_AttributeProto] = []
  ) -> String {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = name
    node.input = inputs
    node.output = [name]
    node.attribute = attributes
    graph.node.append(node)
    return name
  }

  /// Gives the last node's output another name, for the output of the graph.
  mutating func renameLast(_ name: String) {
    guard !graph.node.isEmpty else { return }
    graph.node[graph.node.count - 1].output = [name]
  }

  /// Adds an initializer of floats unless there is one of this name.
  mutating func floats(_ name: String, _ values: [Float], _ shape: [Int]) -> String {
    constant(name, shape, .float, values.withUnsafeBytes { Data($0) })
  }

  /// Adds an initializer of integers with 64 bits unless there is one of this name. Without `isScalar`, it is a vector.
  mutating func integers(_ name: String, _ values: [Int], isScalar: Bool = false) -> String {
    constant(
      name, isScalar ? [] : [values.count], .int64, values.map { Int64($0).littleEndian }.withUnsafeBytes { Data($0) })
  }

  private mutating func constant(
    _ name: String, _ shape: [Int], _ type: Onnx_TensorProto.DataType, _ bytes: Data
  ) -> String {
    guard constants.insert(name).inserted else { return name }
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = shape.map(Int64.init)
    tensor.dataType = Int32(type.rawValue)
    tensor.rawData = bytes
    graph.initializer.append(tensor)
    return name
  }

  /// Describes an input or output `[1, 3, H, W]` of floats. An extent of nil is named and any.
  static func picture(_ name: String, height: Int?, width: Int?) -> Onnx_ValueInfoProto {
    func dimension(_ extent: Int?, _ name: String) -> Onnx_TensorShapeProto.Dimension {
      var dimension = Onnx_TensorShapeProto.Dimension()
      if let extent { dimension.dimValue = Int64(extent) } else { dimension.dimParam = name }
      return dimension
    }
    var shape = Onnx_TensorShapeProto()
    shape.dim = [dimension(1, ""), dimension(3, ""), dimension(height, "height"), dimension(width, "width")]
    var tensor = Onnx_TypeProto.Tensor()
    tensor.elemType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    tensor.shape = shape
    var information = Onnx_ValueInfoProto()
    information.name = name
    information.type.tensorType = tensor
    return information
  }

  /// Sets the graph's name, description, input and output.
  mutating func finish(name: String, description: String, input: Onnx_ValueInfoProto, output: Onnx_ValueInfoProto) {
    graph.name = name
    graph.docString = description
    graph.input = [input]
    graph.output = [output]
  }
}

extension Onnx_AttributeProto {
  static func integer(_ name: String, _ value: Int) -> Onnx_AttributeProto {
    var attribute = named(name, .int)
    attribute.i = Int64(value)
    return attribute
  }

  static func integers(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
    var attribute = named(name, .ints)
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  static func float(_ name: String, _ value: Float) -> Onnx_AttributeProto {
    var attribute = named(name, .float)
    attribute.f = value
    return attribute
  }

  static func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
    var attribute = named(name, .string)
    attribute.s = Data(value.utf8)
    return attribute
  }

  static func tensor(_ name: String, _ value: Float) -> Onnx_AttributeProto {
    var attribute = named(name, .tensor)
    attribute.t.dims = [1]
    attribute.t.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    attribute.t.floatData = [value]
    return attribute
  }

  private static func named(_ name: String, _ type: Onnx_AttributeProto.AttributeType) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = type
    return attribute
  }
}
