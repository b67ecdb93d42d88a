import Threading

/// The last layer: a convolution of stride 1 with a large kernel to RGB. Its k×k taps are split into 3×3 blocks in the
/// Winograd domain.
///
/// As in ``FusedPictureWinograd``, but with tiles of F(3,3), which are as far apart as the blocks: each input tile is
/// transformed once for all of them. Three outputs do not fill a vector, so vectors run over eight neighbouring tiles,
/// and no sums across lanes are needed. 9×9 needs 25 products per output instead of 81. Each row of pixels is
/// transformed along itself once, transposed from channels to tiles, and kept until the rows below are available. The
/// kernel includes bias, tanh, clamping and rounding, and writes the picture as bytes.
struct FusedWinogradToPicture: ConvolutionKernel {
  private typealias Tile = WinogradTile3
  private static let points = 5
  private static let planes = 25
  private static let outputs = 3

  let geometry: ConvolutionGeometry
  private let layout: Layout

  static func supports(_ geometry: ConvolutionGeometry) -> Bool { FusedDirectToPicture.supports(geometry) }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = Layout(geometry)
  }

  private struct Layout {
    let inputs: Int
    let blocks: Int
    let tilesPerStrip: Int
    let stripsPerRow: Int
    let rowsPerBand: Int
    let bands: Int
    /// The tiles of a strip, those that its last blocks cover, and one more, in whole vectors.
    let patches: Int
    /// One row of pixels, transformed along itself: `[5][I][patches]`.
    let pixelRow: Int
    /// One row of transformed tiles in one plane, `[I][patches]`.
    let tileRow: Int
    let plane: Int
    /// One plane of products, read and written in register tiles of four vectors.
    let productPlane: Int

    init(_ geometry: ConvolutionGeometry) {
      inputs = geometry.inputChannels
      blocks = (geometry.kernel + 2) / 3
      let tilesPerRow = (geometry.outputWidth + 2) / 3
      let tileRows = (geometry.outputHeight + 2) / 3
      // The transformed rows of a strip, one for each row of blocks, take about 300 kB. The registers hold 32 tiles, or
      // 64 in vectors of 16.
      let fitting = (300 << 10) / (planes * blocks * inputs * MemoryLayout<Float>.stride)
      patches = min(
        paddedToLanes(tilesPerRow + blocks), max(paddedToLanes(blocks + 8), min(64, fitting / laneCount * laneCount)))
      tilesPerStrip = min(tilesPerRow, patches - blocks)
      stripsPerRow = (tilesPerRow + tilesPerStrip - 1) / tilesPerStrip
      // The rows of tiles above a band are recomputed for it: longer bands recompute less, shorter ones divide better
      // among threads.
      rowsPerBand = min(15, tileRows)
      bands = (tileRows + rowsPerBand - 1) / rowsPerBand
      pixelRow = points * inputs * patches
      tileRow = inputs * patches
      plane = blocks * tileRow + 2 * laneCount
      productPlane = patches + 3 * laneCount
    }

    /// Pixels of one row and eight channels, `[column][8]`.
    var pixelCount: Int { 3 * patches * laneCount }
    /// The same transposed, `[3][8][patches]`, with one more value because the neighbour of the last patch is also
    /// read.
    var turnedCount: Int { 3 * laneCount * patches + laneCount }
    /// Five rows of pixels. A register tile may read beyond the last plane.
    var transformedCount: Int { points * pixelRow + planes * plane + 4 * laneCount }
    /// Products `[3][25][tile]`, and vectors `[points][3]` and `[3][8]` for the inverse transform.
    var productCount: Int { outputs * planes * productPlane }
    var scratchCount: Int {
      pixelCount + turnedCount + transformedCount + productCount + (points * outputs + outputs * outputs * outputs)
        * laneCount
    }
    var tasks: StripTasks { StripTasks(strips: bands * stripsPerRow) }
  }

  func scratchCount(threads: Int) -> Int { threads * layout.scratchCount }
  var taskCount: Int { layout.tasks.tasks }

  // MARK: Weights

  var packedWeightCount: Int {
    Self.planes * layout.blocks * layout.blocks * geometry.inputChannels * Self.outputs
  }

  /// Packs `[3, I, k, k]` as `[25][block row][block column][I][3]`. Taps beyond `k` are zeros.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (weight, blocks, inputs, outputs) = (weights[0], layout.blocks, geometry.inputChannels, Self.outputs)
    packed.update(repeating: 0, count: packedWeightCount)
    var block = [Float](repeating: 0, count: 9)
    for output in 0..<outputs {
      for input in 0..<weight.inputChannels {
        let taps = weight.taps(output: output, input: input)
        for position in 0..<blocks * blocks {
          for tap in 0..<9 {
            let row = position / blocks * 3 + tap / 3
            let column = position % blocks * 3 + tap % 3
            block[tap] = row < weight.kernel && column < weight.kernel ? taps[row * weight.kernel + column] : 0
          }
          let transformed = Tile.transformedWeight(block)
          for plane in 0..<Self.planes {
            packed[((plane * blocks * blocks + position) * inputs + input) * outputs + output] = Float(
              transformed[plane])
          }
        }
      }
    }
  }

  // MARK: Forward

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: PictureOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, layout) = (geometry, layout)
    let reader = PatchReader(input, geometry)
    let tasks = layout.tasks
    let tilesPerRow = (geometry.outputWidth + 2) / 3
    let tileRows = (geometry.outputHeight + 2) / 3
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      for strip in tasks.strips(of: task) {
        let first = strip % layout.stripsPerRow * layout.tilesPerStrip
        let firstRow = strip / layout.stripsPerRow * layout.rowsPerBand
        Self.convolveBand(
          reader, layout, rows: firstRow..<min(firstRow + layout.rowsPerBand, tileRows), first: first,
          tiles: min(layout.tilesPerStrip, tilesPerRow - first), weight: weight, picture: output,
          scratch: scratch)
      }
    }
  }

  @inline(__always)
  private static func convolveBand(
    _ reader: PatchReader, _ layout: Layout, rows: Range<Int>, first: Int, tiles: Int, weight: UnsafePointer<Float>,
    picture: PictureOutput, scratch: UnsafeMutablePointer<Float>
  ) {
    let blocks = layout.blocks
    let pixelRows = scratch + layout.pixelCount + layout.turnedCount
    let transformed = pixelRows + points * layout.pixelRow
    let products = pixelRows + layout.transformedCount
    let temporary = products + layout.productCount
    let patches = tiles + blocks - 1
    for row in rows.lowerBound..<rows.upperBound + blocks - 1 {
      // Two rows of pixels also belong to the row of tiles above.
      let known = row == rows.lowerBound ? 0 : points - 3
      if known > 0 { pixelRows.update(from: pixelRows + 3 * layout.pixelRow, count: known * layout.pixelRow) }
      for index in known..<points {
        transformPixels(
          reader, layout, row: 3 * row + index, column: 3 * first, patches: patches, scratch: scratch,
          into: pixelRows + index * layout.pixelRow)
      }
      transformRows(pixelRows, layout, patches: patches, into: transformed + row % blocks * layout.tileRow)
      let tileRow = row - blocks + 1
      guard tileRow >= rows.lowerBound else { continue }
      multiply(transformed, layout, firstBlock: tileRow % blocks, tiles: tiles, weight: weight, into: products)
      for group in stride(from: 0, to: tiles, by: laneCount) {
        write(
          products + group, layout, top: 3 * tileRow, left: 3 * (first + group), tiles: min(laneCount, tiles - group),
          picture: picture, temporary: temporary)
      }
    }
  }

  /// Transforms one row of pixels along itself: from `[column][8 channels]` to `[5][I][patches]`.
  ///
  /// Every third column of eight patches is transposed from channels to patches. The last two of the five columns of a
  /// patch are the first two of its neighbour.
  @inline(__always)
  private static func transformPixels(
    _ reader: PatchReader, _ layout: Layout, row: Int, column: Int, patches: Int, scratch: UnsafeMutablePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    let turned = scratch + layout.pixelCount
    let phase = laneCount * layout.patches
    for channel in stride(from: 0, to: layout.inputs, by: laneCount) {
      reader.read(
        image: 0, row: row, rows: 1, column: column, columns: 3 * patches + 2, channel: channel, count: laneCount,
        owned: PixelRectangle(rows: 0..<0, columns: 0..<0), into: scratch)
      for first in stride(from: 0, to: patches + 1, by: laneCount) {
        for index in 0..<3 {
          transpose8x8(
            scratch + (3 * first + index) * laneCount, rows: 3 * laneCount, into: turned + index * phase + first,
            stride: layout.patches)
        }
      }
      for lane in 0..<laneCount {
        let source = turned + lane * layout.patches
        let row = target + (channel + lane) * layout.patches
        for first in stride(from: 0, to: patches, by: laneCount) {
          let pixels = source + first
          Tile.transformInput(
            load(pixels), load(pixels + phase), load(pixels + 2 * phase), load(pixels + 1), load(pixels + phase + 1),
            into: row + first, stride: layout.tileRow)
        }
      }
    }
  }

  /// Transforms five rows of pixels to one row of tiles, `[25][block row][I][patches]`.
  @inline(__always)
  private static func transformRows(
    _ rows: UnsafePointer<Float>, _ layout: Layout, patches: Int, into transformed: UnsafeMutablePointer<Float>
  ) {
    for point in 0..<points {
      for channel in 0..<layout.inputs {
        let source = rows + point * layout.tileRow + channel * layout.patches
        let target = transformed + point * layout.plane + channel * layout.patches
        for first in stride(from: 0, to: patches, by: laneCount) {
          Tile.transformInput(
            source + first, stride: layout.pixelRow, into: target + first, stride: points * layout.plane)
        }
      }
    }
  }

  /// Computes the products of one row of tiles, `[3][25][tile]`, in register tiles of three outputs.
  @inline(__always)
  private static func multiply(
    _ transformed: UnsafePointer<Float>, _ layout: Layout, firstBlock: Int, tiles: Int,
    weight: UnsafePointer<Float>, into products: UnsafeMutablePointer<Float>
  ) {
    let rows = TileRows(
      row: layout.tileRow, first: firstBlock, blocks: layout.blocks, channel: layout.patches, channels: layout.inputs)
    let stride = planes * layout.productPlane
    for plane in 0..<planes {
      let source = transformed + plane * layout.plane
      let weight = weight + plane * layout.blocks * layout.blocks * layout.inputs * outputs
      multiplyTiles(
        tiles, source, rows, weight, into: products + plane * layout.productPlane, stride: stride)
    }
  }

  /// Applies the inverse transform to eight tiles, one per lane, and writes their 3×24 pixels.
  @inline(__always)
  private static func write(
    _ products: UnsafePointer<Float>, _ layout: Layout, top: Int, left: Int, tiles: Int,
    picture: PictureOutput, temporary: UnsafeMutablePointer<Float>
  ) {
    let (bias, scaling) = (picture.bias, picture.scaling)
    let strip = layout.productPlane
    // `[row][column][channel][8 tiles]`
    let values = temporary + points * outputs * laneCount
    for output in 0..<outputs {
      let source = products + output * planes * strip
      for column in 0..<points {
        let target = temporary + column * laneCount
        Tile.transformOutput(source + column * strip, stride: points * strip) { row, value in
          store(value, target + row * points * laneCount)
        }
      }
      for row in 0..<outputs {
        let target = values + (row * 9 + output) * laneCount
        Tile.transformOutput(temporary + row * points * laneCount, stride: laneCount) { column, value in
          store(value, target + column * outputs * laneCount)
        }
      }
    }
    for row in 0..<max(0, min(3, picture.height - top)) {
      let rowValues = values + row * 9 * laneCount
      for index in 0..<9 {
        var value = load(rowValues + index * laneCount)
        if let bias { value += Lanes(repeating: bias[index % 3]) }
        store(scaling.apply(value), rowValues + index * laneCount)
      }
      let count = max(0, min(3 * tiles, picture.width - left)) * 3
      switch picture.storage {
      case .bytes(let bytes, let stride):
        writeBytes(rowValues, count: count, to: bytes + (top + row) * stride + left * 3)
      case .floats(let floats, let stride):
        let target = floats + (top + row) * stride + left * 3
        for index in 0..<count { target[index] = rowValues[index % 9 * laneCount + index / 9] }
      }
    }
  }

  /// Writes `count` bytes of eight tiles' values, nine of each tile in turn.
  @inline(__always)
  private static func writeBytes(_ values: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<UInt8>) {
    guard count == 9 * laneCount else {
      for index in 0..<9 {
        let bytes = roundedBytes(load(values + index * laneCount))
        for lane in 0..<laneCount where lane * 9 + index < count { target[lane * 9 + index] = bytes[lane] }
      }
      return
    }
    for index in 0..<9 {
      let bytes = roundedBytes(load(values + index * laneCount))
      for lane in 0..<laneCount { target[lane * 9 + index] = bytes[lane] }
    }
  }
}
