import Kernels

/// A ReLU with a slope for each channel.
struct ParametricReLUStep: PlanStep {
  /// The name of the node.
  let layer: String
  let input: LazyActivation
  let output: Int

  var activations: [Int] { input.activations + [output] }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let extent = binding.extents[output]
    let (pixels, channels) = (extent.pixels, extent.storedChannels)
    let slopes = try binding.vector(layer + ".weight", count: channels)
    let (source, target) = (binding.input(input), binding.place(output))
    return BoundStep(name: "\(layer) \(extent)") { frame in
      ParametricReLU.forward(
        source, slopes: slopes, pixels: pixels, channels: channels, output: target, pool: frame.pool)
    }
  }
}
