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

  private func input(_ value: LazyActivation, materialized: Int? = nil) -> ActivationInput {
    let norm = value.norm.flatMap { requirements.normOffsets[$0] }.map { UnsafePointer(memory.norms + $0) }
    let channels = network.extents[value.raw].storedChannels
    return ActivationInput(
      place(value.raw), scale: norm, shift: norm.map { $0 + channels }, rectifies: value.rectifies,
      residual: value.residual.map { UnsafePointer(place($0)) }, materialized: materialized.map { place($0) })
  }

  private func input(_ input: LoweredInput) -> ActivationInput {
    self.input(input.value, materialized: input.materialized)
  }

  private mutating func output(_ output: LoweredOutput, _ filter: LoweredFilter) throws -> ActivationOutput {
    let channels = network.extents[output.activation].storedChannels
    return ActivationOutput(
      place(output.activation), bias: output.usesBias ? keep(try model.bias(of: filter, count: channels)) : nil,
      rectifies: output.rectifies, residual: output.residual.map { UnsafePointer(place($0)) },
      moments: output.gathers ? memory.moments : nil)
  }

  /// The reduction of the film to its canvas, if there is one.
  mutating func appendReduction() {
    guard let canvas = requirements.canvas, let memory = memory.canvas else { return }
    steps.append(.reduce(canvas.reduction, memory))
    names.append("canvas [\(canvas.canvasHeight), \(canvas.canvasWidth), 3]")
  }

  /// The revision of the draft, if there is one.
  mutating func appendRevision() throws {
    guard let canvas = requirements.canvas, let memory = memory.canvas, let revision = network.revision else { return }
    let weight = keep(try model.weight(of: revision, for: canvas.revision))
    steps.append(.revise(canvas.revision, memory, weight: weight))
    names.append("\(revision.layer) [\(canvas.revision.height), \(canvas.revision.width), 3]")
  }

  mutating func append(_ step: LoweredStep) throws {
    switch step {
    case .unpack(let affine, let factor, let activation):
      let extent = network.extents[activation]
      steps.append(.unpack(affine, factor: factor, extent, output: place(activation)))
      name("picture", extent)
    case .pictureConvolution(let filter, let convolution, let output):
      pictureGeometry = convolution.geometry
      let weight = keep(try model.weight(of: filter, for: convolution))
      steps.append(.pictureConvolution(convolution, weight: weight, output: try self.output(output, filter)))
      name("\(filter.layer) from picture, \(convolution.algorithm)", network.extents[output.activation])
    case .convolution(let filter, let convolution, let input, let output):
      let weight = keep(try model.weight(of: filter, for: convolution))
      steps.append(
        .convolution(convolution, weight: weight, input: self.input(input), output: try self.output(output, filter)))
      name("\(filter.layer) \(convolution.algorithm)", network.extents[output.activation])
    case .depthwise(let filter, let convolution, let input, let output):
      let weight = keep(try model.weight(of: filter, for: convolution))
      steps.append(
        .depthwise(convolution, weight: weight, input: self.input(input), output: try self.output(output, filter)))
      name("\(filter.layer) \(convolution.algorithm)", network.extents[output.activation])
    case .separable(let depthwise, let filter, let convolution, let input, let output):
      let weight = keep(try model.weight(of: depthwise, filter, for: convolution))
      steps.append(
        .separable(convolution, weight: weight, input: self.input(input), output: try self.output(output, filter)))
      name("\(depthwise.layer) and \(filter.layer)", network.extents[output.activation])
    case .convolutionToPicture(let filter, let algorithm, let geometry, let value):
      let weight = keep(try model.weight(of: filter, for: algorithm, geometry))
      let bias = keep(try model.bias(of: filter, count: geometry.outputChannels))
      steps.append(.convolutionToPicture(algorithm, geometry, weight: weight, bias: bias, input: input(value)))
      name("\(filter.layer) to picture, \(algorithm)", network.picture)
    case .norm(let node, let layer, let activation, let tasks):
      try appendNorm(node, layer, activation, tasks: tasks)
    case .constant(let node, let map, let channels): try store(map, node: node, channels: channels)
    case .pass(let value, let rectifies, let scaling, let gathers, let activation):
      let extent = network.extents[activation]
      steps.append(
        .pass(
          input(value), pixels: extent.pixels, channels: extent.storedChannels, scaling: scaling,
          output: ActivationOutput(
            place(activation), rectifies: rectifies, moments: gathers ? memory.moments : nil)))
      name("pass", extent)
    case .upsample(let source, let activation):
      steps.append(.upsample(place(source), extent: network.extents[source], output: place(activation)))
      name("upsample", network.extents[activation])
    case .shuffle(let source, let factor, let isInverse, let activation):
      let (from, to) = (network.extents[source], network.extents[activation])
      steps.append(
        isInverse
          ? .unshuffle(place(source), from, factor: factor, output: place(activation), to)
          : .shuffle(place(source), from, factor: factor, output: place(activation), to))
      name(isInverse ? "unshuffle" : "shuffle", to)
    case .pack(let value, let factor):
      steps.append(.pack(input(value), network.extents[value.raw], factor: factor))
      name("to picture", network.picture)
    }
  }

  private mutating func appendNorm(_ node: Int, _ layer: String, _ activation: Int, tasks: Int) throws {
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
  }

  /// A map that no picture changes is stored here, once.
  private func store(_ map: ConstantMap, node: Int, channels: Int) throws {
    guard let offset = requirements.normOffsets[node] else { return }
    let map = try model.map(map, channels: channels)
    let stored = (channels + 7) / 8 * 8
    for channel in 0..<stored {
      memory.norms[offset + channel] = channel < channels ? Float(map.scale[channel]) : 0
      memory.norms[offset + stored + channel] = channel < channels ? Float(map.shift[channel]) : 0
    }
  }

  private mutating func name(_ kind: String, _ extent: ActivationExtent) { names.append("\(kind) \(extent)") }
}
