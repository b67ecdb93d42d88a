import Threading

/// Convolution as matrix products of gathered patches, for any kernel, stride and padding.
///
/// The output positions are divided into chunks whose patches stay in the second-level cache, so memory does not grow
/// with the image. The division depends only on the geometry: results are bit-identical for any number of threads.
struct Im2colConvolution: ConvolutionKernel, WeightGradientKernel {
  let geometry: ConvolutionGeometry

  static func supports(_ geometry: ConvolutionGeometry) -> Bool { true }

  init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }

  /// The number of floats in a chunk's patch matrix: half of a 2 MB second-level cache.
  private static let chunkCount = 1 << 18

  /// The number of groups of chunks in which weight gradients are summed. Chunks are summed in order within a group,
  /// then the groups in order.
  static let gradientGroups = 4

  private var pixelsPerChunk: Int { min(max(Self.chunkCount / geometry.patchCount, 16), geometry.outputPixels) }

  private var chunksPerImage: Int { (geometry.outputPixels + pixelsPerChunk - 1) / pixelsPerChunk }

  // MARK: Forward

  var packedWeightCount: Int { geometry.patchCount * geometry.outputChannels }

  /// Packs a weight `[O, I, k, k]` as the matrix `[k·k·I, O]` by which patches are multiplied.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (weight, taps) = (weights[0], geometry.kernel * geometry.kernel)
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    packed.update(repeating: 0, count: packedWeightCount)
    for output in 0..<weight.outputChannels {
      for input in 0..<weight.inputChannels {
        let values = weight.taps(output: output, input: input)
        for tap in 0..<taps { packed[(tap * inputs + input) * outputs + output] = values[tap] }
      }
    }
  }

  func scratchCount(threads: Int) -> Int { threads * pixelsPerChunk * geometry.patchCount }
  var taskCount: Int { geometry.batch * chunksPerImage }

  /// Computes `output = r(patches(input) · weight + bias)` on `[N, H, W, C]`, with no norm or residual on the input.
  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, size, chunks) = (geometry, pixelsPerChunk, chunksPerImage)
    let (inner, outputs) = (geometry.patchCount, geometry.outputChannels)
    let epilogue = ConvolutionEpilogue(bias: output.bias, appliesReLU: output.appliesReLU)
    PatchGather.with(geometry) { patches in
      pool.parallelFor(geometry.batch * chunks) { index, thread in
        let image = index / chunks
        let start = (index % chunks) * size
        let pixels = start..<min(start + size, geometry.outputPixels)
        let matrix = scratch + thread * size * inner
        patches.gather(input.values + image * geometry.inputImageCount, pixels: pixels, into: matrix)
        let target = output.values + image * geometry.outputImageCount + start * outputs
        MatrixProduct.multiply(
          .init(matrix, stride: inner), .init(weight, stride: outputs), rows: pixels.count, columns: outputs,
          inner: inner, into: target, stride: outputs)
        epilogue.apply(to: target, pixels: pixels.count, channels: outputs)
      }
    }
  }

  // MARK: Backward

  /// Returns the floats of scratch space for ``backwardInput(_:weight:dInput:scratch:pool:)``.
  func backwardInputScratchCount(threads: Int) -> Int {
    let padded = geometry.paddedHeight * geometry.paddedWidth * geometry.inputChannels
    return threads * (padded + pixelsPerChunk * geometry.patchCount)
  }

  /// `dInput = fold(dOutput · weightᵀ)`: adds the gradients of the patches at the positions from which they were read.
  ///
  /// Images run in parallel, each on one thread. `weight` is packed.
  func backwardInput(
    _ dOutput: UnsafePointer<Float>, weight: UnsafePointer<Float>, dInput: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, size) = (geometry, pixelsPerChunk)
    let (inner, outputs) = (geometry.patchCount, geometry.outputChannels)
    let paddedCount = geometry.paddedHeight * geometry.paddedWidth * geometry.inputChannels
    let perThread = paddedCount + size * inner
    let fold = PaddingFold(geometry)
    pool.parallelFor(geometry.batch) { image, thread in
      let padded = scratch + thread * perThread
      let matrix = padded + paddedCount
      padded.update(repeating: 0, count: paddedCount)
      var start = 0
      while start < geometry.outputPixels {
        let count = min(size, geometry.outputPixels - start)
        let source = dOutput + image * geometry.outputImageCount + start * outputs
        MatrixProduct.multiply(
          .init(source, stride: outputs), .init(weight, stride: outputs, transposed: true), rows: count,
          columns: inner, inner: outputs, into: matrix, stride: inner)
        scatter(matrix, pixels: start..<start + count, into: padded)
        start += count
      }
      fold.runImage(padded, into: dInput + image * geometry.inputImageCount)
    }
  }

  /// Adds each row of `matrix`, the gradient of one position's patch, to the padded gradient `[Hp, Wp, I]`.
  private func scatter(
    _ matrix: UnsafePointer<Float>, pixels: Range<Int>, into padded: UnsafeMutablePointer<Float>
  ) {
    let rowCount = geometry.kernel * geometry.inputChannels
    let rowStride = geometry.paddedWidth * geometry.inputChannels
    var source = matrix
    for pixel in pixels {
      let y = pixel / geometry.outputWidth * geometry.stride
      let x = pixel % geometry.outputWidth * geometry.stride
      var target = padded + y * rowStride + x * geometry.inputChannels
      for _ in 0..<geometry.kernel {
        Pointwise.accumulate(source, into: target, count: rowCount)
        source += rowCount
        target += rowStride
      }
    }
  }

  func backwardWeightScratchCount(threads: Int) -> Int {
    Self.gradientGroups * (packedWeightCount + pixelsPerChunk * geometry.patchCount)
  }

  /// `dWeight += patches(input)ᵀ · dOutput`, as `[O, I, k, k]`.
  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, size, chunks, gradientGroups) = (geometry, pixelsPerChunk, chunksPerImage, Self.gradientGroups)
    let total = geometry.batch * chunks
    let (inner, outputs, packedCount) = (geometry.patchCount, geometry.outputChannels, packedWeightCount)
    let perGroup = packedCount + size * inner
    PatchGather.with(geometry) { patches in
      pool.parallelFor(gradientGroups) { group in
        let gradient = scratch + group * perGroup
        let matrix = gradient + packedCount
        gradient.update(repeating: 0, count: packedCount)
        for index in group * total / gradientGroups..<(group + 1) * total / gradientGroups {
          let image = index / chunks
          let start = (index % chunks) * size
          let pixels = start..<min(start + size, geometry.outputPixels)
          patches.gather(input.values + image * geometry.inputImageCount, pixels: pixels, into: matrix)
          let source = dOutput.values + image * geometry.outputImageCount + start * outputs
          MatrixProduct.multiply(
            .init(matrix, stride: inner, transposed: true), .init(source, stride: outputs), rows: inner,
            columns: outputs, inner: pixels.count, into: gradient, stride: outputs, accumulate: true)
        }
      }
    }
    let taps = geometry.kernel * geometry.kernel
    let inputs = geometry.inputChannels
    for group in 0..<gradientGroups {
      let gradient = scratch + group * perGroup
      for output in 0..<outputs {
        for input in 0..<inputs {
          for tap in 0..<taps {
            dWeight[(output * inputs + input) * taps + tap] += gradient[(tap * inputs + input) * outputs + output]
          }
        }
      }
    }
  }
}
