import Kernels
import Tensors

extension Tape {
  /// Normalises each channel with a blend of the image's statistics and running statistics, optionally followed by
  /// ReLU.
  ///
  /// Computes `γ·(x − μ)/√(σ² + ε) + β` with the mean and variance of ``NormBlend``.
  ///
  /// - Parameters: - input: The activations, `[N, H, W, C]`. - gamma: The scales, `[C]`. - beta: The offsets, `[C]`. -
  ///   runningMean: The running mean, `[C]`, updated in place. - runningVariance: The running variance, `[C]`, updated
  ///   in place. - imageShare: The weight of the image's own statistics: 1 is instance normalisation, 0 is batch
  ///   normalisation at inference. - momentum: How far the running statistics move towards those of the batch. They are
  ///   constants if this and `imageShare` are 0. - appliesReLU: Whether to apply ReLU to the result.
  package func batchNorm(
    _ input: Variable, gamma: Variable, beta: Variable, runningMean: Tensor, runningVariance: Tensor,
    imageShare: Float = 0, momentum: Float = 0, appliesReLU: Bool = false
  ) -> Variable {
    let shape = input.value.shape
    let pixels = shape.height * shape.width
    let channels = shape.channels
    let output = uninitialized(shape)
    let imageMean = uninitialized(Shape([shape.batch, channels]))
    let inverseDeviation = uninitialized(Shape([shape.batch, channels]))
    let mean = uninitialized(Shape([shape.batch, channels]))
    let scratchCount = InstanceNorm.scratchCount(batch: shape.batch, pixels: pixels, channels: channels)
    if imageShare > 0 || momentum > 0 {
      withDoubleScratch(scratchCount) { space in
        InstanceNorm.statistics(
          input.value.pointer, batch: shape.batch, pixels: pixels, channels: channels, mean: imageMean.pointer,
          inverseDeviation: inverseDeviation.pointer, scratch: space, pool: pool)
      }
    } else {
      // A share of 0 multiplies these values, so they only have to be finite.
      imageMean.pointer.update(repeating: 0, count: imageMean.count)
      inverseDeviation.pointer.update(repeating: 1, count: inverseDeviation.count)
    }
    let blend = NormBlend(imageShare: imageShare, imageMean: imageMean.pointer)
    blend.apply(
      batch: shape.batch, channels: channels, imageInverseDeviation: inverseDeviation.pointer, momentum: momentum,
      storedMean: runningMean.pointer, storedVariance: runningVariance.pointer, mean: mean.pointer,
      inverseDeviation: inverseDeviation.pointer)
    InstanceNorm.apply(
      input.value.pointer, batch: shape.batch, pixels: pixels, channels: channels, gamma: gamma.value.pointer,
      beta: beta.value.pointer, mean: mean.pointer, inverseDeviation: inverseDeviation.pointer,
      appliesReLU: appliesReLU,
      output: output.pointer, pool: pool)
    return record(output, inputs: [input, gamma, beta]) { [self] gradient in
      let dGamma = accumulator(gamma)
      let dBeta = accumulator(beta)
      withDoubleScratch(scratchCount) { space in
        withExtendedLifetime(imageMean) {
          // The input gradient overwrites the output gradient.
          InstanceNorm.backward(
            input.value.pointer, dOutput: gradient.pointer, rectifiedOutput: appliesReLU ? output.pointer : nil,
            batch: shape.batch, pixels: pixels, channels: channels, gamma: gamma.value.pointer, mean: mean.pointer,
            inverseDeviation: inverseDeviation.pointer, blend: blend, dInput: gradient.pointer,
            dGamma: dGamma.pointer, dBeta: dBeta.pointer, scratch: space, pool: pool)
        }
      }
      if input.requiresGradient { add(gradient, to: input) }
    }
  }
}
