import Kernels

/// The end of a network that does not end in a convolution to three channels: a pixel shuffle, possibly of factor 1.
struct PackStep: PlanStep {
  let input: LazyActivation
  let factor: Int

  var activations: [Int] { input.activations }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let (extent, factor) = (binding.extents[input.raw], factor)
    let source = binding.input(input)
    return BoundStep(name: "to picture \(binding.network.picture)") { frame in
      PicturePass.pack(
        source, height: extent.height, width: extent.width, factor: factor, picture: frame.output, pool: frame.pool)
    }
  }
}
