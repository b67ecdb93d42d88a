import Kernels
import Tensors
import Threading

extension Tape {
  /// Convolves `input`, `[N, H, W, I]`, and adds `bias`, optionally followed by ReLU.
  ///
  /// - Parameters:
  ///   - weight: The filters, `[O, I, k, k]`.
  ///   - bias: The offsets, `[O]`.
  ///   - upsampling: 2 doubles the size of the input (nearest neighbour) before the convolution.
  ///   - appliesReLU: Whether to apply ReLU to the result.
  ///   - prepared: The layouts of a weight that many steps share. Without them each call prepares the weight.
  /// - Returns: A variable of shape `[N, Ho, Wo, O]`.
  package func convolution(
    _ input: Variable, weight: Variable, bias: Variable?, stride: Int = 1, padding: Int, paddingMode: PaddingMode,
    upsampling: Int = 1, appliesReLU: Bool = false, prepared: PreparedWeights? = nil
  ) -> Variable {
    let prepared = PreparedConvolution(
      geometry: PreparedConvolution.geometry(
        input: input.value.shape, weight: weight.value.shape, stride: stride, padding: padding,
        paddingMode: paddingMode, upsampling: upsampling),
      weights: prepared ?? PreparedWeights(weight.value, allocator: allocator),
      gradientToInput: input.requiresGradient, precision: precision, pool: pool)
    let forward = prepared.forward
    let geometry = forward.geometry
    let output = uninitialized(
      Shape(
        batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
        channels: geometry.outputChannels))
    withScratch(forward.forwardScratchCount(threads: pool.threadCount)) { scratch in
      forward.forward(
        input.value.pointer, preparedWeight: prepared.weight.pointer,
        epilogue: ConvolutionEpilogue(bias: bias?.value.pointer, appliesReLU: appliesReLU), output: output.pointer,
        scratch: scratch, pool: pool)
    }

    let isTrained = weight.requiresGradient || bias?.requiresGradient == true
    return record(output, inputs: [input, weight] + (bias.map { [$0] } ?? [])) { [self] gradient in
      // If only the input needs a gradient, its kernel can apply ReLU's mask while it reads the output gradient.
      let masksOnRead = appliesReLU && !isTrained && prepared.backward?.kernel.readsMask == true
      if appliesReLU && !masksOnRead {
        Pointwise.backward(
          .relu, output: output.pointer, dOutput: gradient.pointer, dInput: gradient.pointer, count: gradient.count,
          pool: pool
        )
      }
      if weight.requiresGradient {
        let dWeight = accumulator(weight)
        withScratch(forward.backwardWeightScratchCount(threads: pool.threadCount)) { scratch in
          forward.backwardWeight(
            input.value.pointer, dOutput: gradient.pointer, dWeight: dWeight.pointer, scratch: scratch, pool: pool)
        }
      }
      if let bias, bias.requiresGradient {
        forward.backwardBias(gradient.pointer, dBias: accumulator(bias).pointer, pool: pool)
      }
      guard input.requiresGradient, let (kernel, kernelWeight) = prepared.backward else { return }
      withScratch(kernel.scratchCount(threads: pool.threadCount)) { scratch in
        contribute(to: input) { target in
          kernel.run(
            gradient.pointer, mask: masksOnRead ? UnsafePointer(output.pointer) : nil,
            preparedWeight: kernelWeight.pointer, dInput: target, scratch: scratch, pool: pool)
        }
      }
    }
  }
}
