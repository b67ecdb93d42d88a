import Threading

/// The first layer: a convolution of stride 1 with a large kernel on a picture. Its k×k taps are split into 3×3 blocks
/// in the Winograd domain.
///
/// `out = Σ over blocks (a, b) of the 3×3 convolution of taps (3a…, 3b…)` on the input shifted by (3a, 3b). The
/// products of all blocks are added before a single inverse transform: 9×9 needs 48 products per output instead of 243.
/// Tiles of F(6,3) are 6 apart and blocks 3, so input tiles are transformed every 3 pixels and serve all blocks. With
/// only three channels, vectors run over the points of a tile instead of over channels.
struct FusedPictureWinograd: ConvolutionKernel {
  private typealias Tile = WinogradTile6
  private static let points = 8
  private static let channels = 3
  /// The number of floats of a transformed input tile in one plane column.
  private static let patch = channels * laneCount

  let geometry: ConvolutionGeometry
  private let layout: Layout

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    FusedPictureDirect.supports(geometry) && geometry.stride == 1
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = Layout(geometry)
  }

  private struct Layout {
    let blocks: Int
    let tilesPerRow: Int
    let tileRows: Int
    let tilesPerStrip: Int
    let stripsPerRow: Int
    let rows: Int
    let columns: Int
    let patches: Int
    let productPlane: Int

    init(_ geometry: ConvolutionGeometry) {
      blocks = (geometry.kernel + 2) / 3
      tilesPerRow = (geometry.outputWidth + Tile.outputs - 1) / Tile.outputs
      tileRows = (geometry.outputHeight + Tile.outputs - 1) / Tile.outputs
      stripsPerRow = (tilesPerRow + 11) / 12
      tilesPerStrip = min(12, tilesPerRow)
      rows = 3 * (blocks - 1) + points
      // Whole vectors of columns; the register tile reads up to 11 tiles beyond the last.
      columns = paddedToLanes(Tile.outputs * tilesPerStrip + 3 * blocks - 1)
      patches = 2 * 12 + blocks
      productPlane = 12 * geometry.outputChannels + 16
    }

    var pictureCount: Int { channels * rows * columns }
    /// The result of the column transform, `[column][8]`, and the block that is transposed into it.
    var columnCount: Int { columns * laneCount + points * laneCount }
    /// `[point][block row][tile][channel][8]`.
    var transformedCount: Int { points * blocks * patches * patch }
    var productCount: Int { points * points * productPlane }
    var tasks: StripTasks { StripTasks(strips: tileRows * stripsPerRow) }
    var scratchCount: Int {
      pictureCount + columnCount + transformedCount + productCount + points * points * laneCount
    }
  }

  func scratchCount(threads: Int) -> Int { threads * layout.scratchCount }
  var taskCount: Int { layout.tasks.tasks }

  // MARK: Weights

  var packedWeightCount: Int {
    Self.points * Self.points * layout.blocks * layout.blocks * Self.channels * geometry.outputChannels
  }

  /// Packs `[O, 3, k, k]` as `[O/16][point column][point row][block row][block column][3][16]`. Taps beyond `k` are
  /// zeros.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (weight, blocks, points, channels) = (weights[0], layout.blocks, Self.points, Self.channels)
    let depth = blocks * blocks * channels
    packed.update(repeating: 0, count: packedWeightCount)
    var block = [Float](repeating: 0, count: 9)
    for output in 0..<weight.outputChannels {
      let panel = output / 16 * 16
      let width = panelWidth(at: panel, of: geometry.outputChannels)
      let base = packed + panel * points * points * depth + output - panel
      for position in 0..<blocks * blocks {
        for channel in 0..<channels {
          let taps = weight.taps(output: output, input: channel)
          for tap in 0..<9 {
            let row = position / blocks * 3 + tap / 3
            let column = position % blocks * 3 + tap % 3
            block[tap] = row < weight.kernel && column < weight.kernel ? taps[row * weight.kernel + column] : 0
          }
          let transformed = Tile.transformedWeight(block)
          for index in 0..<points * points {
            // The planes of a point column share the cache lines of their input.
            let plane = index % points * points + index / points
            base[(plane * depth + position * channels + channel) * width] = Float(transformed[index])
          }
        }
      }
    }
  }

  // MARK: Forward

  func forward(
    _ picture: PictureReader, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, layout) = (geometry, layout)
    let tasks = layout.tasks
    let outputs = geometry.outputChannels
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      let moments = output.beginMoments(task: task, channels: outputs)
      for strip in tasks.strips(of: task) {
        let first = strip % layout.stripsPerRow * layout.tilesPerStrip
        let row = strip / layout.stripsPerRow * layout.tilesPerRow
        let run = TileRun(
          from: row + first, to: row + min(first + layout.tilesPerStrip, layout.tilesPerRow),
          tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
        Self.convolveStrip(
          picture, geometry, layout, run: run, weight: weight, output: output, moments: moments, scratch: scratch)
      }
    }
  }

  @inline(__always)
  private static func convolveStrip(
    _ reader: PictureReader, _ geometry: ConvolutionGeometry, _ layout: Layout, run: TileRun,
    weight: UnsafePointer<Float>, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let blocks = layout.blocks
    let pixels = scratch
    let columns = pixels + layout.pictureCount
    let transformed = columns + layout.columnCount
    let products = transformed + layout.transformedCount
    let temporary = products + layout.productCount
    let count = Tile.outputs * run.tiles + 3 * blocks - 1
    for row in 0..<layout.rows {
      reader.read(
        row: run.top + row, column: run.left, count: count, plane: layout.rows * layout.columns,
        into: pixels + row * layout.columns)
    }
    let planeStride = blocks * layout.patches * patch
    let patches = 2 * run.tiles + blocks - 2
    for channel in 0..<channels {
      for block in 0..<blocks {
        let source = pixels + (channel * layout.rows + 3 * block) * layout.columns
        transformColumns(source, rowStride: layout.columns, count: count, into: columns)
        for index in 0..<patches {
          Tile.transformInput(
            columns + 3 * index * laneCount, stride: laneCount,
            into: transformed + (block * layout.patches + index) * patch + channel * laneCount, stride: planeStride)
        }
      }
    }
    // Tiles are two patches apart and blocks one. Channels are contiguous, and the point rows are the eight lanes.
    let rows = MicrokernelRows(
      row: 2 * patch, segment: layout.patches * patch, segments: blocks, depth: blocks * channels)
    let outputs = geometry.outputChannels
    let depth = blocks * blocks * channels
    var channel = 0
    while channel < outputs {
      let width = rows.panelsWidth(at: channel, of: outputs)
      let panels = weight + channel * points * points * depth
      for index in 0..<points * points {
        let (pointColumn, pointRow) = (index / points, index % points)
        let plane = pointRow * points + pointColumn
        multiplyPanels(
          run.tiles, columns: width, transformed + pointColumn * planeStride + pointRow, rows, element: laneCount,
          panels + index * depth * min(width, 16), panel: points * points * depth * 16,
          into: products + plane * layout.productPlane + channel, stride: outputs)
      }
      channel += width
    }
    for block in stride(from: 0, to: outputs, by: laneCount) {
      FusedWinograd<Tile>.writeTiles(
        products + block, plane: layout.productPlane, tile: outputs, run: run, geometry, image: 0, channel: block,
        output: output, moments: moments, temporary: temporary)
    }
  }

  /// Transforms along columns, eight columns at a time, and transposes the result so that the points of a column form a
  /// vector.
  @inline(__always)
  private static func transformColumns(
    _ source: UnsafePointer<Float>, rowStride: Int, count: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let block = target + paddedToLanes(count) * laneCount
    for column in stride(from: 0, to: count, by: laneCount) {
      Tile.transformInput(source + column, stride: rowStride, into: block, stride: laneCount)
      transpose8x8(block, into: target + column * laneCount)
    }
  }
}
