import Threading

/// Convolution of stride 1 into few channels: every input pixel is multiplied with all taps at once, and the products are
/// added up along the taps (kn2row).
///
/// Gathering patches copies each of the `I` input channels `k²` times; here the `O` output channels are moved `k²` times
/// instead: ten times less traffic for a 9×9 layer from 32 channels to RGB.
/// A. Anderson et al.: Low-memory GEMM-based convolution algorithms for deep neural networks, 2017.
public enum KernelToRowConvolution {
  /// Output rows that one thread computes at a time; `k − 1` rows of products are computed twice at each cut.
  private static let bandHeight = 32

  /// Weight gradients are summed in this many groups of rows, each in order, then over the groups in order.
  private static let gradientGroups = 4

  /// Whether the algorithm computes `geometry`.
  public static func supports(_ geometry: ConvolutionGeometry) -> Bool { geometry.stride == 1 }

  /// Floats of a packed weight.
  public static func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    geometry.patchCount * geometry.outputChannels
  }

  /// Orders a weight `[O, I, k, k]` as the matrix `[I, k·k·O]` that pixels are multiplied with.
  public static func packWeight(
    _ weight: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, into packed: UnsafeMutablePointer<Float>
  ) {
    let taps = geometry.kernel * geometry.kernel
    let outputs = geometry.outputChannels
    for output in 0..<outputs {
      for input in 0..<geometry.inputChannels {
        for tap in 0..<taps {
          packed[(input * taps + tap) * outputs + output] =
            weight[(output * geometry.inputChannels + input) * taps + tap]
        }
      }
    }
  }

  private static func productsPerPixel(_ geometry: ConvolutionGeometry) -> Int {
    geometry.kernel * geometry.kernel * geometry.outputChannels
  }

  private static func perThread(_ geometry: ConvolutionGeometry) -> Int {
    geometry.paddedWidth * (geometry.inputChannels + productsPerPixel(geometry))
  }

  // MARK: Forward

  /// Floats of scratch for ``forward(_:_:packedWeight:epilogue:output:scratch:pool:)``.
  public static func forwardScratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    threads * perThread(geometry)
  }

  /// `output = epilogue(input ∗ weight)`: input `[N, H, W, I]`, output `[N, Ho, Wo, O]`.
  public static func forward(
    _ input: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, packedWeight: UnsafePointer<Float>,
    epilogue: ConvolutionEpilogue, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    let bands = (geometry.outputHeight + bandHeight - 1) / bandHeight
    let kernel = geometry.kernel
    let width = geometry.paddedWidth
    let products = productsPerPixel(geometry)
    let rowCount = geometry.outputWidth * geometry.outputChannels
    let tapRow = kernel * geometry.outputChannels
    PatchGather.with(geometry) { patches in
      pool.parallelFor(geometry.batch * bands) { index, thread in
        let image = index / bands
        let first = index % bands * bandHeight
        let last = min(first + bandHeight, geometry.outputHeight)
        let pixels = scratch + thread * perThread(geometry)
        let matrix = pixels + width * geometry.inputChannels
        let target = output + image * geometry.outputImageCount
        (target + first * rowCount).update(repeating: 0, count: (last - first) * rowCount)
        for row in first..<last + kernel - 1 {
          patches.gatherRow(input + image * geometry.inputImageCount, row: row, into: pixels)
          MatrixProduct.multiply(
            .init(pixels, stride: geometry.inputChannels), .init(packedWeight, stride: products), rows: width,
            columns: products, inner: geometry.inputChannels, into: matrix, stride: products)
          for y in max(first, row - kernel + 1)..<min(last, row + 1) {
            addTaps(matrix + (row - y) * tapRow, geometry, products: products, to: target + y * rowCount)
          }
        }
        epilogue.apply(
          to: target + first * rowCount, pixels: (last - first) * geometry.outputWidth,
          channels: geometry.outputChannels)
      }
    }
  }

  /// `row[x] += Σ_t products[x + t][t]` for the taps `t` of one kernel row.
  private static func addTaps(
    _ matrix: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, products: Int,
    to row: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.outputChannels
    let diagonal = products + channels
    for x in 0..<geometry.outputWidth {
      let source = matrix + x * products
      let target = row + x * channels
      for channel in 0..<channels {
        var sum: Float = 0
        for tap in 0..<geometry.kernel { sum += source[tap * diagonal + channel] }
        target[channel] += sum
      }
    }
  }

  // MARK: Backward

  /// Floats of scratch for ``backwardWeight(_:dOutput:_:dWeight:scratch:pool:)``.
  public static func backwardWeightScratchCount(_ geometry: ConvolutionGeometry) -> Int {
    gradientGroups * (packedWeightCount(geometry) + perThread(geometry))
  }

  /// `dWeight += ∂(input ∗ weight)/∂weight · dOutput`, as `[O, I, k, k]`.
  ///
  /// `dWeight[t] = Σ_q inputᵀ[q] · dOutput[q − t]`: each input pixel meets the output gradients that it took part in.
  public static func backwardWeight(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, _ geometry: ConvolutionGeometry,
    dWeight: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let rows = geometry.batch * geometry.paddedHeight
    let inputs = geometry.inputChannels
    let products = productsPerPixel(geometry)
    let packedCount = packedWeightCount(geometry)
    let perGroup = packedCount + perThread(geometry)
    PatchGather.with(geometry) { patches in
      pool.parallelFor(gradientGroups) { group in
        let gradient = scratch + group * perGroup
        let pixels = gradient + packedCount
        let matrix = pixels + geometry.paddedWidth * inputs
        gradient.update(repeating: 0, count: packedCount)
        for index in group * rows / gradientGroups..<(group + 1) * rows / gradientGroups {
          let image = index / geometry.paddedHeight
          let row = index % geometry.paddedHeight
          patches.gatherRow(input + image * geometry.inputImageCount, row: row, into: pixels)
          gatherGradients(dOutput + image * geometry.outputImageCount, geometry, row: row, into: matrix)
          MatrixProduct.multiply(
            .init(pixels, stride: inputs, transposed: true), .init(matrix, stride: products), rows: inputs,
            columns: products, inner: geometry.paddedWidth, into: gradient, stride: products, accumulate: true)
        }
      }
    }
    let taps = geometry.kernel * geometry.kernel
    let outputs = geometry.outputChannels
    for group in 0..<gradientGroups {
      let gradient = scratch + group * perGroup
      for output in 0..<outputs {
        for input in 0..<inputs {
          for tap in 0..<taps {
            dWeight[(output * inputs + input) * taps + tap] += gradient[(input * taps + tap) * outputs + output]
          }
        }
      }
    }
  }

  /// For each pixel of padded row `row`, the output gradients at `position − tap` for all taps, 0 outside the output.
  private static func gatherGradients(
    _ dOutput: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, row: Int, into matrix: UnsafeMutablePointer<Float>
  ) {
    let kernel = geometry.kernel
    let channels = geometry.outputChannels
    var target = matrix
    for x in 0..<geometry.paddedWidth {
      for tapRow in 0..<kernel {
        let y = row - tapRow
        let isInside = y >= 0 && y < geometry.outputHeight
        for tapColumn in 0..<kernel {
          let column = x - tapColumn
          if isInside && column >= 0 && column < geometry.outputWidth {
            let source = dOutput + (y * geometry.outputWidth + column) * channels
            for channel in 0..<channels { target[channel] = source[channel] }
          } else {
            for channel in 0..<channels { target[channel] = 0 }
          }
          target += channels
        }
      }
    }
  }
}

extension PatchGather {
  /// Copies one row of the padded input, `[Wp, I]`.
  func gatherRow(
    _ image: UnsafePointer<Float>, row: Int, into destination: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.inputChannels
    let stored = Int(rows[row])
    guard stored >= 0 else {
      destination.update(repeating: 0, count: geometry.paddedWidth * channels)
      return
    }
    let source = image + stored * geometry.width * channels
    for x in 0..<geometry.paddedWidth {
      let column = Int(columns[x])
      let target = destination + x * channels
      if column < 0 {
        target.update(repeating: 0, count: channels)
      } else {
        copy(source + column * channels, to: target, count: channels)
      }
    }
  }
}
