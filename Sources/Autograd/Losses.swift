import Kernels
import Tensors

// A loss is a number, not a tensor. Computing it seeds the gradients of its inputs right away; the tape's rules start
// from there.

extension Tape {
  /// Computes the Gram matrices `G = Fᵀ·F / (C·H·W)`, `[N, C, C]`, of features `F`, `[N, H, W, C]`.
  package func gram(_ features: Variable) -> Variable {
    let shape = features.value.shape
    let pixels = shape.height * shape.width
    let output = uninitialized(Shape([shape.batch, shape.channels, shape.channels]))
    withScratch(Gram.scratchCount(batch: shape.batch, pixels: pixels, channels: shape.channels)) { scratch in
      Gram.forward(
        features.value.pointer, batch: shape.batch, pixels: pixels, channels: shape.channels, output: output.pointer,
        scratch: scratch, pool: pool)
    }
    return record(output, inputs: [features]) { [self] gradient in
      let dFeatures = accumulator(features)
      withScratch(Gram.backwardScratchCount(batch: shape.batch, channels: shape.channels)) { scratch in
        Gram.backward(
          features.value.pointer, dGram: gradient.pointer, batch: shape.batch, pixels: pixels,
          channels: shape.channels, dFeatures: dFeatures.pointer, scratch: scratch, pool: pool)
      }
    }
  }

  /// Computes `mean((prediction − target)²)` and adds its gradient, times `weight`, to the gradient of `prediction`.
  ///
  /// - Parameter target: The values to compare with: as many images as `prediction`, or one for all of them.
  /// - Returns: The loss, without the weight.
  package func meanSquaredError(_ prediction: Variable, target: Tensor, weight: Float) -> Double {
    let count = prediction.value.count
    precondition(
      target.count > 0 && count % target.count == 0,
      "a target of shape \(target.shape) for a prediction of shape \(prediction.value.shape)")
    let loss = MeanSquaredError.forward(
      prediction.value.pointer, target.pointer, count: count, period: target.count, pool: pool)
    if prediction.requiresGradient {
      MeanSquaredError.backward(
        prediction.value.pointer, target.pointer, count: count, period: target.count, scale: weight,
        dA: accumulator(prediction).pointer, pool: pool)
    }
    mark(prediction.value.shape)
    return loss
  }

  /// Sums the squared differences of neighbouring pixels over the batch and adds the sum's gradient, times `weight`, to
  /// that of `image`.
  ///
  /// - Returns: The loss, without the weight.
  package func totalVariation(_ image: Variable, weight: Float) -> Double {
    let shape = image.value.shape
    let loss = TotalVariation.forward(
      image.value.pointer, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels,
      pool: pool)
    if image.requiresGradient {
      TotalVariation.backward(
        image.value.pointer, batch: shape.batch, height: shape.height, width: shape.width, channels: shape.channels,
        scale: weight, dImage: accumulator(image).pointer, pool: pool)
    }
    mark(shape)
    return loss
  }

  /// Computes `mean(m·(frame − warped − δ)²)` and adds its gradient, times `weight`, to the gradients of both frames.
  ///
  /// See ``WarpingError``.
  ///
  /// - Parameters:
  ///   - frame: A frame, `[N, H, W, C]`.
  ///   - warped: The previous frame, warped to `frame`, of the same shape.
  ///   - change: The expected change of brightness, `δ`, `[N, H, W, 1]`.
  ///   - mask: The weight of each pixel, `m`, `[N, H, W, 1]`.
  /// - Returns: The loss, without the weight.
  package func warpingError(
    _ frame: Variable, warped: Variable, change: Tensor, mask: Tensor, weight: Float
  ) -> Double {
    let shape = frame.value.shape
    let pixels = shape.count / max(shape.channels, 1)
    precondition(
      warped.value.shape == shape && change.count == pixels && mask.count == pixels, "the frames differ in size")
    let loss = WarpingError.forward(
      frame.value.pointer, warped.value.pointer, change: change.pointer, mask: mask.pointer, pixels: pixels,
      channels: shape.channels, pool: pool)
    guard frame.requiresGradient || warped.requiresGradient else { return loss }
    for (variable, scale) in [(frame, weight), (warped, -weight)] where variable.requiresGradient {
      contribute(to: variable) { target in
        WarpingError.backward(
          frame.value.pointer, warped.value.pointer, change: change.pointer, mask: mask.pointer, pixels: pixels,
          channels: shape.channels, scale: scale, gradient: target, pool: pool)
      }
    }
    return loss
  }
}
