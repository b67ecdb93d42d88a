import Kernels
import Tensors

// Losses are numbers, not tensors: each is added to a running total with its weight, and its gradient is seeded at once.
// The tape's rules then start from there.

extension Tape {
  /// The Gram matrices `[N, C, C]` of features `[N, H, W, C]`, `G = Fᵀ·F / (C·H·W)`.
  public func gram(_ features: Variable) -> Variable {
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

  /// `mean((prediction − target)²)`; seeds the prediction's gradient with `weight` times the loss's.
  ///
  /// A target of one image serves every image of the prediction. Returns the loss without the weight.
  public func meanSquaredError(_ prediction: Variable, target: Tensor, weight: Float) -> Double {
    let count = prediction.value.count
    precondition(target.count > 0 && count % target.count == 0, "target \(target.shape) for \(prediction.value.shape)")
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

  /// The sum of squared neighbour differences over the batch; seeds the image's gradient with `weight` times the loss's.
  ///
  /// Returns the loss without the weight.
  public func totalVariation(_ image: Variable, weight: Float) -> Double {
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

  /// `mean(m·(frame − warped − δ)²)` over `[N, H, W, C]`, see ``WarpingError``; seeds the gradients of both frames with `weight`
  /// times the loss's.
  ///
  /// `change` (δ) and `mask` (m) are `[N, H, W, 1]`. Returns the loss without the weight.
  public func warpingError(
    _ frame: Variable, warped: Variable, change: Tensor, mask: Tensor, weight: Float
  ) -> Double {
    let shape = frame.value.shape
    let pixels = shape.count / max(shape.channels, 1)
    precondition(warped.value.shape == shape && change.count == pixels && mask.count == pixels, "frames of other sizes")
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
