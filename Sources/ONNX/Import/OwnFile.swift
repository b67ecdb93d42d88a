import Foundation
import Networks
import Tensors

/// A file of ``ONNXExport``: its metadata contain the network, and its initializers are the parameters.
enum OwnFile {
  /// Returns the network of the JSON `network` and its parameters from `graph`.
  ///
  /// - Throws: ``ONNXError`` if the JSON or a parameter is damaged, `ModelError` if the nodes do not fit together.
  static func read(
    _ network: String, _ graph: Onnx_GraphProto, file: String
  ) throws -> (NetworkDefinition, [String: Tensor]) {
    guard let definition = try? JSONDecoder().decode(NetworkDefinition.self, from: Data(network.utf8)) else {
      throw ONNXError.malformed(file: file, reason: "the network in its metadata cannot be decoded")
    }
    try definition.check()
    let tensors = Dictionary(graph.initializer.map { ($0.name, $0) }) { first, _ in first }
    var parameters: [String: [Float]] = [:]
    for parameter in definition.parameters {
      guard let tensor = tensors[parameter.name] else {
        throw ModelError.missingParameter(file: file, name: parameter.name, shape: parameter.shape)
      }
      let values: [Float]
      do throws(TensorFault) {
        values = try ConstantTensor(tensor).floats
      } catch {
        throw ONNXError.malformed(file: file, reason: "the initializer '\(parameter.name)': \(error.reason)")
      }
      guard values.count == ConstantTensor.count(parameter.shape) else {
        throw ModelError.wrongShape(
          file: file, name: parameter.name, found: tensor.dims.map { Int(clamping: $0) }, expected: parameter.shape)
      }
      guard values.allSatisfy(\.isFinite) else {
        throw ModelError.nonFiniteParameter(file: file, name: parameter.name)
      }
      if parameter.name.hasSuffix(".running_var"), values.contains(where: { $0 < 0 }) {
        throw ModelError.negativeVariance(file: file, name: parameter.name)
      }
      parameters[parameter.name] = values
    }
    restore(&parameters, of: definition)
    return (
      definition,
      Dictionary(
        uniqueKeysWithValues: definition.parameters.map {
          ($0.name, Tensor(Shape($0.shape), elements: parameters[$0.name] ?? []))
        })
    )
  }

  /// Returns the order of channels and the scales to those of model files.
  private static func restore(_ parameters: inout [String: [Float]], of definition: NetworkDefinition) {
    let nodes = definition.nodes
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case .revision(let channels) where channels > 0:
        func part(_ name: String) -> [Float] { parameters["\(node.name).\(name)"] ?? [] }
        let restored = RevisionScaling.unfolded(
          weight1: part("conv1.weight"), bias1: part("conv1.bias"), weight2: part("conv2.weight"),
          bias2: part("conv2.bias"))
        parameters["\(node.name).conv1.weight"] = restored.weight1
        parameters["\(node.name).conv1.bias"] = restored.bias1
        parameters["\(node.name).conv2.weight"] = restored.weight2
        parameters["\(node.name).conv2.bias"] = restored.bias2
      case .convolution(let inputs, let outputs, let kernel, _, _):
        let source = node.inputs[0]
        guard case .pixelUnshuffle(let factor) = nodes[source].operation,
          BlockOrder.applies(
            to: source, readers: nodes.indices.filter { nodes[$0].inputs.contains(source) }, of: nodes),
          let weight = parameters[node.name + ".weight"], index > source
        else { continue }
        parameters[node.name + ".weight"] = BlockOrder.reordered(
          weight, outputs: outputs, inputs: inputs, kernel: kernel, factor: factor, toBlocks: false)
      default: break
      }
    }
  }
}
