import Kernels
import TestSupport
import Testing
import Threading

/// The convolution kernels on arrays: scratch of exactly the required size, all arrays between guards, nothing zeroed.
extension Convolution2D {
  func forward(
    _ input: [Float], weight: [Float], bias: [Float]?, appliesReLU: Bool = false, pool: ComputePool = pool
  ) -> [Float] {
    let input = GuardedBuffer(input)
    let weight = GuardedBuffer(weight)
    let bias = bias.map(GuardedBuffer.init)
    let prepared = GuardedBuffer(count: preparedWeightCount)
    let scratch = GuardedBuffer(count: forwardScratchCount(threads: pool.threadCount))
    let output = GuardedBuffer(count: geometry.batch * geometry.outputPixels * geometry.outputChannels)
    prepareWeight(weight.pointer, into: prepared.pointer, pool: pool)
    forward(
      input.pointer, preparedWeight: prepared.pointer,
      epilogue: ConvolutionEpilogue(bias: bias.map { UnsafePointer($0.pointer) }, appliesReLU: appliesReLU),
      output: output.pointer, scratch: scratch.pointer, pool: pool)
    expectIntact(input, weight, bias, prepared, scratch, output)
    return output.elements
  }

  /// Returns the gradient of the weight, added to `start`.
  func weightGradient(
    _ input: [Float], outputGradient: [Float], addedTo start: [Float], pool: ComputePool = pool
  ) -> [Float] {
    let input = GuardedBuffer(input)
    let outer = GuardedBuffer(outputGradient)
    let scratch = GuardedBuffer(count: backwardWeightScratchCount(threads: pool.threadCount))
    let gradient = GuardedBuffer(start)
    backwardWeight(
      input.pointer, dOutput: outer.pointer, dWeight: gradient.pointer, scratch: scratch.pointer, pool: pool)
    expectIntact(input, outer, scratch, gradient)
    return gradient.elements
  }

  /// Returns the gradient of the bias, added to `start`.
  func biasGradient(_ outputGradient: [Float], addedTo start: [Float], pool: ComputePool = pool) -> [Float] {
    let outer = GuardedBuffer(outputGradient)
    let gradient = GuardedBuffer(start)
    backwardBias(outer.pointer, dBias: gradient.pointer, pool: pool)
    expectIntact(outer, gradient)
    return gradient.elements
  }
}

extension ConvolutionInputGradient {
  /// Returns the gradient of the input.
  func run(_ outputGradient: [Float], mask: [Float]? = nil, weight: [Float], pool: ComputePool = pool) -> [Float] {
    let outer = GuardedBuffer(outputGradient)
    let mask = mask.map(GuardedBuffer.init)
    let weight = GuardedBuffer(weight)
    let prepared = GuardedBuffer(count: preparedWeightCount)
    let scratch = GuardedBuffer(count: scratchCount(threads: pool.threadCount))
    let gradient = GuardedBuffer(count: geometry.batch * geometry.height * geometry.width * geometry.inputChannels)
    prepareWeight(weight.pointer, into: prepared.pointer, pool: pool)
    run(
      outer.pointer, mask: mask.map { UnsafePointer($0.pointer) }, preparedWeight: prepared.pointer,
      dInput: gradient.pointer, scratch: scratch.pointer, pool: pool)
    expectIntact(outer, mask, weight, prepared, scratch, gradient)
    return gradient.elements
  }
}
