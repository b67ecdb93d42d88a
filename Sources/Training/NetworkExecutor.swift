import Autograd
import Kernels
import Networks
import Tensors

/// Runs a network definition on a tape: the trainer's executor.
public final class NetworkExecutor {
  /// The architecture.
  public let definition: NetworkDefinition
  /// The trained values by name.
  public let parameters: [String: Variable]

  /// An executor over `parameters`, which must be those of `definition`; they are trained if `trainable`.
  public init(definition: NetworkDefinition, parameters: [String: Tensor], trainable: Bool) {
    self.definition = definition
    self.parameters = parameters.mapValues { Variable($0, requiresGradient: trainable) }
  }

  /// Random parameters for `definition`, the same for the same seed.
  public static func initialParameters(of definition: NetworkDefinition, seed: UInt64) -> [String: Tensor] {
    var parameters: [String: Tensor] = [:]
    for (index, specification) in definition.parameters.enumerated() {
      let tensor = Tensor(Shape(specification.shape), zeroed: false)
      switch specification.initialization {
      case .constant(let value):
        tensor.pointer.update(repeating: value, count: tensor.count)
      case .uniform(let fanIn):
        var random = SplitMix64(seed: seed, stream: UInt64(index + 1))
        let bound = 1 / Float(fanIn).squareRoot()
        for element in 0..<tensor.count { tensor.pointer[element] = (2 * random.uniform() - 1) * bound }
      }
      parameters[specification.name] = tensor
    }
    return parameters
  }

  /// The output for `input`, `[N, H, W, 3]` RGB 0…255; H and W are multiples of the definition's `sizeMultiple`.
  public func callAsFunction(_ input: Variable, on tape: Tape) -> Variable {
    let nodes = definition.nodes
    var readers = [Int](repeating: 0, count: nodes.count)
    for node in nodes { for source in node.inputs { readers[source] += 1 } }
    var values: [Variable?] = []
    values.reserveCapacity(nodes.count)

    func value(_ node: Node, _ position: Int) -> Variable {
      guard let value = values[node.inputs[position]] else { preconditionFailure("'\(node.name)' reads a later node") }
      return value
    }
    func parameter(_ name: String) -> Variable {
      guard let parameter = parameters[name] else { preconditionFailure("no parameter '\(name)'") }
      return parameter
    }

    for (index, node) in nodes.enumerated() {
      let result: Variable
      switch node.operation {
      case .input:
        result = input
      case .convolution(_, _, let kernel, let stride, let padding):
        result = tape.convolution(
          value(node, 0), weight: parameter(node.name + ".weight"), bias: parameter(node.name + ".bias"),
          stride: stride, padding: kernel / 2, paddingMode: padding == .reflect ? .reflect : .zeros)
      case .instanceNorm:
        let isRectified =
          index + 1 < nodes.count && nodes[index + 1].operation == .relu && nodes[index + 1].inputs == [index]
          && readers[index] == 1
        result = tape.instanceNorm(
          value(node, 0), gamma: parameter(node.name + ".weight"), beta: parameter(node.name + ".bias"),
          rectifies: isRectified)
      case .relu:
        // Behind a norm that only this node reads, the norm has rectified already.
        if case .instanceNorm = nodes[node.inputs[0]].operation, node.inputs[0] == index - 1,
          readers[node.inputs[0]] == 1
        {
          result = value(node, 0)
        } else {
          result = tape.relu(value(node, 0))
        }
      case .upsampleNearest:
        result = tape.upsampleNearest(value(node, 0))
      case .add:
        result = tape.add(value(node, 0), value(node, 1))
      case .scaledTanh(let scale, let offset):
        result = tape.scaledTanh(value(node, 0), scale: scale, offset: offset)
      }
      values.append(result)
      for source in node.inputs {
        readers[source] -= 1
        // The tape keeps what the gradients need; nothing else has to stay.
        if readers[source] == 0 { values[source] = nil }
      }
    }
    return values.last.flatMap { $0 } ?? input
  }
}
