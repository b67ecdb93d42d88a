import Kernels

/// Nearest upsampling that is not fused into a convolution.
struct UpsampleStep: PlanStep {
  let input: Int
  let output: Int

  var activations: [Int] { [input, output] }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let extent = binding.extents[input]
    let (source, target) = (binding.place(input), binding.place(output))
    return BoundStep(name: "upsample \(binding.extents[output])") { frame in
      UpsampleNearest.forward(
        source, batch: extent.storedChannels / 8, height: extent.height, width: extent.width, channels: 8,
        output: target, pool: frame.pool)
    }
  }
}
