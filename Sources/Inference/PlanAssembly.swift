import Kernels
import Networks
import Tensors

/// Gives lowered steps their memory and weights.
struct PlanAssembly {
  let model: PreparedModel
  let network: LoweredNetwork
  let requirements: PlanRequirements
  let memory: PlanMemory
  private(set) var steps: [InferenceStep] = []
  private(set) var names: [String] = []
  private(set) var tensors: [Tensor] = []
  /// The geometry of the convolutions that read the picture; they have one kernel size and padding in common.
  private(set) var pictureGeometry: ConvolutionGeometry?

  init(model: PreparedModel, network: LoweredNetwork, requirements: PlanRequirements, memory: PlanMemory) {
    self.model = model
    self.network = network
    self.requirements = requirements
    self.memory = memory
  }

  private func place(_ activation: Int) -> UnsafeMutablePointer<Float> {
    memory.activations + requirements.layout.offsets[activation]
  }

  private mutating func keep(_ tensor: Tensor) -> UnsafePointer<Float> {
    tensors.append(tensor)
    return UnsafePointer(tensor.pointer)
  }

  private mutating func bias(_ layer: String, channels: Int) throws -> UnsafePointer<Float> {
    keep(try model.vector(layer + ".bias", count: channels))
  }

  private func input(_ value: LazyActivation, materialized: Int? = nil) -> ActivationInput {
    let norm = value.norm.flatMap { requirements.normOffsets[$0] }.map { UnsafePointer(memory.norms + $0) }
    let channels = network.extents[value.raw].storedChannels
    return ActivationInput(
      place(value.raw), scale: norm, shift: norm.map { $0 + channels }, rectifies: value.rectifies,
      residual: value.residual.map { UnsafePointer(place($0)) }, materialized: materialized.map { place($0) })
  }

  private mutating func output(
    _ activation: Int, layer: String? = nil, rectifies: Bool, gathers: Bool
  ) throws -> ActivationOutput {
    let channels = network.extents[activation].storedChannels
    return ActivationOutput(
      place(activation), bias: try layer.map { try bias($0, channels: channels) }, rectifies: rectifies,
      moments: gathers ? memory.moments : nil)
  }

  mutating func append(_ step: LoweredStep) throws {
    switch step {
    case .unpack(let activation):
      steps.append(
        .unpack(width: network.picture.width, height: network.picture.height, output: place(activation)))
      name("picture", network.extents[activation])
    case .pictureConvolution(let layer, let geometry, let usesBias, let rectifies, let gathers, let activation):
      pictureGeometry = geometry
      let weight = keep(try model.pictureWeight(of: layer, geometry))
      let output = try output(activation, layer: usesBias ? layer : nil, rectifies: rectifies, gathers: gathers)
      steps.append(.pictureConvolution(geometry, weight: weight, output: output))
      name("\(layer) from picture", network.extents[activation])
    case .convolution(
      let layer, let convolution, let value, let materialized, let usesBias, let rectifies, let gathers, let activation):
      let weight = keep(try model.weight(of: layer, for: convolution))
      let output = try output(activation, layer: usesBias ? layer : nil, rectifies: rectifies, gathers: gathers)
      steps.append(
        .convolution(
          convolution, weight: weight, input: input(value, materialized: materialized), output: output))
      name("\(layer) \(convolution.algorithm)", network.extents[activation])
    case .convolutionToPicture(let layer, let geometry, let value):
      let weight = keep(try model.weightToPicture(of: layer, geometry))
      steps.append(
        .convolutionToPicture(
          geometry, weight: weight, bias: try bias(layer, channels: geometry.outputChannels), input: input(value)))
      name("\(layer) to picture", network.picture)
    case .norm(let node, let layer, let activation, let tasks):
      let extent = network.extents[activation]
      let channels = extent.storedChannels
      let scale = memory.norms + (requirements.normOffsets[node] ?? 0)
      steps.append(
        .norm(
          NormStep(
            moments: memory.moments, tasks: tasks, channels: channels, pixels: extent.pixels,
            gamma: keep(try model.vector(layer + ".weight", count: channels)),
            beta: keep(try model.vector(layer + ".bias", count: channels)), scale: scale, shift: scale + channels)))
      name("\(layer) norm", extent)
    case .pass(let value, let rectifies, let scaling, let gathers, let activation):
      let extent = network.extents[activation]
      steps.append(
        .pass(
          input(value), pixels: extent.pixels, channels: extent.storedChannels, scaling: scaling,
          output: try output(activation, rectifies: rectifies, gathers: gathers)))
      name("pass", extent)
    case .upsample(let source, let activation):
      steps.append(.upsample(place(source), extent: network.extents[source], output: place(activation)))
      name("upsample", network.extents[activation])
    case .pack(let value):
      steps.append(.pack(input(value), width: network.picture.width))
      name("to picture", network.picture)
    }
  }

  private mutating func name(_ kind: String, _ extent: ActivationExtent) { names.append("\(kind) \(extent)") }
}
