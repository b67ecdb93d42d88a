import Threading

/// Depthwise two-dimensional convolution, forward pass, in the layout `[N, H, W, C]`.
///
/// `y[n, h, w, c] = b[c] + Σ W[c, i, j] · x[n, h·s + i − p, w·s + j − p, c]`. The geometry has equal input and output
/// channels and no upsampling. Lanes run over channels, so that neighbouring pixels are whole vectors apart.
package struct DepthwiseConvolution: Sendable {
  /// The dimensions of the convolution.
  package let geometry: ConvolutionGeometry
  private let columns: Range<Int>

  /// Creates a convolution for `geometry`.
  package init(_ geometry: ConvolutionGeometry) {
    precondition(
      geometry.inputChannels == geometry.outputChannels && geometry.upsampling == 1, "not a depthwise convolution")
    self.geometry = geometry
    columns = Self.interior(geometry)
  }

  /// Returns the output columns whose windows lie within the stored row.
  static func interior(_ geometry: ConvolutionGeometry) -> Range<Int> {
    let first = min((geometry.padding + geometry.stride - 1) / geometry.stride, geometry.outputWidth)
    let room = geometry.width + geometry.padding - geometry.kernel
    let last = room < 0 ? first : min(room / geometry.stride + 1, geometry.outputWidth)
    return first..<max(first, last)
  }

  /// The number of floats of a weight packed by ``prepareWeight(_:into:)``: `k·k·C`.
  package var preparedWeightCount: Int { geometry.kernel * geometry.kernel * geometry.inputChannels }

  /// Packs a weight `[C, 1, k, k]` as `[k, k, C]`.
  package func prepareWeight(_ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>) {
    let taps = geometry.kernel * geometry.kernel
    for channel in 0..<geometry.inputChannels {
      for tap in 0..<taps { prepared[tap * geometry.inputChannels + channel] = weight[channel * taps + tap] }
    }
  }

  /// Computes the output, `[N, Ho, Wo, C]`, from `input`, `[N, H, W, C]`. Allocates nothing.
  package func forward(
    _ input: UnsafePointer<Float>, preparedWeight: UnsafePointer<Float>, epilogue: ConvolutionEpilogue,
    output: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let rowCount = geometry.outputWidth * geometry.outputChannels
    pool.parallelFor(geometry.batch * geometry.outputHeight) { index in
      let image = input + index / geometry.outputHeight * geometry.inputImageCount
      let row = output + index * rowCount
      if geometry.kernel == 3 {
        forwardRow3(image, preparedWeight, epilogue, row, y: index % geometry.outputHeight)
      } else {
        forwardPixels(
          image, preparedWeight, epilogue, row, y: index % geometry.outputHeight, columns: 0..<geometry.outputWidth)
      }
    }
  }

  /// Computes a row of a 3×3 convolution. Between the borders, the nine weights of eight channels stay in registers.
  @inline(__always)
  private func forwardRow3(
    _ image: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epilogue: ConvolutionEpilogue,
    _ row: UnsafeMutablePointer<Float>, y: Int
  ) {
    let channels = geometry.inputChannels
    let top = y * geometry.stride
    let rows = (Int(geometry.rowMap[top]), Int(geometry.rowMap[top + 1]), Int(geometry.rowMap[top + 2]))
    guard min(rows.0, rows.1, rows.2) >= 0, !columns.isEmpty else {
      return forwardPixels(image, weight, epilogue, row, y: y, columns: 0..<geometry.outputWidth)
    }
    forwardPixels(image, weight, epilogue, row, y: y, columns: 0..<columns.lowerBound)
    forwardPixels(image, weight, epilogue, row, y: y, columns: columns.upperBound..<geometry.outputWidth)
    let left = (columns.lowerBound * geometry.stride - geometry.padding) * channels
    let step = geometry.stride * channels
    var channel = 0
    while channel < channels {
      let count = min(laneCount, channels - channel)
      let w = weight + channel
      let w00 = load(w, count: count)
      let w01 = load(w + channels, count: count)
      let w02 = load(w + 2 * channels, count: count)
      let w10 = load(w + 3 * channels, count: count)
      let w11 = load(w + 4 * channels, count: count)
      let w12 = load(w + 5 * channels, count: count)
      let w20 = load(w + 6 * channels, count: count)
      let w21 = load(w + 7 * channels, count: count)
      let w22 = load(w + 8 * channels, count: count)
      let bias = epilogue.bias.map { load($0 + channel, count: count) } ?? .zero
      var upper = image + rows.0 * geometry.width * channels + left + channel
      var middle = image + rows.1 * geometry.width * channels + left + channel
      var lower = image + rows.2 * geometry.width * channels + left + channel
      var target = row + columns.lowerBound * channels + channel
      for _ in columns {
        var sum = bias
        sum.addProduct(load(upper, count: count), w00)
        sum.addProduct(load(upper + channels, count: count), w01)
        sum.addProduct(load(upper + 2 * channels, count: count), w02)
        sum.addProduct(load(middle, count: count), w10)
        sum.addProduct(load(middle + channels, count: count), w11)
        sum.addProduct(load(middle + 2 * channels, count: count), w12)
        sum.addProduct(load(lower, count: count), w20)
        sum.addProduct(load(lower + channels, count: count), w21)
        sum.addProduct(load(lower + 2 * channels, count: count), w22)
        store(epilogue.appliesReLU ? rectified(sum) : sum, target, count: count)
        upper += step
        middle += step
        lower += step
        target += channels
      }
      channel += laneCount
    }
  }

  /// Computes any pixels of any kernel through the maps of the padding.
  private func forwardPixels(
    _ image: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epilogue: ConvolutionEpilogue,
    _ row: UnsafeMutablePointer<Float>, y: Int, columns: Range<Int>
  ) {
    let channels = geometry.inputChannels
    for x in columns {
      var channel = 0
      while channel < channels {
        let count = min(laneCount, channels - channel)
        var sum = epilogue.bias.map { load($0 + channel, count: count) } ?? .zero
        for i in 0..<geometry.kernel {
          let sourceRow = Int(geometry.rowMap[y * geometry.stride + i])
          if sourceRow < 0 { continue }
          for j in 0..<geometry.kernel {
            let sourceColumn = Int(geometry.columnMap[x * geometry.stride + j])
            if sourceColumn < 0 { continue }
            sum.addProduct(
              load(image + (sourceRow * geometry.width + sourceColumn) * channels + channel, count: count),
              load(weight + (i * geometry.kernel + j) * channels + channel, count: count))
          }
        }
        store(epilogue.appliesReLU ? rectified(sum) : sum, row + x * channels + channel, count: count)
        channel += laneCount
      }
    }
  }
}
