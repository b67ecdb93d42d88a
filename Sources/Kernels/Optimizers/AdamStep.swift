import Glibc

/// One step of the Adam optimizer.
///
/// D. Kingma, J. Ba: Adam: A Method for Stochastic Optimization, ICLR 2015.
package enum AdamStep {
  /// `m = β₁m + (1−β₁)g`, `v = β₂v + (1−β₂)g²`, `w −= rate · m̂ / (√v̂ + ε)`, with `m̂ = m/(1−β₁ᵗ)` and
  /// `v̂ = v/(1−β₂ᵗ)`; `t` counts from 1.
  package static func update(
    _ weight: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
    secondMoment: UnsafeMutablePointer<Float>, count: Int, step: Int, learningRate: Float, beta1: Float = 0.9,
    beta2: Float = 0.999, epsilon: Float = 1e-8
  ) {
    let correction1 = 1 - Glibc.pow(Double(beta1), Double(step))
    let correction2 = 1 - Glibc.pow(Double(beta2), Double(step))
    let rate = Float(Double(learningRate) / correction1)
    let rootCorrection = Float(correction2.squareRoot())
    for index in 0..<count {
      let g = gradient[index]
      let m = beta1 * firstMoment[index] + (1 - beta1) * g
      let v = beta2 * secondMoment[index] + (1 - beta2) * g * g
      firstMoment[index] = m
      secondMoment[index] = v
      weight[index] -= rate * m / (v.squareRoot() / rootCorrection + epsilon)
    }
  }
}
