import Kernels
import Tensors

/// Assigns memory and weights to the steps of a plan.
struct PlanBinding {
  let model: PreparedModel
  let plan: LoweredPlan
  let requirements: PlanRequirements
  let memory: PlanMemory
  /// The weights that the steps point to.
  private(set) var tensors: [Tensor] = []

  init(model: PreparedModel, plan: LoweredPlan, requirements: PlanRequirements, memory: PlanMemory) {
    self.model = model
    self.plan = plan
    self.requirements = requirements
    self.memory = memory
  }

  var network: LoweredNetwork { plan.network }
  var extents: [ActivationExtent] { network.extents }

  // MARK: Memory

  func place(_ activation: Int) -> UnsafeMutablePointer<Float> {
    memory.activations + requirements.layout.offsets[activation]
  }

  /// Returns scale and shift of node `node`, of `channels` stored channels.
  func norm(_ node: Int, channels: Int) -> (scale: UnsafeMutablePointer<Float>, shift: UnsafeMutablePointer<Float>) {
    let scale = memory.norms + (requirements.normOffsets[node] ?? 0)
    return (scale, scale + channels)
  }

  func input(_ value: LazyActivation, materialized: Int? = nil) -> ActivationInput {
    let norm = value.norm.map { self.norm($0, channels: extents[value.raw].storedChannels) }
    return ActivationInput(
      place(value.raw), scale: norm.map { UnsafePointer($0.scale) }, shift: norm.map { UnsafePointer($0.shift) },
      appliesReLU: value.appliesReLU, residual: value.residual.map { UnsafePointer(place($0)) },
      materialized: materialized.map { place($0) })
  }

  func input(_ input: LoweredInput) -> ActivationInput { self.input(input.value, materialized: input.materialized) }

  /// Returns the output of a convolution whose bias is in `filter`.
  mutating func output(_ output: LoweredOutput, _ filter: LoweredFilter?) throws -> ActivationOutput {
    let channels = extents[output.activation].storedChannels
    return ActivationOutput(
      place(output.activation),
      bias: try output.usesBias ? filter.map { try bias(of: $0, count: channels) } : nil,
      appliesReLU: output.appliesReLU, residual: output.residual.map { UnsafePointer(place($0)) },
      moments: output.gathers ? memory.moments : nil)
  }

  /// Returns the map from the padded and extended picture of `geometry` to the painted one.
  func pictureMap(_ geometry: ConvolutionGeometry) -> PictureMap {
    PictureMap(geometry, width: plan.paintedWidth, height: plan.paintedHeight)
  }

  // MARK: Weights

  /// Returns the weights of `filters`, packed for `kernel`.
  mutating func weight(of filters: [LoweredFilter], for kernel: any ConvolutionKernel) throws -> UnsafePointer<Float> {
    keep(try model.weight(of: filters, for: kernel))
  }

  /// Returns the weights of a revision, packed for `pass`.
  mutating func weight(of revision: LoweredRevision, for pass: RevisionPass) throws -> UnsafePointer<Float> {
    keep(try model.weight(of: revision, for: pass))
  }

  /// Returns the bias of `filter`, padded with zeros to `count` values.
  mutating func bias(of filter: LoweredFilter, count: Int) throws -> UnsafePointer<Float> {
    keep(try model.bias(of: filter, count: count))
  }

  /// Returns the parameter `name`, one value per channel, padded with zeros to `count` values.
  mutating func vector(_ name: String, count: Int) throws -> UnsafePointer<Float> {
    keep(try model.vector(name, count: count))
  }

  private mutating func keep(_ tensor: Tensor) -> UnsafePointer<Float> {
    tensors.append(tensor)
    return UnsafePointer(tensor.pointer)
  }
}
