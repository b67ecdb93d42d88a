import Kernels
import Networks
import Tensors
import Threading

/// A network compiled for one size: a list of kernel calls on memory that is assigned once.
///
/// Running it allocates nothing, and results do not depend on the number of threads.
final class InferencePlan {
  /// The greatest height and width.
  static let maximumExtent = 1 << 16

  /// Height and width of the extended picture, multiples of the definition's `sizeMultiple`.
  let height: Int
  let width: Int
  /// Where the picture goes, `[height, width, 3]` RGB 0…255.
  let input: UnsafeMutablePointer<Float>
  /// Where the result appears, before ``outputTanh``.
  let output: UnsafeMutablePointer<Float>
  /// What is left to do with the result: `offset + scale · tanh(x)`.
  let outputTanh: (scale: Float, offset: Float)?
  /// Bytes of the plan's own memory.
  let byteCount: Int

  private let steps: [InferenceStep]
  private let names: [String]
  private let memory: PlanMemory
  /// Keeps the weights that the steps point to.
  private let tensors: [Tensor]

  /// Compiles `model` for pictures of `width` × `height`, extended at the right and the bottom.
  ///
  /// Throws ``InferenceError`` where the size is out of range, the network does not fit together, or its memory would
  /// exceed `memoryLimit` bytes; nothing is allocated before that is known.
  init(model: PreparedModel, width: Int, height: Int, threads: Int, memoryLimit: Int?) throws {
    guard (1...Self.maximumExtent).contains(width), (1...Self.maximumExtent).contains(height) else {
      throw InferenceError.unsupportedSize(width: width, height: height)
    }
    let multiple = max(1, model.definition.sizeMultiple)
    self.width = (width + multiple - 1) / multiple * multiple
    self.height = (height + multiple - 1) / multiple * multiple
    let network = try LoweredNetwork(model.definition, height: self.height, width: self.width)
    let requirements = PlanRequirements(network, threads: threads)
    byteCount = requirements.byteCount
    if let memoryLimit, byteCount > memoryLimit {
      throw InferenceError.insufficientMemory(width: width, height: height, needed: byteCount, available: memoryLimit)
    }
    var assembly = Assembly(
      model: model, network: network, requirements: requirements, memory: PlanMemory(requirements))
    for step in network.steps { try assembly.append(step) }
    memory = assembly.memory
    steps = assembly.steps
    names = assembly.names
    tensors = assembly.tensors
    input = assembly.place(network.input)
    output = assembly.place(network.output)
    outputTanh = network.outputTanh
  }

  /// Computes the result from the picture.
  func run(_ pool: ComputePool) {
    for step in steps { step.run(pool) }
  }

  /// The same, with the time that each step took.
  func profile(_ pool: ComputePool) -> [StepTiming] {
    zip(names, steps).map { name, step in
      let duration = ContinuousClock().measure { step.run(pool) }
      return StepTiming(name: name, seconds: duration / .seconds(1))
    }
  }
}

/// How long one step of a plan took.
public struct StepTiming: Sendable {
  /// The layer's name, the kernel and the output's extents.
  public let name: String
  /// Wall-clock seconds.
  public let seconds: Double
}

/// Gives lowered steps their memory and weights.
private struct Assembly {
  let model: PreparedModel
  let network: LoweredNetwork
  let requirements: PlanRequirements
  let memory: PlanMemory
  private(set) var steps: [InferenceStep] = []
  private(set) var names: [String] = []
  private(set) var tensors: [Tensor] = []

  init(model: PreparedModel, network: LoweredNetwork, requirements: PlanRequirements, memory: PlanMemory) {
    self.model = model
    self.network = network
    self.requirements = requirements
    self.memory = memory
  }

  func place(_ activation: Int) -> UnsafeMutablePointer<Float> {
    memory.activations + requirements.layout.offsets[activation]
  }

  private mutating func keep(_ tensor: Tensor) -> UnsafePointer<Float> {
    tensors.append(tensor)
    return UnsafePointer(tensor.pointer)
  }

  mutating func append(_ step: LoweredStep) throws {
    switch step {
    case .convolution(let layer, let geometry, let usesBias, let rectifies, let input, let output):
      let convolution = Convolution2D(geometry)
      let weight = keep(try model.weight(of: layer, for: convolution))
      let bias = usesBias ? keep(try model.parameter(layer + ".bias")) : nil
      steps.append(
        .convolution(
          ConvolutionStep(
            convolution: convolution, weight: weight,
            epilogue: ConvolutionEpilogue(bias: bias, rectifies: rectifies), input: place(input),
            output: place(output), scratch: memory.scratch)))
      name("\(layer) \(convolution.algorithm)", output)
    case .instanceNorm(let layer, let rectifies, let residual, let input, let output):
      steps.append(
        .instanceNorm(
          InstanceNormStep(
            extent: network.extents[input], gamma: keep(try model.parameter(layer + ".weight")),
            beta: keep(try model.parameter(layer + ".bias")), rectifies: rectifies,
            residual: residual.map { UnsafePointer(place($0)) }, input: place(input), output: place(output),
            mean: memory.mean, inverseDeviation: memory.inverseDeviation, sums: memory.sums)))
      name("\(layer) norm\(rectifies ? "+relu" : "")\(residual == nil ? "" : "+add")", output)
    case .relu(let input, let output):
      steps.append(.relu(place(input), output: place(output), count: network.extents[input].count))
      name("relu", output)
    case .upsample(let input, let output):
      steps.append(.upsample(place(input), extent: network.extents[input], output: place(output)))
      name("upsample", output)
    case .add(let first, let second, let output):
      steps.append(.add(place(first), place(second), output: place(output), count: network.extents[first].count))
      name("add", output)
    case .scaledTanh(let scale, let offset, let input, let output):
      steps.append(
        .scaledTanh(
          place(input), scale: scale, offset: offset, output: place(output), count: network.extents[input].count))
      name("tanh", output)
    }
  }

  private mutating func name(_ kind: String, _ output: Int) {
    names.append("\(kind) \(network.extents[output])")
  }
}
