import Kernels
import TestSupport
import Tensors
import Testing
import Threading

// More kernels on arrays, as in FusedKernels.swift: scratch of the promised size and everything between guards.

extension FusedPictureConvolution {
  func forward(
    _ picture: PictureInput, map: PictureMap, weight: Tensor, bias: [Float]?, rectifies: Bool,
    gamma: [Float]? = nil, beta: [Float]? = nil, pool: ComputePool = pool
  ) -> KernelResult {
    let packed = GuardedBuffer(count: packedWeightCount)
    let scratch = GuardedBuffer(count: scratchCount(threads: pool.threadCount), filledWith: 0)
    let values = GuardedBuffer(weight.elements)
    packWeight(
      FilterWeight(
        values.pointer, outputChannels: weight.shape.dimensions[0], inputChannels: 3, kernel: geometry.kernel),
      into: packed.pointer)
    let result = withOutput(
      pixels: geometry.outputPixels, channels: geometry.outputChannels, bias: bias, rectifies: rectifies,
      tasks: taskCount, gamma: gamma, beta: beta
    ) {
      forward(picture, map: map, weight: packed.pointer, output: $0, scratch: scratch.pointer, pool: pool)
    }
    expectIntact(values, packed, scratch)
    return result
  }
}

/// What the depthwise kernels have in common: they differ in how they pack their weights.
private func withFusedKernel(
  _ geometry: ConvolutionGeometry, _ input: LazyInput, scratchCount: Int, packed: GuardedBuffer, bias: [Float]?,
  rectifies: Bool, residual: [Float]? = nil, materializes: Bool, tasks: Int?,
  _ kernel: (ActivationInput, ActivationOutput, UnsafeMutablePointer<Float>) -> Void
) -> KernelResult {
  let scratch = GuardedBuffer(count: scratchCount, filledWith: 0)
  let materialized = materializes ? GuardedBuffer(count: input.values.count) : nil
  var result = withOutput(
    pixels: geometry.outputPixels, channels: geometry.outputChannels, bias: bias, rectifies: rectifies,
    residual: residual, tasks: tasks
  ) { output in
    input.withActivationInput(materialized: materialized?.pointer) { kernel($0, output, scratch.pointer) }
  }
  expectIntact(packed, scratch, materialized)
  result.materialized = fromBlocks(materialized?.elements ?? [], batch: 1, channels: geometry.inputChannels)
  return result
}

extension FusedDepthwiseConvolution {
  /// `weight` is `[C, 1, k, k]`, perhaps of fewer channels than the geometry's.
  func forward(
    _ input: LazyInput, weight: [Float], bias: [Float]? = nil, rectifies: Bool = false, materializes: Bool = false,
    gathers: Bool = false, pool: ComputePool = pool
  ) -> KernelResult {
    let packed = GuardedBuffer(count: packedWeightCount)
    let values = GuardedBuffer(weight)
    packWeight(
      FilterWeight(
        values.pointer, outputChannels: weight.count / (geometry.kernel * geometry.kernel), inputChannels: 1,
        kernel: geometry.kernel), into: packed.pointer)
    expectIntact(values)
    return withFusedKernel(
      geometry, input, scratchCount: scratchCount(threads: pool.threadCount), packed: packed, bias: bias,
      rectifies: rectifies, materializes: materializes, tasks: gathers ? taskCount : nil
    ) { forward($0, weight: packed.pointer, output: $1, scratch: $2, pool: pool) }
  }
}

extension FusedSeparableConvolution {
  /// `depthwise` is `[C, 1, 3, 3]`, `pointwise` `[O, C, 1, 1]`, perhaps of fewer channels than the geometry's.
  func forward(
    _ input: LazyInput, depthwise: [Float], depthwiseBias: [Float], pointwise: [Float], bias: [Float]? = nil,
    rectifies: Bool = false, residual: [Float]? = nil, materializes: Bool = false, gathers: Bool = false,
    pool: ComputePool = pool
  ) -> KernelResult {
    let channels = depthwiseBias.count
    let packed = GuardedBuffer(count: packedWeightCount)
    let (first, second, third) = (GuardedBuffer(depthwise), GuardedBuffer(depthwiseBias), GuardedBuffer(pointwise))
    packWeight(
      depthwise: FilterWeight(first.pointer, outputChannels: channels, inputChannels: 1, kernel: 3),
      bias: second.pointer,
      pointwise: FilterWeight(
        third.pointer, outputChannels: pointwise.count / channels, inputChannels: channels, kernel: 1),
      into: packed.pointer)
    expectIntact(first, second, third)
    return withFusedKernel(
      geometry, input, scratchCount: scratchCount(threads: pool.threadCount), packed: packed, bias: bias,
      rectifies: rectifies, residual: residual, materializes: materializes, tasks: gathers ? taskCount : nil
    ) { forward($0, weight: packed.pointer, output: $1, scratch: $2, pool: pool) }
  }
}
