import Tensors

extension Reference {
  /// Batch norm: `γ·(x − μ)/√(σ² + ε) + β` with `μ = a·μ_image + (1 − a)·mean` and
  /// `σ² = a·σ²_image + (1 − a)·variance`, where `μ_image` and `σ²_image` are the mean and the biased variance over the
  /// image's positions.
  ///
  /// `input` is `[N, H, W, C]`; `scale` (γ), `shift` (β), `mean` and `variance` are `[C]`; `imageShare` is `a`.
  package static func batchNorm(
    _ input: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor, mean: ReferenceTensor,
    variance: ReferenceTensor, imageShare: Double = 0, epsilon: Double = 1e-5
  ) -> ReferenceTensor {
    let shape = input.shape
    let positions = shape.height * shape.width
    var output = ReferenceTensor(shape)
    for image in 0..<shape.batch {
      for channel in 0..<shape.channels {
        let offsets = (0..<positions).map { (image * positions + $0) * shape.channels + channel }
        let values = offsets.map { input.elements[$0] }
        let own = values.reduce(0, +) / Double(positions)
        let spread = values.map { ($0 - own) * ($0 - own) }.reduce(0, +) / Double(positions)
        let center = imageShare * own + (1 - imageShare) * mean.elements[channel]
        let blended = imageShare * spread + (1 - imageShare) * variance.elements[channel]
        for (offset, value) in zip(offsets, values) {
          let normalized = (value - center) / (blended + epsilon).squareRoot()
          output.elements[offset] = scale.elements[channel] * normalized + shift.elements[channel]
        }
      }
    }
    return output
  }
}
