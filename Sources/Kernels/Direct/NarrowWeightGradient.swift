import Threading

/// The gradient of a weight of stride 1 with few channels on one side, as in the first and last layers of a network.
///
/// The side with few channels is padded, so that the `k` pixels under a kernel row are contiguous. One product of the
/// wide side's channels with such a window computes all taps of a row. With few inputs, `dW[i] = Σ_y dY[y]ᵀ · X[y + i]`
/// over windows of the padded input. With few outputs the roles change: windows of the gradient, continued with zeros,
/// are multiplied by the padded input, and the taps come out in reverse order.
struct NarrowWeightGradient: WeightGradientKernel {
  /// Groups of rows, each with its own sums, which are added in order so that results do not depend on the number of
  /// threads.
  private static let groups = 16

  private let geometry: ConvolutionGeometry
  /// Whether the input has few channels.
  private let hasFewInputs: Bool
  /// The side with many channels, and the padded side with few.
  private let wide: ConvolutionGeometry
  private let narrow: ConvolutionGeometry

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    hasFewInputs = geometry.inputChannels < geometry.outputChannels
    // The gradient of the output, continued with zeros as far as the kernel reaches.
    let gradient = ConvolutionGeometry(
      batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
      inputChannels: geometry.outputChannels, outputChannels: geometry.inputChannels, kernel: geometry.kernel,
      padding: hasFewInputs ? 0 : geometry.kernel - 1, paddingMode: .zeros)
    (wide, narrow) = hasFewInputs ? (gradient, geometry) : (geometry, gradient)
  }

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    let (few, many) = (
      min(geometry.inputChannels, geometry.outputChannels), max(geometry.inputChannels, geometry.outputChannels)
    )
    // The gradient must be at least as large as the kernel for the form above.
    return geometry.stride == 1 && geometry.upsampling == 1 && few < laneCount && many % laneCount == 0
      && geometry.outputHeight >= geometry.kernel && geometry.outputWidth >= geometry.kernel
  }

  private var kernel: Int { geometry.kernel }
  private var few: Int { narrow.inputChannels }
  private var many: Int { wide.inputChannels }
  private var wideRows: Int { hasFewInputs ? geometry.outputHeight : geometry.paddedHeight }
  private var wideColumns: Int { hasFewInputs ? geometry.outputWidth : geometry.paddedWidth }
  private var rows: Int { geometry.batch * wideRows }
  private var groups: Int { min(Self.groups, rows) }
  /// The number of floats in the `k` pixels of a window, rounded up to whole register tiles.
  private var windowCount: Int { (kernel * few + 15) / 16 * 16 }
  private var gradientCount: Int { kernel * many * windowCount }
  private var perGroup: Int { gradientCount + wideColumns * many + accumulatedTileCount }
  private var paddedCount: Int { narrow.paddedHeight * narrow.paddedWidth * few }

  func backwardWeightScratchCount(threads: Int) -> Int { groups * perGroup + geometry.batch * paddedCount + 16 }

  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let padded = scratch + groups * perGroup
    pad((hasFewInputs ? input : dOutput).values, into: padded, pool)
    // Windows are read in whole register tiles, also beyond the last one.
    (padded + geometry.batch * paddedCount).update(repeating: 0, count: 16)
    let reader = PatchReader(hasFewInputs ? dOutput : input, wide)
    pool.parallelFor(groups) { group in
      let gradient = scratch + group * perGroup
      let buffer = gradient + gradientCount
      gradient.update(repeating: 0, count: gradientCount)
      for row in group * rows / groups..<(group + 1) * rows / groups {
        let (image, y) = (row / wideRows, row % wideRows)
        reader.read(
          image: image, row: y, rows: 1, column: 0, columns: wideColumns, channel: 0, count: many,
          owned: PixelRectangle(rows: 0..<0, columns: 0..<0), into: buffer)
        for tap in 0..<kernel {
          let window = padded + image * paddedCount + (y + tap) * narrow.paddedWidth * few
          accumulateProducts(
            buffer, rows: many, element: many, window, columns: windowCount, step: few, depth: wideColumns,
            scratch: buffer + wideColumns * many, into: gradient + tap * many * windowCount)
        }
      }
    }
    for group in 0..<groups { addGroup(scratch + group * perGroup, to: dWeight) }
  }

  private func addGroup(_ gradient: UnsafePointer<Float>, to dWeight: UnsafeMutablePointer<Float>) {
    for row in 0..<kernel {
      for channel in 0..<many {
        let source = gradient + (row * many + channel) * windowCount
        for column in 0..<kernel {
          for other in 0..<few {
            let value = source[column * few + other]
            if hasFewInputs {
              dWeight[((channel * few + other) * kernel + row) * kernel + column] += value
            } else {
              dWeight[((other * many + channel) * kernel + kernel - 1 - row) * kernel + kernel - 1 - column] += value
            }
          }
        }
      }
    }
  }

  /// Writes the narrow side with its padding, `[N, Hp, Wp, C]`.
  private func pad(_ values: UnsafePointer<Float>, into padded: UnsafeMutablePointer<Float>, _ pool: ComputePool) {
    let height = narrow.paddedHeight
    PatchGather.with(narrow) { map in
      pool.parallelFor(geometry.batch * height) { index in
        map.gatherRow(
          values + index / height * narrow.inputImageCount, row: index % height,
          into: padded + index * narrow.paddedWidth * few)
      }
    }
  }
}
