import Threading

/// The weight gradient of ``WinogradConvolution``: `dU = Vᵀ dM` for each of the 36 planes, then `dW = Gᵀ dU G`.
extension WinogradConvolution {
  /// Gradients are summed in this many groups of strips, each in order, then over the groups in order.
  private static let gradientGroups = 4

  /// Floats of scratch for ``backwardWeight(_:dOutput:_:dWeight:scratch:pool:)``.
  public static func backwardWeightScratchCount(_ geometry: ConvolutionGeometry) -> Int {
    let tiling = Tiling(geometry)
    return gradientGroups
      * (planes * (tiling.inputPlane + tiling.outputPlane) + transformedWeightCount(geometry))
  }

  /// `dWeight += ∂(input ∗ weight)/∂weight · dOutput`, as `[O, I, 3, 3]`.
  public static func backwardWeight(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, _ geometry: ConvolutionGeometry,
    dWeight: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let tiling = Tiling(geometry)
    let weightPlane = tiling.inputChannels * tiling.outputChannels
    let gradientCount = planes * weightPlane
    let perGroup = planes * (tiling.inputPlane + tiling.outputPlane) + gradientCount
    PatchGather.with(geometry) { patches in
      pool.parallelFor(gradientGroups) { group in
        let gradient = scratch + group * perGroup
        let transformed = gradient + gradientCount
        let products = transformed + planes * tiling.inputPlane
        gradient.update(repeating: 0, count: gradientCount)
        let first = group * tiling.stripCount / gradientGroups
        let last = (group + 1) * tiling.stripCount / gradientGroups
        for strip in first..<last {
          let tiles = tiling.tiles(ofStrip: strip)
          transformInput(input, patches, tiling, tiles: tiles, into: transformed)
          transformOutputGradient(dOutput, geometry, tiling, tiles: tiles, into: products)
          for plane in 0..<planes {
            MatrixProduct.multiply(
              .init(transformed + plane * tiling.inputPlane, stride: tiling.inputChannels, transposed: true),
              .init(products + plane * tiling.outputPlane, stride: tiling.outputChannels),
              rows: tiling.inputChannels, columns: tiling.outputChannels, inner: tiles.count,
              into: gradient + plane * weightPlane, stride: tiling.outputChannels, accumulate: true)
          }
        }
      }
    }
    for group in 1..<gradientGroups {
      Pointwise.accumulate(scratch + group * perGroup, into: scratch, count: gradientCount)
    }
    addFilterGradient(scratch, geometry, tiling, to: dWeight)
  }

  /// Writes `A dy Aᵀ` of each tile as one row of each of the 36 matrices `[tiles, O]`; outputs beyond the border count as 0.
  private static func transformOutputGradient(
    _ dOutput: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, _ tiling: Tiling, tiles: Range<Int>,
    into products: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.outputChannels
    let plane = tiling.outputPlane
    let rowStride = geometry.outputWidth * channels
    withUnsafeTemporaryAllocation(of: Lanes.self, capacity: patch * tile) { half in
      for index in tiles {
        let position = index % tiling.tilesPerImage
        let top = position / tiling.columns * tile
        let left = position % tiling.columns * tile
        let rows = min(tile, geometry.outputHeight - top)
        let columns = min(tile, geometry.outputWidth - left)
        let source =
          dOutput + index / tiling.tilesPerImage * geometry.outputImageCount + top * rowStride + left * channels
        let target = products + (index - tiles.lowerBound) * tiling.outputChannels
        var channel = 0
        while channel < channels {
          let count = min(laneCount, channels - channel)
          for column in 0..<tile {
            let pixel = source + column * channels + channel
            let isInside = column < columns
            let result = WinogradTransforms.outputGradient(
              (
                isInside ? load(pixel, count: count) : .zero,
                isInside && rows > 1 ? load(pixel + rowStride, count: count) : .zero,
                isInside && rows > 2 ? load(pixel + 2 * rowStride, count: count) : .zero,
                isInside && rows > 3 ? load(pixel + 3 * rowStride, count: count) : .zero
              ))
            half[column] = result.0
            half[tile + column] = result.1
            half[2 * tile + column] = result.2
            half[3 * tile + column] = result.3
            half[4 * tile + column] = result.4
            half[5 * tile + column] = result.5
          }
          for row in 0..<patch {
            let result = WinogradTransforms.outputGradient(
              (half[row * tile], half[row * tile + 1], half[row * tile + 2], half[row * tile + 3]))
            let destination = target + row * patch * plane + channel
            store(result.0, destination)
            store(result.1, destination + plane)
            store(result.2, destination + 2 * plane)
            store(result.3, destination + 3 * plane)
            store(result.4, destination + 4 * plane)
            store(result.5, destination + 5 * plane)
          }
          channel += laneCount
        }
      }
    }
  }

  /// `dWeight += Gᵀ dU G` for each pair of channels.
  private static func addFilterGradient(
    _ gradient: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, _ tiling: Tiling,
    to dWeight: UnsafeMutablePointer<Float>
  ) {
    let weightPlane = tiling.inputChannels * tiling.outputChannels
    let matrix = WinogradTransforms.filterMatrix.flatMap { $0 }
    matrix.withUnsafeBufferPointer { g in
      for output in 0..<geometry.outputChannels {
        for input in 0..<geometry.inputChannels {
          let source = gradient + input * tiling.outputChannels + output
          let target = dWeight + (output * geometry.inputChannels + input) * 9
          for row in 0..<3 {
            for column in 0..<3 {
              var sum: Float = 0
              for i in 0..<patch {
                var inner: Float = 0
                for j in 0..<patch { inner += source[(i * patch + j) * weightPlane] * g[j * 3 + column] }
                sum += g[i * 3 + row] * inner
              }
              target[row * 3 + column] += sum
            }
          }
        }
      }
    }
  }
}
