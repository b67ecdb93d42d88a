import Kernels

/// Computes scale and shift of an instance norm from the sums of the previous step.
struct NormStep: PlanStep {
  /// The node of the norm.
  let node: Int
  /// The name of the norm.
  let layer: String
  /// The size of the activation that is normalised.
  let extent: ActivationExtent
  /// The channels that were summed, as stored: those of the activation, or those before a pixel shuffle.
  let summed: Int
  /// The number of summed channels that become one of the activation.
  let places: Int
  /// The number of tasks that computed the sums.
  let tasks: Int

  var momentCount: Int { Moments.count(tasks: tasks, channels: summed) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let (tasks, pixels, channels) = (tasks, extent.pixels, extent.storedChannels)
    let (summed, places) = (summed, places)
    let moments = binding.memory.moments
    let gamma = try binding.vector(layer + ".weight", count: channels)
    let beta = try binding.vector(layer + ".bias", count: channels)
    let (scale, shift) = binding.norm(node, channels: channels)
    return BoundStep(name: "\(layer) norm \(extent)") { _ in
      Moments.finish(
        moments, tasks: tasks, channels: channels, pixels: pixels, gamma: gamma, beta: beta, scale: scale,
        shift: shift, summed: summed, places: places)
    }
  }
}
