import Kernels

/// Scale and shift of an instance norm from the sums that the step before has gathered.
struct NormStep: PlanStep {
  /// The norm's node.
  let node: Int
  /// Its name.
  let layer: String
  /// Of the activation whose sums they are.
  let extent: ActivationExtent
  /// The tasks that gathered them.
  let tasks: Int

  var momentCount: Int { Moments.count(tasks: tasks, channels: extent.storedChannels) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let (tasks, pixels, channels) = (tasks, extent.pixels, extent.storedChannels)
    let moments = binding.memory.moments
    let gamma = try binding.vector(layer + ".weight", count: channels)
    let beta = try binding.vector(layer + ".bias", count: channels)
    let (scale, shift) = binding.norm(node, channels: channels)
    return BoundStep(name: "\(layer) norm \(extent)") { _ in
      Moments.finish(
        moments, tasks: tasks, channels: channels, pixels: pixels, gamma: gamma, beta: beta, scale: scale,
        shift: shift)
    }
  }
}
