import Threading

/// Convolution as matrix products over gathered patches: any kernel, stride and padding.
///
/// The output positions are cut into chunks whose patches stay in the second-level cache, so the memory does not grow with
/// the image. The cut depends on the geometry alone: results are the same bits for any number of threads.
public enum Im2colConvolution {
  /// Floats in one chunk's patch matrix: half of a 2 MB second-level cache.
  private static let chunkCount = 1 << 18

  /// Weight gradients are summed in this many groups of chunks, each in order, then over the groups in order.
  static let gradientGroups = 4

  private static func pixelsPerChunk(_ geometry: ConvolutionGeometry) -> Int {
    min(max(chunkCount / geometry.patchCount, 16), geometry.outputPixels)
  }

  private static func chunksPerImage(_ geometry: ConvolutionGeometry) -> Int {
    let size = pixelsPerChunk(geometry)
    return (geometry.outputPixels + size - 1) / size
  }

  // MARK: Forward

  /// Floats of a packed weight.
  public static func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    geometry.patchCount * geometry.outputChannels
  }

  /// Orders a weight `[O, I, k, k]` as the matrix `[k·k·I, O]` that patches are multiplied with.
  public static func packWeight(
    _ weight: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, into packed: UnsafeMutablePointer<Float>
  ) {
    let taps = geometry.kernel * geometry.kernel
    let inputs = geometry.inputChannels
    let outputs = geometry.outputChannels
    for output in 0..<outputs {
      for input in 0..<inputs {
        for tap in 0..<taps {
          packed[(tap * inputs + input) * outputs + output] = weight[(output * inputs + input) * taps + tap]
        }
      }
    }
  }

  /// Floats of scratch for ``forward(_:_:packedWeight:epilogue:output:scratch:pool:)``.
  public static func forwardScratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    threads * pixelsPerChunk(geometry) * geometry.patchCount
  }

  /// `output = epilogue(patches(input) · weight)`: input `[N, H, W, I]`, output `[N, Ho, Wo, O]`.
  public static func forward(
    _ input: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, packedWeight: UnsafePointer<Float>,
    epilogue: ConvolutionEpilogue, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    let size = pixelsPerChunk(geometry)
    let chunks = chunksPerImage(geometry)
    let inner = geometry.patchCount
    let outputs = geometry.outputChannels
    PatchGather.with(geometry) { patches in
      pool.parallelFor(geometry.batch * chunks) { index, thread in
        let image = index / chunks
        let start = (index % chunks) * size
        let pixels = start..<min(start + size, geometry.outputPixels)
        let matrix = scratch + thread * size * inner
        patches.gather(input + image * geometry.inputImageCount, pixels: pixels, into: matrix)
        let target = output + image * geometry.outputImageCount + start * outputs
        MatrixProduct.multiply(
          .init(matrix, stride: inner), .init(packedWeight, stride: outputs), rows: pixels.count, columns: outputs,
          inner: inner, into: target, stride: outputs)
        epilogue.apply(to: target, pixels: pixels.count, channels: outputs)
      }
    }
  }

  // MARK: Backward

  /// Floats of scratch for ``backwardInput(_:_:weight:dInput:scratch:pool:)``.
  public static func backwardInputScratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    let padded = geometry.paddedHeight * geometry.paddedWidth * geometry.inputChannels
    return packedWeightCount(geometry) + threads * (padded + pixelsPerChunk(geometry) * geometry.patchCount)
  }

  /// `dInput = fold(dOutput · weightᵀ)`: the patches' gradients are added up where they were read.
  ///
  /// Images run in parallel, each on one thread. `weight` is `[O, I, k, k]`.
  public static func backwardInput(
    _ dOutput: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>,
    dInput: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let packed = scratch
    packWeight(weight, geometry, into: packed)
    let size = pixelsPerChunk(geometry)
    let inner = geometry.patchCount
    let outputs = geometry.outputChannels
    let paddedCount = geometry.paddedHeight * geometry.paddedWidth * geometry.inputChannels
    let perThread = paddedCount + size * inner
    let threadScratch = scratch + packedWeightCount(geometry)
    let fold = PaddingFold(geometry)
    pool.parallelFor(geometry.batch) { image, thread in
      let padded = threadScratch + thread * perThread
      let matrix = padded + paddedCount
      padded.update(repeating: 0, count: paddedCount)
      var start = 0
      while start < geometry.outputPixels {
        let count = min(size, geometry.outputPixels - start)
        let source = dOutput + image * geometry.outputImageCount + start * outputs
        MatrixProduct.multiply(
          .init(source, stride: outputs), .init(packed, stride: outputs, transposed: true), rows: count,
          columns: inner, inner: outputs, into: matrix, stride: inner)
        scatter(matrix, geometry, pixels: start..<start + count, into: padded)
        start += count
      }
      fold.runImage(padded, into: dInput + image * geometry.inputImageCount)
    }
  }

  /// Adds each row of `matrix`, the gradient of one position's patch, to the padded gradient `[Hp, Wp, I]`.
  private static func scatter(
    _ matrix: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, pixels: Range<Int>,
    into padded: UnsafeMutablePointer<Float>
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

  /// Floats of scratch for ``backwardWeight(_:dOutput:_:dWeight:scratch:pool:)``.
  public static func backwardWeightScratchCount(_ geometry: ConvolutionGeometry) -> Int {
    gradientGroups * (packedWeightCount(geometry) + pixelsPerChunk(geometry) * geometry.patchCount)
  }

  /// `dWeight += patches(input)ᵀ · dOutput`, as `[O, I, k, k]`.
  public static func backwardWeight(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, _ geometry: ConvolutionGeometry,
    dWeight: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let size = pixelsPerChunk(geometry)
    let chunks = chunksPerImage(geometry)
    let total = geometry.batch * chunks
    let inner = geometry.patchCount
    let outputs = geometry.outputChannels
    let packedCount = packedWeightCount(geometry)
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
          patches.gather(input + image * geometry.inputImageCount, pixels: pixels, into: matrix)
          let source = dOutput + image * geometry.outputImageCount + start * outputs
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
