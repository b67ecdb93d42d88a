import Threading

/// 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3), the products as 36 matrix products for a strip of tiles.
///
/// Strips are cut from the geometry alone: results are the same bits for any number of threads. Against a convolution
/// in double precision the error stays near 1e-5 of the output's range (direct single precision: 3e-6).
public enum WinogradConvolution {
  /// The side of an output tile.
  static let tile = 4
  /// The side of an input patch.
  static let patch = 6
  /// The number of products, and of matrices, for one tile.
  static let planes = patch * patch

  /// Floats that keep the planes from lying a multiple of 4 KiB apart, where they would evict one another.
  private static let planePadding = 16

  /// Whether the algorithm computes `geometry`.
  public static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.kernel == 3 && geometry.stride == 1
  }

  /// The grid of tiles over a batch and its cut into strips.
  struct Tiling {
    let columns: Int
    let tilesPerImage: Int
    let tileCount: Int
    let stripLength: Int
    let stripCount: Int
    let inputChannels: Int
    let outputChannels: Int

    init(_ geometry: ConvolutionGeometry) {
      columns = (geometry.outputWidth + tile - 1) / tile
      tilesPerImage = columns * ((geometry.outputHeight + tile - 1) / tile)
      tileCount = tilesPerImage * geometry.batch
      inputChannels = paddedToLanes(geometry.inputChannels)
      outputChannels = paddedToLanes(geometry.outputChannels)
      // Wide layers want more tiles, which share the read of the weights; narrow ones want a strip that stays in the cache.
      let cached = (1 << 20) / (planes * (inputChannels + outputChannels) * MemoryLayout<Float>.stride)
      stripLength = min(max(cached, 48), tileCount)
      stripCount = (tileCount + stripLength - 1) / stripLength
    }

    var inputPlane: Int { stripLength * inputChannels + planePadding }
    var outputPlane: Int { stripLength * outputChannels + planePadding }

    func tiles(ofStrip strip: Int) -> Range<Int> {
      strip * stripLength..<min((strip + 1) * stripLength, tileCount)
    }
  }

  // MARK: Weights

  /// Floats of a transformed weight.
  public static func transformedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    planes * paddedToLanes(geometry.inputChannels) * paddedToLanes(geometry.outputChannels)
  }

  /// Transforms a weight `[O, I, 3, 3]` into 36 matrices `[I, O]`, both extents rounded up to 8 with zeros.
  public static func transformWeight(
    _ weight: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, into transformed: UnsafeMutablePointer<Float>
  ) {
    let inputs = paddedToLanes(geometry.inputChannels)
    let outputs = paddedToLanes(geometry.outputChannels)
    let plane = inputs * outputs
    transformed.update(repeating: 0, count: planes * plane)
    let matrix = WinogradTransforms.filterMatrix.flatMap { $0 }
    matrix.withUnsafeBufferPointer { g in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: patch * 3) { half in
        for output in 0..<geometry.outputChannels {
          for input in 0..<geometry.inputChannels {
            let filter = weight + (output * geometry.inputChannels + input) * 9
            for row in 0..<patch {
              for column in 0..<3 {
                half[row * 3 + column] =
                  g[row * 3] * filter[column] + g[row * 3 + 1] * filter[3 + column] + g[row * 3 + 2]
                  * filter[6 + column]
              }
            }
            let target = transformed + input * outputs + output
            for row in 0..<patch {
              for column in 0..<patch {
                target[(row * patch + column) * plane] =
                  half[row * 3] * g[column * 3] + half[row * 3 + 1] * g[column * 3 + 1]
                  + half[row * 3 + 2] * g[column * 3 + 2]
              }
            }
          }
        }
      }
    }
  }

  // MARK: Forward

  /// Floats of scratch for ``forward(_:_:transformedWeight:epilogue:output:scratch:pool:)``.
  public static func forwardScratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    let tiling = Tiling(geometry)
    return threads * planes * (tiling.inputPlane + tiling.outputPlane)
  }

  /// `output = epilogue(input ∗ weight)`: input `[N, H, W, I]`, output `[N, Ho, Wo, O]`.
  public static func forward(
    _ input: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, transformedWeight: UnsafePointer<Float>,
    epilogue: ConvolutionEpilogue, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    pool: ComputePool
  ) {
    let tiling = Tiling(geometry)
    let perThread = planes * (tiling.inputPlane + tiling.outputPlane)
    let weightPlane = tiling.inputChannels * tiling.outputChannels
    PatchGather.with(geometry) { patches in
      pool.parallelFor(tiling.stripCount) { strip, thread in
        let transformed = scratch + thread * perThread
        let products = transformed + planes * tiling.inputPlane
        let tiles = tiling.tiles(ofStrip: strip)
        transformInput(input, patches, tiling, tiles: tiles, into: transformed)
        for plane in 0..<planes {
          MatrixProduct.multiply(
            .init(transformed + plane * tiling.inputPlane, stride: tiling.inputChannels),
            .init(transformedWeight + plane * weightPlane, stride: tiling.outputChannels), rows: tiles.count,
            columns: tiling.outputChannels, inner: tiling.inputChannels, into: products + plane * tiling.outputPlane,
            stride: tiling.outputChannels)
        }
        transformOutput(products, geometry, tiling, tiles: tiles, epilogue: epilogue, into: output)
      }
    }
  }

  /// Writes `Bᵀ d B` of each tile's patch as one row of each of the 36 matrices `[tiles, I]`.
  static func transformInput(
    _ input: UnsafePointer<Float>, _ patches: PatchGather, _ tiling: Tiling, tiles: Range<Int>,
    into transformed: UnsafeMutablePointer<Float>
  ) {
    let geometry = patches.geometry
    let channels = geometry.inputChannels
    let plane = tiling.inputPlane
    withUnsafeTemporaryAllocation(of: Float.self, capacity: paddedToLanes(channels)) { zeroBuffer in
      guard let zeros = zeroBuffer.baseAddress else { return }
      zeros.update(repeating: 0, count: paddedToLanes(channels))
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: planes) { sources in
        withUnsafeTemporaryAllocation(of: Lanes.self, capacity: planes) { half in
          for index in tiles {
            locate(index, input, patches, tiling, zeros: UnsafePointer(zeros), into: sources)
            let target = transformed + (index - tiles.lowerBound) * tiling.inputChannels
            var channel = 0
            while channel < channels {
              let count = min(laneCount, channels - channel)
              for column in 0..<patch {
                let result = WinogradTransforms.input(
                  (
                    load(sources[column] + channel, count: count),
                    load(sources[patch + column] + channel, count: count),
                    load(sources[2 * patch + column] + channel, count: count),
                    load(sources[3 * patch + column] + channel, count: count),
                    load(sources[4 * patch + column] + channel, count: count),
                    load(sources[5 * patch + column] + channel, count: count)
                  ))
                half[column] = result.0
                half[patch + column] = result.1
                half[2 * patch + column] = result.2
                half[3 * patch + column] = result.3
                half[4 * patch + column] = result.4
                half[5 * patch + column] = result.5
              }
              for row in 0..<patch {
                let result = WinogradTransforms.input(
                  (
                    half[row * patch], half[row * patch + 1], half[row * patch + 2], half[row * patch + 3],
                    half[row * patch + 4], half[row * patch + 5]
                  ))
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
    }
  }

  /// The first channel of each of a tile's 36 input pixels; pixels in zero padding, or beyond the last tile's outputs, are
  /// `zeros`.
  @inline(__always)
  private static func locate(
    _ index: Int, _ input: UnsafePointer<Float>, _ patches: PatchGather, _ tiling: Tiling, zeros: UnsafePointer<Float>,
    into sources: UnsafeMutableBufferPointer<UnsafePointer<Float>>
  ) {
    let geometry = patches.geometry
    let image = input + index / tiling.tilesPerImage * geometry.inputImageCount
    let position = index % tiling.tilesPerImage
    let top = position / tiling.columns * tile
    let left = position % tiling.columns * tile
    for row in 0..<patch {
      let y = top + row < geometry.paddedHeight ? Int(patches.rows[top + row]) : -1
      for column in 0..<patch {
        let x = left + column < geometry.paddedWidth ? Int(patches.columns[left + column]) : -1
        sources[row * patch + column] =
          y < 0 || x < 0 ? zeros : image + (y * geometry.width + x) * geometry.inputChannels
      }
    }
  }

  /// Writes `Aᵀ m A` of each tile, after the epilogue, where the tile lies inside the output.
  private static func transformOutput(
    _ products: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, _ tiling: Tiling, tiles: Range<Int>,
    epilogue: ConvolutionEpilogue, into output: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.outputChannels
    let plane = tiling.outputPlane
    let rowStride = geometry.outputWidth * channels
    withUnsafeTemporaryAllocation(of: Lanes.self, capacity: tile * patch) { half in
      for index in tiles {
        let position = index % tiling.tilesPerImage
        let top = position / tiling.columns * tile
        let left = position % tiling.columns * tile
        let rows = min(tile, geometry.outputHeight - top)
        let columns = min(tile, geometry.outputWidth - left)
        let source = products + (index - tiles.lowerBound) * tiling.outputChannels
        let target =
          output + index / tiling.tilesPerImage * geometry.outputImageCount + top * rowStride + left * channels
        var channel = 0
        while channel < channels {
          let count = min(laneCount, channels - channel)
          for column in 0..<patch {
            let first = source + column * plane + channel
            let step = patch * plane
            let result = WinogradTransforms.output(
              (
                load(first), load(first + step), load(first + 2 * step), load(first + 3 * step),
                load(first + 4 * step), load(first + 5 * step)
              ))
            half[column] = result.0
            half[patch + column] = result.1
            half[2 * patch + column] = result.2
            half[3 * patch + column] = result.3
          }
          let bias = epilogue.bias.map { load($0 + channel, count: count) } ?? .zero
          for row in 0..<rows {
            let result = WinogradTransforms.output(
              (
                half[row * patch], half[row * patch + 1], half[row * patch + 2], half[row * patch + 3],
                half[row * patch + 4], half[row * patch + 5]
              ))
            let destination = target + row * rowStride + channel
            put(result.0, bias, epilogue.rectifies, destination, count)
            if columns > 1 { put(result.1, bias, epilogue.rectifies, destination + channels, count) }
            if columns > 2 { put(result.2, bias, epilogue.rectifies, destination + 2 * channels, count) }
            if columns > 3 { put(result.3, bias, epilogue.rectifies, destination + 3 * channels, count) }
          }
          channel += laneCount
        }
      }
    }
  }

  @inline(__always)
  private static func put(
    _ value: Lanes, _ bias: Lanes, _ rectifies: Bool, _ destination: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    let biased = value + bias
    store(rectifies ? rectified(biased) : biased, destination, count: count)
  }
}
