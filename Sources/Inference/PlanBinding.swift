import Kernels
import Tensors

/// Gives the steps of a plan their memory and weights.
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

  /// Scale and shift of node `node`, of `channels` in memory.
  func norm(_ node: Int, channels: Int) -> (scale: UnsafeMutablePointer<Float>, shift: UnsafeMutablePointer<Float>) {
    let scale = memory.norms + (requirements.normOffsets[node] ?? 0)
    return (scale, scale + channels)
  }

  func input(_ value: LazyActivation, materialized: Int? = nil) -> ActivationInput {
    let norm = value.norm.map { self.norm($0, channels: extents[value.raw].storedChannels) }
    return ActivationInput(
      place(value.raw), scale: norm.map { UnsafePointer($0.scale) }, shift: norm.map { UnsafePointer($0.shift) },
      rectifies: value.rectifies, residual: value.residual.map { UnsafePointer(place($0)) },
      materialized: materialized.map { place($0) })
  }

  func input(_ input: LoweredInput) -> ActivationInput { self.input(input.value, materialized: input.materialized) }

  /// What a convolution writes; `filter` has its bias.
  mutating func output(_ output: LoweredOutput, _ filter: LoweredFilter?) throws -> ActivationOutput {
    let channels = extents[output.activation].storedChannels
    return ActivationOutput(
      place(output.activation),
      bias: try output.usesBias ? filter.map { try bias(of: $0, count: channels) } : nil,
      rectifies: output.rectifies, residual: output.residual.map { UnsafePointer(place($0)) },
      moments: output.gathers ? memory.moments : nil)
  }

  /// From the padded and extended picture of `geometry` to what is painted.
  func pictureMap(_ geometry: ConvolutionGeometry) -> PictureMap {
    PictureMap(geometry, width: plan.paintedWidth, height: plan.paintedHeight)
  }

  // MARK: Weights

  /// The weights of `filters` in the form that `kernel` reads.
  mutating func weight(of filters: [LoweredFilter], for kernel: any ConvolutionKernel) throws -> UnsafePointer<Float> {
    keep(try model.weight(of: filters, for: kernel))
  }

  /// The weights of a revision in the form that `pass` reads.
  mutating func weight(of revision: LoweredRevision, for pass: RevisionPass) throws -> UnsafePointer<Float> {
    keep(try model.weight(of: revision, for: pass))
  }

  /// The bias of `filter`, continued with zeros to `count` values.
  mutating func bias(of filter: LoweredFilter, count: Int) throws -> UnsafePointer<Float> {
    keep(try model.bias(of: filter, count: count))
  }

  /// The parameter `name`, one value a channel, continued with zeros to `count` values.
  mutating func vector(_ name: String, count: Int) throws -> UnsafePointer<Float> {
    keep(try model.vector(name, count: count))
  }

  private mutating func keep(_ tensor: Tensor) -> UnsafePointer<Float> {
    tensors.append(tensor)
    return UnsafePointer(tensor.pointer)
  }
}
