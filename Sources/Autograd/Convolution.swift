import Kernels
import Tensors
import Threading

extension Tape {
  /// Convolution plus bias, optionally followed by ReLU; with `upsampling` 2, of the input in twice its size (nearest neighbour).
  ///
  /// Input `[N, H, W, I]`, `weight` `[O, I, k, k]`, `bias` `[O]`; output `[N, Ho, Wo, O]`. `prepared` holds the weight in the
  /// kernels' form where the same weight is used step after step.
  public func convolution(
    _ input: Variable, weight: Variable, bias: Variable?, stride: Int = 1, padding: Int, paddingMode: PaddingMode,
    upsampling: Int = 1, rectifies: Bool = false, prepared: PreparedConvolution? = nil
  ) -> Variable {
    let prepared =
      prepared
      ?? PreparedConvolution(
        geometry: PreparedConvolution.geometry(
          input: input.value.shape, weight: weight.value.shape, stride: stride, padding: padding,
          paddingMode: paddingMode, upsampling: upsampling),
        weight: weight.value, gradientToInput: input.requiresGradient, allocator: allocator, pool: pool)
    let forward = prepared.forward
    let geometry = forward.geometry
    let output = uninitialized(
      Shape(
        batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
        channels: geometry.outputChannels))
    withScratch(forward.forwardScratchCount(threads: pool.threadCount)) { scratch in
      forward.forward(
        input.value.pointer, preparedWeight: prepared.weight.pointer,
        epilogue: ConvolutionEpilogue(bias: bias?.value.pointer, rectifies: rectifies), output: output.pointer,
        scratch: scratch, pool: pool)
    }

    let isTrained = weight.requiresGradient || bias?.requiresGradient == true
    return record(output, inputs: [input, weight] + (bias.map { [$0] } ?? [])) { [self] gradient in
      // Where only the input wants a gradient, what reads the output's can look at ReLU's mask as it does.
      let masksOnRead = rectifies && !isTrained && prepared.backward?.gradient.readsMask == true
      if rectifies && !masksOnRead {
        Pointwise.reluBackward(
          output: output.pointer, dOutput: gradient.pointer, dInput: gradient.pointer, count: gradient.count, pool: pool
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
      guard input.requiresGradient, let (toInput, turned) = prepared.backward else { return }
      withScratch(toInput.scratchCount(threads: pool.threadCount)) { scratch in
        contribute(to: input) { target in
          toInput.run(
            gradient.pointer, mask: masksOnRead ? UnsafePointer(output.pointer) : nil, preparedWeight: turned.pointer,
            dInput: target, scratch: scratch, pool: pool)
        }
      }
    }
  }
}
