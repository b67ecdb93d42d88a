import Tensors

extension Reference {
  /// Instance norm: `y = γ·x̂ + β` with `x̂ = (x − μ) / √(σ² + ε)`, where `μ` and `σ²` are the mean and the biased
  /// variance over the positions of one image and channel.
  ///
  /// `input` is `[N, H, W, C]`, `scale` (γ) and `shift` (β) are `[C]`.
  package static func instanceNorm(
    _ input: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor, epsilon: Double = 1e-5
  ) -> ReferenceTensor {
    var output = ReferenceTensor(input.shape)
    forEachPlane(input.shape) { channel, plane in
      let (normalized, _) = normalize(plane.map { input.elements[$0] }, epsilon: epsilon)
      for (index, value) in zip(plane, normalized) {
        output.elements[index] = scale.elements[channel] * value + shift.elements[channel]
      }
    }
    return output
  }

  /// The gradients of instance norm, given the gradient of its output.
  ///
  /// `∂β = Σ g`, `∂γ = Σ g·x̂`, `∂x = γ / √(σ² + ε) · (g − mean(g) − x̂·mean(g·x̂))`. The first two are summed over
  /// images, too.
  package static func instanceNormBackward(
    _ gradient: ReferenceTensor, input: ReferenceTensor, scale: ReferenceTensor, epsilon: Double = 1e-5
  ) -> (input: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor) {
    var inputGradient = ReferenceTensor(input.shape)
    var scaleGradient = ReferenceTensor(scale.shape)
    var shiftGradient = ReferenceTensor(scale.shape)
    forEachPlane(input.shape) { channel, plane in
      let (normalized, deviation) = normalize(plane.map { input.elements[$0] }, epsilon: epsilon)
      let outer = plane.map { gradient.elements[$0] }
      let sum = outer.reduce(0, +)
      let correlation = zip(outer, normalized).map { $0 * $1 }.reduce(0, +)
      shiftGradient.elements[channel] += sum
      scaleGradient.elements[channel] += correlation
      let count = Double(plane.count)
      for (position, index) in plane.enumerated() {
        inputGradient.elements[index] =
          scale.elements[channel] / deviation
          * (outer[position] - sum / count - normalized[position] * correlation / count)
      }
    }
    return (inputGradient, scaleGradient, shiftGradient)
  }

  /// Returns `x̂` and `√(σ² + ε)` of one plane.
  private static func normalize(
    _ values: [Double], epsilon: Double
  ) -> (normalized: [Double], deviation: Double) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / count
    let deviation = (variance + epsilon).squareRoot()
    return (values.map { ($0 - mean) / deviation }, deviation)
  }

  /// Calls `body` for each image and channel with the channel and the offsets of the elements of its plane.
  private static func forEachPlane(_ shape: Shape, body: (_ channel: Int, _ offsets: [Int]) -> Void) {
    let positions = shape.height * shape.width
    for image in 0..<shape.batch {
      for channel in 0..<shape.channels {
        body(channel, (0..<positions).map { (image * positions + $0) * shape.channels + channel })
      }
    }
  }
}
