import Kernels

/// What no convolution takes along: the value itself, then ReLU, then the scaled tanh.
struct PassStep: PlanStep {
  let input: LazyActivation
  let rectifies: Bool
  let scaling: PictureScaling
  /// Whether the sums of instance norms are gathered.
  let gathers: Bool
  let output: Int

  var activations: [Int] { input.activations + [output] }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let extent = binding.extents[output]
    let (pixels, channels, scaling) = (extent.pixels, extent.storedChannels, scaling)
    let source = binding.input(input)
    let target = ActivationOutput(
      binding.place(output), rectifies: rectifies, moments: gathers ? binding.memory.moments : nil)
    return BoundStep(name: "pass \(extent)") { frame in
      ActivationPass.forward(
        source, pixels: pixels, channels: channels, scaling: scaling, output: target, pool: frame.pool)
    }
  }
}
