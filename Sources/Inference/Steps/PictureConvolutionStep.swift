import Kernels

/// A convolution that reads the picture itself.
struct PictureConvolutionStep: PlanStep {
  let planned: PlannedConvolution
  let filter: LoweredFilter
  let kernel: any ConvolutionKernel<PictureReader, ActivationOutput>
  let output: LoweredOutput

  var activations: [Int] { output.activations }
  var convolutions: [PlannedConvolution] { [planned] }

  func scratchCount(threads: Int) -> Int { kernel.scratchCount(threads: threads) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let weight = try binding.weight(of: [filter], for: kernel)
    let target = try binding.output(output, filter)
    let map = binding.pictureMap(kernel.geometry)
    return BoundStep(name: "\(planned.name) \(binding.extents[output.activation])") { [kernel] frame in
      kernel.forward(
        PictureReader(picture: frame.input, map: map), weight: weight, output: target, scratch: frame.scratch,
        pool: frame.pool)
    }
  }
}
