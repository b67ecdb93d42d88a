import Threading

/// The last layer: a convolution of stride 1 with a large kernel to RGB, its k×k taps as 3×3 blocks in the Winograd domain.
///
/// As in ``FusedPictureConvolution``, but with tiles of F(3,3), which lie as far apart as the blocks: each input tile is
/// transformed once for all of them. With three outputs the vectors run over input channels, whose sums are taken once at
/// the end; 9×9 takes 25 products for each output in place of 81. Bias, tanh, clamping and rounding are part of it: the picture
/// is written as bytes.
public enum FusedConvolutionToPicture {
  private typealias Tile = WinogradTile3
  private static let points = 5
  private static let planes = 25
  private static let outputs = 3

  /// Whether the kernel computes `geometry`.
  public static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.outputChannels == outputs && geometry.stride == 1 && geometry.upsampling == 1
      && geometry.inputChannels % laneCount == 0 && geometry.batch == 1
  }

  private struct Layout {
    let blocks: Int
    let tilesPerStrip: Int
    let stripsPerRow: Int
    let rowsPerBand: Int
    let bands: Int
    let channelsPerRead: Int
    let patchCount: Int
    /// One row of transformed tiles, `[tile][I]`, in one plane.
    let tileRow: Int
    let plane: Int

    init(_ geometry: ConvolutionGeometry) {
      blocks = (geometry.kernel + 2) / 3
      let tilesPerRow = (geometry.outputWidth + 2) / 3
      let tileRows = (geometry.outputHeight + 2) / 3
      // The transformed rows of a strip, one for each row of blocks, take about 200 kB.
      let fitting = (200 << 10) / (planes * blocks * geometry.inputChannels * MemoryLayout<Float>.stride) / 8 * 8
      let most = max(8, min(48, fitting))
      stripsPerRow = (tilesPerRow + most - 1) / most
      tilesPerStrip = most
      // Rows of tiles above a band are transformed for it anew: more of them save more, fewer share better among threads.
      rowsPerBand = min(10, tileRows)
      bands = (tileRows + rowsPerBand - 1) / rowsPerBand
      channelsPerRead = geometry.inputChannels % 16 == 0 ? 16 : 8
      let patches = tilesPerStrip + blocks - 1
      patchCount = points * (3 * patches + 2) * channelsPerRead
      tileRow = patches * geometry.inputChannels
      plane = blocks * tileRow + 16
    }

    /// `[3][25][tile]` products, `[points][3]` and `[3][8]` vectors on the way back.
    var productCount: Int { outputs * planes * tilesPerStrip }
    var scratchCount: Int {
      patchCount + planes * plane + productCount + (points * outputs + outputs * outputs * outputs) * laneCount
    }
    var tasks: StripTasks { StripTasks(strips: bands * stripsPerRow) }
  }

  /// Floats of scratch on a pool of `threads`; its first contents must be finite.
  public static func scratchCount(_ geometry: ConvolutionGeometry, threads: Int) -> Int {
    threads * Layout(geometry).scratchCount
  }

  // MARK: Weights

  /// Floats of a packed weight.
  public static func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    let blocks = Layout(geometry).blocks
    return planes * blocks * outputs * blocks * geometry.inputChannels
  }

  /// Writes `[3, I, k, k]` as `[25][block row][3][block column][I]`; taps beyond `k` are zeros.
  public static func packWeight(
    _ weight: FilterWeight, _ geometry: ConvolutionGeometry, into packed: UnsafeMutablePointer<Float>
  ) {
    let blocks = Layout(geometry).blocks
    let inputs = geometry.inputChannels
    packed.update(repeating: 0, count: packedWeightCount(geometry))
    var block = [Float](repeating: 0, count: 9)
    for output in 0..<outputs {
      for input in 0..<weight.inputChannels {
        let taps = weight.taps(output: output, input: input)
        for blockRow in 0..<blocks {
          for blockColumn in 0..<blocks {
            for tap in 0..<9 {
              let (row, column) = (blockRow * 3 + tap / 3, blockColumn * 3 + tap % 3)
              block[tap] = row < weight.kernel && column < weight.kernel ? taps[row * weight.kernel + column] : 0
            }
            let transformed = Tile.transformedWeight(block)
            for plane in 0..<planes {
              let place = (((plane * blocks + blockRow) * outputs + output) * blocks + blockColumn) * inputs + input
              packed[place] = Float(transformed[plane])
            }
          }
        }
      }
    }
  }

  // MARK: Forward

  /// Computes the picture; `bias` is `[3]` or nil.
  public static func forward(
    _ input: ActivationInput, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, scaling: PictureScaling, picture: PictureOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let layout = Layout(geometry)
    let reader = PatchReader(input, geometry)
    let tasks = layout.tasks
    let tilesPerRow = (geometry.outputWidth + 2) / 3
    let tileRows = (geometry.outputHeight + 2) / 3
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      for strip in tasks.strips(of: task) {
        let first = strip % layout.stripsPerRow * layout.tilesPerStrip
        let firstRow = strip / layout.stripsPerRow * layout.rowsPerBand
        convolveBand(
          reader, geometry, layout, rows: firstRow..<min(firstRow + layout.rowsPerBand, tileRows), first: first,
          tiles: min(layout.tilesPerStrip, tilesPerRow - first), weight: weight, bias: bias, scaling: scaling,
          picture: picture, scratch: scratch)
      }
    }
  }

  @inline(__always)
  private static func convolveBand(
    _ reader: PatchReader, _ geometry: ConvolutionGeometry, _ layout: Layout, rows: Range<Int>, first: Int, tiles: Int,
    weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?, scaling: PictureScaling, picture: PictureOutput,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let blocks = layout.blocks
    let transformed = scratch + layout.patchCount
    let products = transformed + planes * layout.plane
    let temporary = products + layout.productCount
    for row in rows.lowerBound..<rows.upperBound + blocks - 1 {
      transformInput(
        reader, layout, row: row, first: first, patches: tiles + blocks - 1, inputs: geometry.inputChannels,
        patch: scratch, into: transformed + row % blocks * layout.tileRow)
      let tileRow = row - blocks + 1
      guard tileRow >= rows.lowerBound else { continue }
      multiply(
        transformed, layout, firstBlock: tileRow % blocks, tiles: tiles, inputs: geometry.inputChannels, weight: weight,
        into: products)
      for group in stride(from: 0, to: tiles, by: laneCount) {
        write(
          products + group, layout, top: 3 * tileRow, left: 3 * (first + group), tiles: min(laneCount, tiles - group),
          bias: bias, scaling: scaling, picture: picture, temporary: temporary)
      }
    }
  }

  /// Transforms one row of input tiles, `[25][block row][tile][I]`.
  @inline(__always)
  private static func transformInput(
    _ reader: PatchReader, _ layout: Layout, row: Int, first: Int, patches: Int, inputs: Int,
    patch: UnsafeMutablePointer<Float>, into transformed: UnsafeMutablePointer<Float>
  ) {
    let count = layout.channelsPerRead
    let columns = 3 * patches + 2
    let rowStride = columns * count
    let owned = PixelRectangle(rows: 0..<0, columns: 0..<0)
    for channel in stride(from: 0, to: inputs, by: count) {
      reader.read(
        image: 0, row: 3 * row, rows: points, column: 3 * first, columns: columns, channel: channel, count: count,
        owned: owned, into: patch)
      for place in stride(from: patch, to: patch + rowStride, by: laneCount) {
        Tile.transformInput(place, stride: rowStride, into: place, stride: rowStride)
      }
      for point in 0..<points {
        let target = transformed + point * points * layout.plane + channel
        for tile in 0..<patches {
          for lane in stride(from: 0, to: count, by: laneCount) {
            Tile.transformInput(
              patch + point * rowStride + 3 * tile * count + lane, stride: count, into: target + tile * inputs + lane,
              stride: layout.plane)
          }
        }
      }
    }
  }

  /// The products of one row of tiles, `[3][25][tile]`: register tiles of four tiles and three outputs.
  @inline(__always)
  private static func multiply(
    _ transformed: UnsafePointer<Float>, _ layout: Layout, firstBlock: Int, tiles: Int, inputs: Int,
    weight: UnsafePointer<Float>, into products: UnsafeMutablePointer<Float>
  ) {
    let blocks = layout.blocks
    let depth = blocks * inputs
    for plane in 0..<planes {
      let source = transformed + plane * layout.plane
      for tile in stride(from: 0, to: tiles, by: 4) {
        multiply4x3(
          source + tile * inputs, row: inputs, segment: layout.tileRow, first: firstBlock, segments: blocks,
          depth: depth,
          weight + plane * blocks * outputs * depth, into: products + plane * layout.tilesPerStrip + tile,
          stride: planes * layout.tilesPerStrip)
      }
    }
  }

  /// Transforms eight tiles back, one a lane, and writes their 3×24 pixels.
  @inline(__always)
  private static func write(
    _ products: UnsafePointer<Float>, _ layout: Layout, top: Int, left: Int, tiles: Int, bias: UnsafePointer<Float>?,
    scaling: PictureScaling, picture: PictureOutput, temporary: UnsafeMutablePointer<Float>
  ) {
    let strip = layout.tilesPerStrip
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
