import Autograd
import Kernels
import Networks
import Tensors

/// Runs a network on a tape, for training.
package final class NetworkExecutor {
  /// The network's architecture.
  package let definition: NetworkDefinition
  /// The parameters by name.
  package let parameters: [String: Variable]

  /// The number of operands that read each node.
  private let readers: [Int]

  /// Creates an executor with the given parameters.
  ///
  /// - Parameters:
  ///   - parameters: All parameters of `definition` by name.
  ///   - trainable: Whether to compute gradients of the parameters, except for running statistics.
  package convenience init(definition: NetworkDefinition, parameters: [String: Tensor], trainable: Bool) {
    let trained = Set(definition.parameters.lazy.filter(\.isTrained).map(\.name))
    self.init(
      definition: definition,
      variables: Dictionary(
        uniqueKeysWithValues: parameters.map { name, tensor in
          (name, Variable(tensor, requiresGradient: trainable && trained.contains(name)))
        }))
  }

  /// Creates an executor that shares `variables`, which must include all parameters of `definition`.
  init(definition: NetworkDefinition, variables: [String: Variable]) {
    self.definition = definition
    parameters = variables
    var readers = [Int](repeating: 0, count: definition.nodes.count)
    for node in definition.nodes { for source in node.inputs { readers[source] += 1 } }
    self.readers = readers
  }

  /// Returns random parameters for `definition`. They depend only on `seed`.
  package static func initialParameters(of definition: NetworkDefinition, seed: UInt64) -> [String: Tensor] {
    var parameters: [String: Tensor] = [:]
    for (index, specification) in definition.parameters.enumerated() {
      let tensor = Tensor(Shape(specification.shape), zeroed: false)
      var random = SplitMix64(seed: seed, stream: UInt64(index + 1))
      switch specification.initialization {
      case .constant(let value):
        tensor.pointer.update(repeating: value, count: tensor.count)
      case .uniform(let fanIn):
        let bound = 1 / Float(fanIn).squareRoot()
        for element in 0..<tensor.count { tensor.pointer[element] = (2 * random.uniform() - 1) * bound }
      case .interpolation(let factor, let fanIn):
        let bound = 1 / Float(fanIn).squareRoot()
        interpolate(factor: factor, into: tensor) { (2 * random.uniform() - 1) * bound }
      }
      parameters[specification.name] = tensor
    }
    return parameters
  }

  /// Fills the weight of a convolution before a pixel shuffle, `[C·r², K, 3, 3]`, so that it interpolates linearly.
  ///
  /// `W[c·r² + i·r + j, k, y, x] = a[c, k]·l(i, y)·l(j, x)`, where each call of `value` gives one value of `a`.
  private static func interpolate(factor: Int, into tensor: Tensor, value: () -> Float) {
    let filters = (0..<factor).map { place -> [Float] in
      let offset = (Float(place) + 0.5) / Float(factor) - 0.5
      return [max(-offset, 0), 1 - abs(offset), max(offset, 0)]
    }
    let (squared, inputChannels) = (factor * factor, tensor.shape.dimensions[1])
    for colour in 0..<tensor.shape.dimensions[0] / squared {
      for channel in 0..<inputChannels {
        let value = value()
        for place in 0..<squared {
          let kernel = tensor.pointer + ((colour * squared + place) * inputChannels + channel) * 9
          for row in 0..<3 {
            for column in 0..<3 {
              kernel[row * 3 + column] = value * filters[place / factor][row] * filters[place % factor][column]
            }
          }
        }
      }
    }
  }

  /// Runs the network on `input`.
  ///
  /// - Parameters: - input: Pictures `[N, H, W, 3]`, RGB 0…255. H and W must be multiples of the definition's
  ///   `sizeMultiple` if it has no canvas. - norms: How batch norms use and update their running statistics. By default
  ///   they behave as in the finished network. - replacing: Receives the index and the value of each node and returns
  ///   the value that later nodes read, of the same shape. A node whose ReLU or convolution is computed together with
  ///   its reader or operand has the value of that one.
  package func callAsFunction(
    _ input: Variable, norms: NormSchedule.Phase = .finished, on tape: Tape,
    replacing: ((_ index: Int, _ value: Variable) -> Variable)? = nil
  ) -> Variable {
    let nodes = definition.nodes
    var unread = readers
    var values: [Variable?] = []
    values.reserveCapacity(nodes.count)
    for (index, node) in nodes.enumerated() {
      let operands = node.inputs.map { source in
        guard let value = values[source] else { preconditionFailure("'\(node.name)' reads a later node") }
        return value
      }
      let value = result(of: index, operands, input: input, norms: norms, on: tape)
      values.append(replacing?(index, value) ?? value)
      for source in node.inputs {
        unread[source] -= 1
        // The tape keeps the values that gradients need. All others can go.
        if unread[source] == 0 { values[source] = nil }
      }
    }
    return values.last.flatMap { $0 } ?? input
  }

  /// Enlarges `draft`, `[N, h, w, 3]`, to the size of the full-size frame `film`, `[N, H, W, 3]`, and applies the
  /// network's revision.
  func revised(film: Variable, draft: Variable, on tape: Tape) -> Variable {
    let draft = tape.sharpened(draft, height: film.value.shape.height, width: film.value.shape.width)
    let enlarged = tape.enlarged(draft, height: film.value.shape.height, width: film.value.shape.width)
    guard let channels = definition.revisionChannels, channels > 0,
      let node = definition.nodes.last(where: { $0.operation == .revision(channels: channels) })
    else { return enlarged }
    func parameter(_ suffix: String) -> Variable { self.parameter(of: node, suffix) }
    let hidden = tape.convolution(
      tape.revisionInput(frame: film, draft: draft), weight: parameter(".conv1.weight"), bias: parameter(".conv1.bias"),
      padding: 1, paddingMode: .reflect, appliesReLU: true)
    let residual = tape.convolution(
      hidden, weight: parameter(".conv2.weight"), bias: parameter(".conv2.bias"), padding: 1, paddingMode: .reflect)
    return tape.addingBlocks(enlarged, residual, scale: RevisionInput.residualScale)
  }

  private func parameter(of node: Node, _ suffix: String) -> Variable {
    guard let parameter = parameters[node.name + suffix] else {
      preconditionFailure("no parameter '\(node.name + suffix)'")
    }
    return parameter
  }

  private func result(
    of index: Int, _ operands: [Variable], input: Variable, norms: NormSchedule.Phase, on tape: Tape
  ) -> Variable {
    let node = definition.nodes[index]
    func parameter(_ suffix: String) -> Variable { self.parameter(of: node, suffix) }
    let appliesReLU = isFusedWithReLU(index)
    switch node.operation {
    case .input:
      return input
    case .convolution(_, _, let kernel, let stride, let padding):
      return tape.convolution(
        operands[0], weight: parameter(".weight"), bias: parameter(".bias"), stride: stride, padding: kernel / 2,
        paddingMode: PaddingMode(padding),
        upsampling: isFusedIntoConvolution(node.inputs[0]) ? 2 : 1,
        appliesReLU: appliesReLU)
    case .depthwiseConvolution(_, let kernel, let stride, let padding):
      return tape.depthwiseConvolution(
        operands[0], weight: parameter(".weight"), bias: parameter(".bias"), stride: stride, padding: kernel / 2,
        paddingMode: PaddingMode(padding), appliesReLU: appliesReLU)
    case .instanceNorm:
      return tape.instanceNorm(
        operands[0], gamma: parameter(".weight"), beta: parameter(".bias"), appliesReLU: appliesReLU)
    case .batchNorm:
      return tape.batchNorm(
        operands[0], gamma: parameter(".weight"), beta: parameter(".bias"),
        runningMean: parameter(".running_mean").value, runningVariance: parameter(".running_var").value,
        imageShare: norms.imageShare, momentum: norms.momentum, appliesReLU: appliesReLU)
    case .relu:
      return isFusedWithReLU(node.inputs[0]) ? operands[0] : tape.pointwise(.relu, operands[0])
    case .upsampleNearest: return isFusedIntoConvolution(index) ? operands[0] : tape.upsampleNearest(operands[0])
    case .upsampleLinear(let alignsCorners): return tape.upsampleLinear(operands[0], alignsCorners: alignsCorners)
    case .concatenation: return tape.concatenation(operands[0], operands[1])
    case .parametricReLU: return tape.parametricReLU(operands[0], slopes: parameter(".weight"))
    case .clamp(let minimum, let maximum):
      return tape.pointwise(.clamp(minimum: minimum, maximum: maximum), operands[0])
    case .pixelUnshuffle(let factor): return tape.pixelUnshuffle(operands[0], factor: factor)
    case .pixelShuffle(let factor): return tape.pixelShuffle(operands[0], factor: factor)
    case .add: return tape.add(operands[0], operands[1])
    case .canvas:
      let shape = operands[0].value.shape
      let canvas = definition.canvasExtents(height: shape.height, width: shape.width)
      return tape.areaReduced(operands[0], height: canvas.height, width: canvas.width)
    case .revision: return revised(film: operands[0], draft: operands[1], on: tape)
    case .leakyReLU(let slope): return tape.pointwise(.leakyReLU(slope: slope), operands[0])
    case .affine(let scale, let offset): return tape.pointwise(.affine(scale: scale, offset: offset), operands[0])
    case .scaledTanh(let scale, let offset):
      return tape.pointwise(.scaledTanh(scale: scale, offset: offset), operands[0])
    }
  }

  /// Whether node `index` is an upsampling whose only reader is the next node, a convolution, which then performs both.
  private func isFusedIntoConvolution(_ index: Int) -> Bool {
    let nodes = definition.nodes
    guard index + 1 < nodes.count, nodes[index].operation == .upsampleNearest, nodes[index + 1].inputs == [index],
      readers[index] == 1, case .convolution = nodes[index + 1].operation
    else { return false }
    return true
  }

  /// Whether node `index` applies the ReLU of the next node, which must be its only reader.
  private func isFusedWithReLU(_ index: Int) -> Bool {
    let nodes = definition.nodes
    guard index + 1 < nodes.count, nodes[index + 1].operation == .relu, nodes[index + 1].inputs == [index],
      readers[index] == 1
    else { return false }
    switch nodes[index].operation {
    case .convolution, .depthwiseConvolution, .instanceNorm, .batchNorm: return true
    default: return false
    }
  }
}

extension PaddingMode {
  /// The kernels' name of `padding`.
  fileprivate init(_ padding: Networks.Operation.Padding) {
    switch padding {
    case .zeros: self = .zeros
    case .reflect: self = .reflect
    case .replicate: self = .replicate
    }
  }
}
