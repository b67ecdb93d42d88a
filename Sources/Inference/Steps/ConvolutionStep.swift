import Kernels

/// A convolution between activations, dense, depthwise or separable, with the upsampling before it.
struct ConvolutionStep: PlanStep {
  let planned: PlannedConvolution
  /// The filters of the layers that the kernel computes.
  let filters: [LoweredFilter]
  let kernel: any ConvolutionKernel<ActivationInput, ActivationOutput>
  let input: LoweredInput
  let output: LoweredOutput

  var activations: [Int] { input.activations + output.activations }
  var convolutions: [PlannedConvolution] { [planned] }

  func scratchCount(threads: Int) -> Int { kernel.scratchCount(threads: threads) }

  func bound(to binding: inout PlanBinding) throws -> BoundStep? {
    let weight = try binding.weight(of: filters, for: kernel)
    let source = binding.input(input)
    let target = try binding.output(output, filters.last)
    return BoundStep(name: "\(planned.name) \(binding.extents[output.activation])") { [kernel] frame in
      kernel.forward(source, weight: weight, output: target, scratch: frame.scratch, pool: frame.pool)
    }
  }
}
