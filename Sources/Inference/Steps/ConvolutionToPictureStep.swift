import Kernels

/// The last convolution, which writes the picture.
struct ConvolutionToPictureStep: PlanStep {
  let planned: PlannedConvolution
  let filter: LoweredFilter
  let kernel: any ConvolutionKernel<ActivationInput, PictureOutput>
  let input: LazyActivation

  var activations: [Int] { input.activations }
  var convolutions: [PlannedConvolution] { [planned] }

  func scratchCount(threads: Int) -> Int { kernel.scratchCount(threads: threads) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let weight = try binding.weight(of: [filter], for: kernel)
    let bias = try binding.bias(of: filter, count: kernel.geometry.outputChannels)
    let source = binding.input(input)
    return BoundStep(name: "\(planned.name) \(binding.network.picture)") { [kernel] frame in
      var picture = frame.output
      picture.bias = bias
      kernel.forward(source, weight: weight, output: picture, scratch: frame.scratch, pool: frame.pool)
    }
  }
}
