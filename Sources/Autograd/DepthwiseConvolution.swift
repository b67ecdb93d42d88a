import Kernels
import Tensors

extension Tape {
  /// Convolves each channel of `input`, `[N, H, W, C]`, with its own filter and adds `bias`, optionally followed by
  /// ReLU.
  ///
  /// - Parameters:
  ///   - weight: The filters, `[C, 1, k, k]`.
  ///   - bias: The offsets, `[C]`.
  ///   - appliesReLU: Whether to apply ReLU to the result.
  /// - Returns: A variable of shape `[N, Ho, Wo, C]`.
  package func depthwiseConvolution(
    _ input: Variable, weight: Variable, bias: Variable, stride: Int = 1, padding: Int, paddingMode: PaddingMode,
    appliesReLU: Bool = false
  ) -> Variable {
    let shape = input.value.shape
    let kernel = DepthwiseConvolution(
      ConvolutionGeometry(
        batch: shape.batch, height: shape.height, width: shape.width, inputChannels: shape.channels,
        outputChannels: shape.channels, kernel: weight.value.shape.dimensions[2], stride: stride, padding: padding,
        paddingMode: paddingMode))
    let geometry = kernel.geometry
    let prepared = uninitialized(Shape([kernel.preparedWeightCount]))
    kernel.prepareWeight(weight.value.pointer, into: prepared.pointer)
    let output = uninitialized(
      Shape(
        batch: shape.batch, height: geometry.outputHeight, width: geometry.outputWidth, channels: shape.channels))
    kernel.forward(
      input.value.pointer, preparedWeight: prepared.pointer,
      epilogue: ConvolutionEpilogue(bias: bias.value.pointer, appliesReLU: appliesReLU), output: output.pointer,
      pool: pool)
    return record(output, inputs: [input, weight, bias]) { [self] gradient in
      if appliesReLU {
        Pointwise.backward(
          .relu, output: output.pointer, dOutput: gradient.pointer, dInput: gradient.pointer, count: gradient.count,
          pool: pool
        )
      }
      if bias.requiresGradient {
        Reduction.addChannelSums(
          gradient.pointer, pixels: geometry.batch * geometry.outputPixels, channels: shape.channels,
          to: accumulator(bias).pointer, pool: pool)
      }
      let dInput = input.requiresGradient ? accumulator(input).pointer : nil
      let dWeight = weight.requiresGradient ? accumulator(weight).pointer : nil
      guard dInput != nil || dWeight != nil else { return }
      withDoubleScratch(kernel.backwardScratchCount) { scratch in
        kernel.backward(
          input.value.pointer, dOutput: gradient.pointer, preparedWeight: prepared.pointer, dInput: dInput,
          dWeight: dWeight, scratch: scratch, pool: pool)
      }
    }
  }
}
