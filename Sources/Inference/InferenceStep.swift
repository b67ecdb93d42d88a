import Kernels
import Threading

/// One pass of a plan: a kernel with its operands in place. The memory belongs to the plan and to its model.
enum InferenceStep {
  case convolution(ConvolutionStep)
  case instanceNorm(InstanceNormStep)
  case relu(UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, count: Int)
  case upsample(UnsafePointer<Float>, extent: ActivationExtent, output: UnsafeMutablePointer<Float>)
  case add(UnsafePointer<Float>, UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, count: Int)
  case scaledTanh(
    UnsafePointer<Float>, scale: Float, offset: Float, output: UnsafeMutablePointer<Float>, count: Int)

  @inline(__always)
  func run(_ pool: ComputePool) {
    switch self {
    case .convolution(let step): step.run(pool)
    case .instanceNorm(let step): step.run(pool)
    case .relu(let input, let output, let count):
      Pointwise.relu(input, output: output, count: count, pool: pool)
    case .upsample(let input, let extent, let output):
      UpsampleNearest.forward(
        input, batch: 1, height: extent.height, width: extent.width, channels: extent.channels, output: output,
        pool: pool)
    case .add(let first, let second, let output, let count):
      Pointwise.add(first, second, output: output, count: count, pool: pool)
    case .scaledTanh(let input, let scale, let offset, let output, let count):
      Pointwise.scaledTanh(input, scale: scale, offset: offset, output: output, count: count, pool: pool)
    }
  }
}

/// A convolution with prepared weights.
struct ConvolutionStep {
  let convolution: Convolution2D
  let weight: UnsafePointer<Float>
  let epilogue: ConvolutionEpilogue
  let input: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutablePointer<Float>

  @inline(__always)
  func run(_ pool: ComputePool) {
    convolution.forward(
      input, preparedWeight: weight, epilogue: epilogue, output: output, scratch: scratch, pool: pool)
  }
}

/// Statistics of an activation and one pass that applies them.
struct InstanceNormStep {
  let extent: ActivationExtent
  let gamma: UnsafePointer<Float>
  let beta: UnsafePointer<Float>
  let rectifies: Bool
  let residual: UnsafePointer<Float>?
  let input: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  /// `[C]` each.
  let mean: UnsafeMutablePointer<Float>
  let inverseDeviation: UnsafeMutablePointer<Float>
  let sums: UnsafeMutablePointer<Double>

  @inline(__always)
  func run(_ pool: ComputePool) {
    InstanceNorm.statistics(
      input, batch: 1, pixels: extent.pixels, channels: extent.channels, mean: mean, inverseDeviation: inverseDeviation,
      scratch: sums, pool: pool)
    InstanceNorm.apply(
      input, batch: 1, pixels: extent.pixels, channels: extent.channels, gamma: gamma, beta: beta, mean: mean,
      inverseDeviation: inverseDeviation, rectifies: rectifies, residual: residual, output: output, pool: pool)
  }
}
