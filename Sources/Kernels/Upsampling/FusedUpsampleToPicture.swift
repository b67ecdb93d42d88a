import Threading

/// The last layer if it is nearest ×2 upsampling and a 3×3 convolution to RGB: the four pixels of a block are computed
/// as twelve channels.
///
/// ``UpsamplePhases`` converts it to a 3×3 convolution to 12 channels. The results are written to the picture while
/// they are in the cache; neither the upsampled input nor the twelve channels are ever stored as a whole.
struct FusedUpsampleToPicture: ConvolutionKernel {
  private typealias Tile = WinogradTile6
  /// Red and green of a block's four pixels, then blue and four zeros.
  private static let channels = 16

  let geometry: ConvolutionGeometry
  /// The convolution before the upsampling.
  private let winograd: FusedWinograd<Tile>
  /// The number of columns that a strip writes at a time, `[2][6][column][8]`.
  private let columns: Int

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.isUpsampled3x3 && geometry.outputChannels == 3 && geometry.inputChannels % laneCount == 0
      && geometry.inputChannels <= WinogradLayout.maximumChannels && geometry.batch == 1
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    winograd = FusedWinograd(ConvolutionGeometry(beforeUpsamplingOf: geometry, outputChannels: Self.channels))
    columns = winograd.layout.tilesPerStrip * Tile.outputs
  }

  /// The number of floats between the two vectors of a block.
  private var plane: Int { Tile.outputs * columns * laneCount }

  func scratchCount(threads: Int) -> Int { threads * (winograd.strip.scratchCount + 2 * plane) }
  var taskCount: Int { winograd.taskCount }

  // MARK: Weights

  var packedWeightCount: Int { winograd.packedWeightCount }

  /// Packs `[3, I, 3, 3]` as the weight of ``FusedWinograd`` for twelve channels.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    UpsamplePhases.withWeight(weights[0], channels: 12, { (channel: $0 / 4, phase: $0 % 4) }) {
      winograd.packWeight($0, into: packed, pool: pool)
    }
  }

  // MARK: Forward

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: PictureOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (layout, perThread) = (winograd.layout, scratchCount(threads: 1))
    let reader = PatchReader(input, winograd.geometry)
    let tasks = layout.strips(1)
    let (colours, blue) = (Self.biasLanes(output.bias, first: 0), Self.biasLanes(output.bias, first: 2))
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * perThread
      for number in tasks.strips(of: task) {
        let first = number * layout.tilesPerStrip
        let tiles = first..<min(first + layout.tilesPerStrip, layout.tilesPerImage)
        winograd.forwardStrip(reader, image: 0, tiles: tiles, weight: weight, scratch: scratch) {
          write(
            $0, tiles: tiles, colours: colours, blue: blue, picture: output,
            pixels: scratch + winograd.strip.scratchCount)
        }
      }
    }
  }

  /// Returns the biases of two colours from `first`, each for four pixels, and zeros for colours that do not exist.
  private static func biasLanes(_ bias: UnsafePointer<Float>?, first: Int) -> Lanes {
    guard let bias else { return .zero }
    return Lanes(
      lowHalf: SIMD4(repeating: bias[first]), highHalf: first + 1 < 3 ? SIMD4(repeating: bias[first + 1]) : .zero)
  }

  /// Applies the inverse transform to the columns of a strip and writes their blocks of pixels.
  @inline(__always)
  private func write(
    _ halves: UnsafePointer<Float>, tiles: Range<Int>, colours: Lanes, blue: Lanes, picture: PictureOutput,
    pixels: UnsafeMutablePointer<Float>
  ) {
    let (geometry, strip, lineCount, plane) = (winograd.geometry, winograd.strip, columns * laneCount, plane)
    let writer = ColumnWriter(plane: strip.outputPlane, pixel: laneCount, row: lineCount)
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(
        from: tile, to: tiles.upperBound, tilesPerRow: winograd.layout.tilesPerRow, outputs: Tile.outputs)
      let rows = min(Tile.outputs, geometry.outputHeight - run.top)
      let columns = min(Tile.outputs * run.tiles, geometry.outputWidth - run.left)
      for block in 0..<2 {
        let bias = block == 0 ? colours : blue
        let source =
          halves + laneCount * (block * strip.outputColumns + (tile - tiles.lowerBound) * Tile.outputs)
        writer.write(source, Tile.self, rows: rows, columns: columns, to: pixels + block * plane) { value, _ in
          value + bias
        }
      }
      // Skip blocks outside the picture.
      let shown = min(columns, (picture.width + 1) / 2 - run.left)
      for row in 0..<rows where shown > 0 {
        let line = pixels + row * lineCount
        picture.writeBlocks2(
          columns: shown, row: 2 * (run.top + row), column: 2 * run.left, limit: 2 * (run.left + columns)
        ) { load(line + $0 * plane + $1 * laneCount) }
      }
      tile += run.tiles
    }
  }
}
