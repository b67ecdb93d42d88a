import Kernels
import Tensors

extension Tape {
  /// Normalisation between instance norm and batch norm by stored statistics, optionally followed by ReLU.
  ///
  /// `γ·(x − μ)/√(σ² + ε) + β` with the statistics of ``NormBlend``: `imageShare` 1 is instance normalisation, 0 is the map that a
  /// finished network applies. The stored statistics, each `[C]`, move by `momentum` towards the images' own; with a share and a
  /// momentum of 0 they are constants.
  public func batchNorm(
    _ input: Variable, gamma: Variable, beta: Variable, runningMean: Tensor, runningVariance: Tensor,
    imageShare: Float = 0, momentum: Float = 0, rectifies: Bool = false
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
      // A share of 0 multiplies whatever stands here; zeros are finite.
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
      beta: beta.value.pointer, mean: mean.pointer, inverseDeviation: inverseDeviation.pointer, rectifies: rectifies,
      output: output.pointer, pool: pool)
    return record(output, inputs: [input, gamma, beta]) { [self] gradient in
      let dGamma = accumulator(gamma)
      let dBeta = accumulator(beta)
      withDoubleScratch(scratchCount) { space in
        withExtendedLifetime(imageMean) {
          // The result takes the place of the gradient that it is computed from.
          InstanceNorm.backward(
            input.value.pointer, dOutput: gradient.pointer, rectifiedOutput: rectifies ? output.pointer : nil,
            batch: shape.batch, pixels: pixels, channels: channels, gamma: gamma.value.pointer, mean: mean.pointer,
            inverseDeviation: inverseDeviation.pointer, blend: blend, dInput: gradient.pointer,
            dGamma: dGamma.pointer, dBeta: dBeta.pointer, scratch: space, pool: pool)
        }
      }
      if input.requiresGradient { add(gradient, to: input) }
    }
  }
}
