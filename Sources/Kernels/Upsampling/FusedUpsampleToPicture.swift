import Threading

/// The last layer where it is nearest ×2 upsampling and a 3×3 convolution to RGB: the four pixels of a block as twelve channels.
///
/// ``UpsamplePhases`` makes it a 3×3 convolution to 12 channels, whose results go into the picture while they are in the cache:
/// neither the upsampled input nor the twelve channels ever exist as a whole.
enum FusedUpsampleToPicture {
  private typealias Tile = WinogradTile6
  /// Red and green of a block's four pixels, then blue and four zeros.
  private static let channels = 16

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    FusedUpsampleConvolution.supports(geometry) && geometry.outputChannels == 3
      && geometry.inputChannels % laneCount == 0 && geometry.inputChannels <= FusedWinograd.Layout.mostChannels
      && geometry.batch == 1
  }

  private struct Layout {
    let geometry: ConvolutionGeometry
    let winograd: FusedWinograd.Layout
    let strip: FusedWinograd.Strip
    /// Columns of the pixels that a strip writes at a time, `[2][6][column][8]`.
    let columns: Int

    init(_ geometry: ConvolutionGeometry) {
      self.geometry = ConvolutionGeometry(beforeUpsamplingOf: geometry, outputChannels: channels)
      winograd = FusedWinograd.Layout(self.geometry, Tile.self)
      strip = FusedWinograd.Strip(self.geometry, winograd, Tile.self)
      columns = winograd.tilesPerStrip * Tile.outputs
    }

    /// Floats between the two vectors of a block.
    var plane: Int { Tile.outputs * columns * laneCount }
    var scratchCount: Int { strip.scratchCount + 2 * plane }
  }

  static func scratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    threads * Layout(geometry).scratchCount
  }

  // MARK: Weights

  static func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    FusedWinograd.packedWeightCount(Layout(geometry).geometry, Tile.self)
  }

  /// Writes `[3, I, 3, 3]` as the weight of ``FusedWinograd`` for twelve channels.
  static func packWeight(
    _ weight: FilterWeight, _ geometry: ConvolutionGeometry, into packed: UnsafeMutablePointer<Float>
  ) {
    let layout = Layout(geometry)
    UpsamplePhases.withWeight(weight, channels: 12, { (channel: $0 / 4, phase: $0 % 4) }) {
      FusedWinograd.packWeight($0, layout.geometry, Tile.self, into: packed, pool: nil)
    }
  }

  // MARK: Forward

  static func forward(
    _ input: ActivationInput, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, scaling: PictureScaling, picture: PictureOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let layout = Layout(geometry)
    let reader = PatchReader(input, layout.geometry)
    let tasks = layout.winograd.strips(1)
    let (colours, blue) = (biasLanes(bias, first: 0), biasLanes(bias, first: 2))
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      for number in tasks.strips(of: task) {
        let first = number * layout.winograd.tilesPerStrip
        let tiles = first..<min(first + layout.winograd.tilesPerStrip, layout.winograd.tilesPerImage)
        FusedWinograd.forwardStrip(
          layout.strip, reader, layout.geometry, Tile.self, image: 0, tiles: tiles, weight: weight, scratch: scratch
        ) {
          write(
            $0, layout, tiles: tiles, colours: colours, blue: blue, scaling: scaling, picture: picture,
            pixels: scratch + layout.strip.scratchCount)
        }
      }
    }
  }

  /// The biases of two colours from `first` on, each of four pixels; zeros where there is none.
  private static func biasLanes(_ bias: UnsafePointer<Float>?, first: Int) -> Lanes {
    guard let bias else { return .zero }
    return Lanes(
      lowHalf: SIMD4(repeating: bias[first]), highHalf: first + 1 < 3 ? SIMD4(repeating: bias[first + 1]) : .zero)
  }

  /// Transforms a strip's columns back and writes their blocks of pixels.
  @inline(__always)
  private static func write(
    _ halves: UnsafePointer<Float>, _ layout: Layout, tiles: Range<Int>, colours: Lanes, blue: Lanes,
    scaling: PictureScaling, picture: PictureOutput, pixels: UnsafeMutablePointer<Float>
  ) {
    let writer = ColumnWriter(plane: layout.strip.outputPlane, pixel: laneCount, row: layout.columns * laneCount)
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(
        from: tile, to: tiles.upperBound, tilesPerRow: layout.winograd.tilesPerRow, outputs: Tile.outputs)
      let rows = min(Tile.outputs, layout.geometry.outputHeight - run.top)
      let columns = min(Tile.outputs * run.tiles, layout.geometry.outputWidth - run.left)
      for block in 0..<2 {
        let bias = block == 0 ? colours : blue
        let source =
          halves + laneCount * (block * layout.strip.outputColumns + (tile - tiles.lowerBound) * Tile.outputs)
        writer.write(source, Tile.self, rows: rows, columns: columns, to: pixels + block * layout.plane) { value, _ in
          value + bias
        }
      }
      // Blocks that the picture does not have are left out.
      let shown = min(columns, (picture.width + 1) / 2 - run.left)
      for row in 0..<rows where shown > 0 {
        let line = pixels + row * layout.columns * laneCount
        picture.writeBlocks2(
          columns: shown, row: 2 * (run.top + row), column: 2 * run.left, limit: 2 * (run.left + columns),
          scaling: scaling
        ) { load(line + $0 * layout.plane + $1 * laneCount) }
      }
      tile += run.tiles
    }
  }
}
