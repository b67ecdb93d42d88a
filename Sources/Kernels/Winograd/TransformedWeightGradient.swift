import Threading

/// The gradient of a 3×3 weight in the domain in which the forward kernel multiplies: Winograd's, or that of the nine
/// products of nearest ×2 upsampling.
///
/// Forward, `y = Aᵀ·((G·w·Gᵀ) ⊙ (Bᵀ·x·B))·A`; hence `dw = Gᵀ·dU·G` with `dU = Σ (Bᵀ·x·B) ⊗ (A·dy·Aᵀ)` over all tiles:
/// one matrix product for each of the points² planes, whose inner dimension is the tiles. A chunk of tiles is
/// transformed, then multiplied. The data of a chunk stays within ``chunkCount``. The order of the sums depends only on
/// the dimensions.
enum TransformedWeightGradient<Input: AxisTransform, Output: AxisTransform> {
  /// The number of floats in a chunk's transformed inputs and gradients, which pass between loops through the
  /// third-level cache.
  private static var chunkCount: Int { 1 << 20 }

  private static var planes: Int { Input.points * Input.points }

  /// The division of the tiles, and the offsets of intermediate results in floats.
  private struct Layout {
    let tilesPerRow: Int
    let tilesPerImage: Int
    let tiles: Int
    let tilesPerChunk: Int
    let inputsPerRead: Int
    let outputsPerRead: Int
    /// The number of columns of a product: two panels of 16, which vectors of 16 process together, or one of 8.
    let outputsPerProduct: Int
    let inputPlane: Int
    let outputPlane: Int
    let gradientPlane: Int
    /// The floats of each thread: the patch, or the products of its columns.
    let privateCount: Int

    init(_ geometry: ConvolutionGeometry) {
      let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
      tilesPerRow = (geometry.outputWidth + Output.step - 1) / Output.step
      tilesPerImage = tilesPerRow * ((geometry.outputHeight + Output.step - 1) / Output.step)
      tiles = geometry.batch * tilesPerImage
      let most = max(tilesPerRun, chunkCount / (planes * (inputs + outputs)))
      let chunks = (tiles + most - 1) / most
      tilesPerChunk = (tiles + chunks - 1) / chunks
      inputsPerRead = inputs % 16 == 0 ? 16 : 8
      outputsPerRead = outputs % 16 == 0 ? 16 : 8
      outputsPerProduct = outputsPerRead == 16 ? 32 : 8
      inputPlane = tilesPerChunk * inputs + 16
      outputPlane = tilesPerChunk * outputs + 16
      gradientPlane = inputs * outputs
      privateCount = max(
        Input.patchCount(tiles: tilesPerRun, channels: inputsPerRead),
        Output.patchCount(tiles: tilesPerRun, channels: outputsPerRead), (inputs + 12) * outputsPerProduct)
    }
  }

  /// The number of tiles that are transformed at a time.
  private static var tilesPerRun: Int { 12 }

