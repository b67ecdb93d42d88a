import Kernels

/// An elementwise function that is not fused into a convolution.
struct PassStep: PlanStep {
  let input: LazyActivation
  let function: PointwiseFunction
  /// Whether the sums of instance norms are computed.
  let gathers: Bool
  let output: Int

  var activations: [Int] { input.activations + [output] }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let extent = binding.extents[output]
    let (pixels, channels, function) = (extent.pixels, extent.storedChannels, function)
    let source = binding.input(input)
    let target = ActivationOutput(binding.place(output), moments: gathers ? binding.memory.moments : nil)
    return BoundStep(name: "pass \(extent)") { frame in
      ActivationPass.forward(
        source, pixels: pixels, channels: channels, function: function, output: target, pool: frame.pool)
    }
  }
}
