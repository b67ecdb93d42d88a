import Kernels
import Networks

/// One pass over memory, on activations that are numbered but not yet placed.
enum LoweredStep {
  /// Convolution, the upsampling in front of it included.
  case convolution(
    layer: String, geometry: ConvolutionGeometry, usesBias: Bool, rectifies: Bool, input: Int, output: Int)
  /// Instance norm, then ReLU if asked for, then the sum with `residual`; the output may be the input.
  case instanceNorm(layer: String, rectifies: Bool, residual: Int?, input: Int, output: Int)
  /// ReLU; the output may be the input.
  case relu(input: Int, output: Int)
  /// Nearest upsampling that no convolution takes over.
  case upsample(input: Int, output: Int)
  /// A sum that no norm takes over; the output may be one of the operands.
  case add(first: Int, second: Int, output: Int)
  /// A scaled tanh that is not the network's last node; the output may be the input.
  case scaledTanh(scale: Float, offset: Float, input: Int, output: Int)

  /// The activations that the step reads or writes.
  var activations: [Int] {
    switch self {
    case .convolution(_, _, _, _, let input, let output), .scaledTanh(_, _, let input, let output),
      .relu(let input, let output), .upsample(let input, let output):
      [input, output]
    case .instanceNorm(_, _, let residual, let input, let output): [input, output] + (residual.map { [$0] } ?? [])
    case .add(let first, let second, let output): [first, second, output]
    }
  }
}

/// The extents of an activation, `[H, W, C]`.
struct ActivationExtent: Hashable, CustomStringConvertible {
  let height: Int
  let width: Int
  let channels: Int

  var pixels: Int { height * width }
  var count: Int { pixels * channels }
  var description: String { "[\(height), \(width), \(channels)]" }
}

/// A network for one size, its nodes joined into as few passes as the kernels allow.
///
/// - A convolution takes over the nearest upsampling in front of it and the ReLU behind it.
/// - An instance norm works in place and takes over the ReLU and the residual addition behind it.
/// - A bias in front of an instance norm, which takes every constant out again, is dropped.
/// - The scaled tanh at the end is left to whoever converts the output.
///
/// A node that several others read is never overwritten.
struct LoweredNetwork {
  private(set) var steps: [LoweredStep] = []
  private(set) var extents: [ActivationExtent] = []
  /// The activation that holds the picture.
  let input = 0
  /// The activation that holds the result.
  private(set) var output = 0
  /// What is left to do with the result.
  private(set) var outputTanh: (scale: Float, offset: Float)?

  /// Joins the nodes of `definition` for an input of `height` × `width`.
  ///
  /// Throws ``InferenceError/malformedNetwork(network:node:reason:)`` where they do not fit together or the output is not a
  /// picture of the input's size.
  init(_ definition: NetworkDefinition, height: Int, width: Int) throws {
    var lowering = try Lowering(definition, height: height, width: width)
    try lowering.run()
    steps = lowering.steps
    extents = lowering.extents
    output = lowering.activationOfNode[definition.nodes.count - 1]
    outputTanh = lowering.outputTanh
    guard extents[output] == extents[input] else {
      throw lowering.malformed(
        definition.nodes.count - 1, "the output is \(extents[output]), expected the input's \(extents[input])")
    }
  }

  /// When each activation is needed; the picture is written before the first step, the result read after the last.
  var lives: [ArenaLayout.Activation] {
    var lives: [ArenaLayout.Activation?] = extents.map { _ in nil }
    lives[input] = ArenaLayout.Activation(count: extents[input].count, first: -1, last: -1)
    for (index, step) in steps.enumerated() {
      for activation in step.activations {
        if lives[activation] == nil {
          lives[activation] = ArenaLayout.Activation(count: extents[activation].count, first: index, last: index)
        }
        lives[activation]?.last = index
      }
    }
    lives[output]?.last = steps.count
    return lives.map { $0 ?? ArenaLayout.Activation(count: 0, first: 0, last: 0) }
  }
}