  /// Returns the floats of scratch space on a pool of `threads`.
  static func scratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    let layout = Layout(geometry)
    return planes * (layout.inputPlane + layout.outputPlane + layout.gradientPlane) + threads * layout.privateCount
  }

  /// `dWeight += ∂(input ∗ weight)/∂weight · dOutput` as `[O, I, 3, 3]`. `matrix` is `G`, `[points][3]`.
  ///
  /// `reader` reads the input as the forward kernel does.
  static func run(
    _ reader: PatchReader, dOutput: ActivationInput, _ geometry: ConvolutionGeometry, matrix: [[Double]],
    dWeight: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let layout = Layout(geometry)
    let outputReader = PatchReader(
      dOutput,
      ConvolutionGeometry(
        batch: geometry.batch, height: geometry.outputHeight, width: geometry.outputWidth,
        inputChannels: geometry.outputChannels, outputChannels: geometry.outputChannels, kernel: 1, padding: 0,
        paddingMode: .zeros))
    let gradient = scratch
    let transformed = gradient + planes * layout.gradientPlane
    let products = transformed + planes * layout.inputPlane
    let patches = products + planes * layout.outputPlane
    var first = 0
    while first < layout.tiles {
      let end = min(first + layout.tilesPerChunk, layout.tiles)
      let (start, count) = (first, end - first)
      pool.parallelFor((count + tilesPerRun - 1) / tilesPerRun) { run, thread in
        transform(
          reader, outputReader, layout, geometry, from: start + run * tilesPerRun,
          to: min(start + (run + 1) * tilesPerRun, end), chunk: start, patch: patches + thread * layout.privateCount,
          inputs: transformed, outputs: products)
      }
      pool.parallelFor(planes) { plane, thread in
        multiply(
          transformed + plane * layout.inputPlane, products + plane * layout.outputPlane, layout, geometry,
          tiles: count, isFirst: start == 0, temporary: patches + thread * layout.privateCount,
          into: gradient + plane * layout.gradientPlane)
      }
      first = end
    }
    addFilterGradient(gradient, layout, geometry, matrix: matrix.flatMap { $0.map(Float.init) }, to: dWeight, pool)
  }

  /// Transforms the input and the output's gradient of tiles `from ..< end`, counted over the batch, of the chunk that
  /// begins at `chunk`.
  private static func transform(
    _ reader: PatchReader, _ outputReader: PatchReader, _ layout: Layout, _ geometry: ConvolutionGeometry,
    from: Int, to end: Int, chunk: Int, patch: UnsafeMutablePointer<Float>, inputs: UnsafeMutablePointer<Float>,
    outputs: UnsafeMutablePointer<Float>
  ) {
    let nothing = PixelRectangle(rows: 0..<0, columns: 0..<0)
    var tile = from
    while tile < end {
      let image = tile / layout.tilesPerImage
      let position = tile % layout.tilesPerImage
      let (row, column) = (position / layout.tilesPerRow, position % layout.tilesPerRow)
      let count = min(end - tile, layout.tilesPerRow - column)
      Input.transformTiles(
        reader, image: image, row: row * Input.step, column: column * Input.step, tiles: count,
        channels: geometry.inputChannels, atATime: layout.inputsPerRead, owned: nothing, patch: patch,
        into: inputs + (tile - chunk) * geometry.inputChannels,
        TilePlacement(plane: layout.inputPlane, tile: geometry.inputChannels))
      // In panels of the channels that are read at a time.
      Output.transformTiles(
        outputReader, image: image, row: row * Output.step, column: column * Output.step, tiles: count,
        channels: geometry.outputChannels, atATime: layout.outputsPerRead, owned: nothing, patch: patch,
        into: outputs + (tile - chunk) * layout.outputsPerRead,
        TilePlacement(
          plane: layout.outputPlane, tile: layout.outputsPerRead, channel: layout.tilesPerChunk))
      tile += count
    }
  }

  /// Adds the products of a plane to its `[I][O]`, or initializes it with them. Inputs are `[tile][I]`, outputs
  /// `[O/16][tile][16]`.
  private static func multiply(
    _ inputs: UnsafePointer<Float>, _ outputs: UnsafePointer<Float>, _ layout: Layout, _ geometry: ConvolutionGeometry,
    tiles: Int, isFirst: Bool, temporary: UnsafeMutablePointer<Float>, into gradient: UnsafeMutablePointer<Float>
  ) {
    let rows = MicrokernelRows(row: 1, segment: 0, segments: 1, depth: tiles)
    let panel = layout.outputsPerRead * layout.tilesPerChunk
    var channel = 0
    while channel < geometry.outputChannels {
      let columns = min(layout.outputsPerProduct, geometry.outputChannels - channel)
      multiplyPanels(
        geometry.inputChannels, columns: columns, inputs, rows, element: geometry.inputChannels,
        outputs + channel * layout.tilesPerChunk, panel: panel, into: temporary, stride: columns)
      for input in 0..<geometry.inputChannels {
        for lane in stride(from: 0, to: columns, by: laneCount) {
          let target = gradient + input * geometry.outputChannels + channel + lane
          let value = load(temporary + input * columns + lane)
          store(isFirst ? value : value + load(target), target)
        }
      }
      channel += columns
    }
  }

  /// `dWeight += Gᵀ·dU·G` for each pair of channels. `gradient` is `[points²][I][O]`.
  private static func addFilterGradient(
    _ gradient: UnsafePointer<Float>, _ layout: Layout, _ geometry: ConvolutionGeometry, matrix: [Float],
    to dWeight: UnsafeMutablePointer<Float>, _ pool: ComputePool
  ) {
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    let points = Input.points
    matrix.withUnsafeBufferPointer { g in
      pool.parallelFor(outputs / laneCount) { block in
        withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 3 * points) { half in
          for input in 0..<inputs {
            let source = gradient + input * outputs + block * laneCount
            for row in 0..<points {
              var (a, b, c) = (Lanes.zero, Lanes.zero, Lanes.zero)
              for column in 0..<points {
                let value = load(source + (row * points + column) * layout.gradientPlane)
                a = a.addingProduct(Lanes(repeating: g[3 * column]), value)
                b = b.addingProduct(Lanes(repeating: g[3 * column + 1]), value)
                c = c.addingProduct(Lanes(repeating: g[3 * column + 2]), value)
              }
              (half[3 * row], half[3 * row + 1], half[3 * row + 2]) = (a, b, c)
            }
            for tap in 0..<9 {
              var sum = Lanes.zero
              for row in 0..<points {
                sum = sum.addingProduct(Lanes(repeating: g[3 * row + tap / 3]), half[3 * row + tap % 3])
              }
              for lane in 0..<laneCount {
                dWeight[((block * laneCount + lane) * inputs + input) * 9 + tap] += sum[lane]
              }
            }
          }
        }
      }
    }
  }
}
