import Threading

/// 3×3 convolution of stride 1 by Winograd's algorithm, a strip of tiles at a time.
///
/// A strip is read, transformed, multiplied and transformed back without leaving the second-level cache. Its products are
/// 64 (or 36) small matrix products of tiles × input channels by input channels × output channels; the weights are
/// packed in the order in which these read them and stream through the cache once for each strip.
enum FusedWinograd {
  /// Where a strip's intermediate results lie in a thread's scratch, in floats.
  struct Layout {
    /// Whether there are so many channels that the work is done in stages, see `FusedWinograd+Stages.swift`.
    let isStaged: Bool
    let tilesPerRow: Int
    let tilesPerImage: Int
    let tilesPerStrip: Int
    let stripsPerImage: Int
    /// Input channels that are read at a time: a cache line, where the channels divide so.
    let channelsPerRead: Int
    /// Output channels whose products are under way at a time.
    let channelsAtATime: Int
    /// Between the planes of the transformed input; odd multiples of a cache line, since powers of two would fall into few sets.
    let inputPlane: Int
    let productPlane: Int
    let patchCount: Int
    let points: Int

    init<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _: Tile.Type) {
      let outputs = Tile.outputs
      points = Tile.points
      tilesPerRow = (geometry.outputWidth + outputs - 1) / outputs
      tilesPerImage = tilesPerRow * ((geometry.outputHeight + outputs - 1) / outputs)
      // The more tiles, the less often the weights, 4 MB at 128 channels, stream by; the transformed strip must still fit
      // into the second-level cache: 400 kB for 12 tiles of 128 channels.
      tilesPerStrip = min(Self.runLength, tilesPerImage)
      isStaged = geometry.inputChannels > 128
      // With more, the products would push the strip out of the cache.
      channelsAtATime = isStaged ? geometry.outputChannels : min(32, geometry.outputChannels)
      stripsPerImage = (tilesPerImage + tilesPerStrip - 1) / tilesPerStrip
      channelsPerRead = geometry.inputChannels % 16 == 0 ? 16 : 8
      let roomForTiles = (tilesPerStrip + 11) / 12 * 12
      inputPlane = roomForTiles * geometry.inputChannels + 16
      productPlane = roomForTiles * channelsAtATime + 16
      patchCount = WinogradInput<Tile>.patchCount(tiles: tilesPerStrip, channels: channelsPerRead)
    }

    /// Tiles in a strip.
    static let runLength = 12

    var scratchCount: Int { patchCount + points * points * (inputPlane + productPlane) + points * points * laneCount }
    func strips(_ batch: Int) -> StripTasks { StripTasks(strips: batch * stripsPerImage) }
  }

  static func scratchCount<Tile: WinogradTile>(
    _ geometry: ConvolutionGeometry, _ tile: Tile.Type, threads: Int
  ) -> Int {
    let layout = Layout(geometry, tile)
    return layout.isStaged ? Stages(geometry, layout).scratchCount(threads) : threads * layout.scratchCount
  }

  static func taskCount<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _ tile: Tile.Type) -> Int {
    let layout = Layout(geometry, tile)
    return layout.isStaged ? Stages(geometry, layout).taskCount : layout.strips(geometry.batch).tasks
  }

  // MARK: Weights

  static func packedWeightCount<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _: Tile.Type) -> Int {
    Tile.points * Tile.points * geometry.inputChannels * geometry.outputChannels
  }

  /// Writes `[O, I, 3, 3]` as `[O/G][points²][G/16][I][16]` for groups of `G` channels that are computed at a time; channels beyond
  /// the weight's own become zeros.
  static func packWeight<Tile: WinogradTile>(
    _ weight: FilterWeight, _ geometry: ConvolutionGeometry, _ tile: Tile.Type,
    into packed: UnsafeMutablePointer<Float>, pool: ComputePool?
  ) {
    let (inputs, planes) = (geometry.inputChannels, Tile.points * Tile.points)
    let channels = geometry.outputChannels
    let atATime = Layout(geometry, tile).channelsAtATime
    let transform = WinogradWeightTransform(tile)
    pool.forEach(channels / laneCount) { index in
      let output = index * laneCount
      let first = output / atATime * atATime
      let group = min(atATime, channels - first)
      let panel = first + (output - first) / 16 * 16
      let width = panelWidth(at: panel, of: first + group)
      let base = packed + (first * planes + panel - first) * inputs + output - panel
      for input in 0..<inputs {
        transform(weight, output: output, input: input, into: base + input * width, plane: group * inputs)
      }
    }
  }

  // MARK: Forward

  static func forward<Tile: WinogradTile>(
    _ input: ActivationInput, _ geometry: ConvolutionGeometry, _: Tile.Type, weight: UnsafePointer<Float>,
    output: ActivationOutput, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let layout = Layout(geometry, Tile.self)
    let reader = PatchReader(input, geometry)
    if layout.isStaged {
      return forwardInStages(
        reader, geometry, Tile.self, layout, weight: weight, output: output, scratch: scratch, pool: pool)
    }
    let tasks = layout.strips(geometry.batch)
    let channels = geometry.outputChannels
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      let moments = output.moments.map { $0 + task * 2 * channels }
      moments?.update(repeating: 0, count: 2 * channels)
      for strip in tasks.strips(of: task) {
        let first = strip % layout.stripsPerImage * layout.tilesPerStrip
        let tiles = first..<min(first + layout.tilesPerStrip, layout.tilesPerImage)
        transformStrip(
          reader, geometry, Tile.self, layout, image: strip / layout.stripsPerImage, tiles: tiles, weight: weight,
          output: output, moments: moments, scratch: scratch)
      }
    }
  }

  @inline(__always)
  private static func transformStrip<Tile: WinogradTile>(
    _ reader: PatchReader, _ geometry: ConvolutionGeometry, _: Tile.Type, _ layout: Layout, image: Int,
    tiles: Range<Int>, weight: UnsafePointer<Float>, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let points = Tile.points
    let patch = scratch
    let transformed = patch + layout.patchCount
    let products = transformed + points * points * layout.inputPlane
    let temporary = products + points * points * layout.productPlane
    let inputs = geometry.inputChannels

    transformInput(
      reader, geometry, Tile.self, layout, image: image, tiles: tiles, patch: patch, into: transformed,
      plane: layout.inputPlane)

    let rows = MicrokernelRows(row: inputs, segment: 0, segments: 1, depth: inputs)
    let channels = geometry.outputChannels
    var channel = 0
    while channel < channels {
      let group = min(layout.channelsAtATime, channels - channel)
      var panel = weight + channel * points * points * inputs
      for plane in 0..<points * points {
        var within = 0
        while within < group {
          let width = panelWidth(at: within, of: group)
          multiplyRows(
            tiles.count, width: width, transformed + plane * layout.inputPlane, rows, panel,
            into: products + plane * layout.productPlane + within, stride: group)
          panel += inputs * width
          within += width
        }
      }
      writeStrip(
        products, plane: layout.productPlane, layout, geometry, Tile.self, image: image, tiles: tiles,
        channels: channel..<channel + group, output: output, moments: moments, temporary: temporary)
      channel += group
    }
  }

  /// Reads the input of `tiles` and transforms it, `[points²][tile][I]`.
  @inline(__always)
  static func transformInput<Tile: WinogradTile>(
    _ reader: PatchReader, _ geometry: ConvolutionGeometry, _: Tile.Type, _ layout: Layout, image: Int,
    tiles: Range<Int>, patch: UnsafeMutablePointer<Float>, into transformed: UnsafeMutablePointer<Float>, plane: Int
  ) {
    let inputs = geometry.inputChannels
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(from: tile, to: tiles.upperBound, tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
      WinogradInput<Tile>.transformTiles(
        reader, image: image, row: run.top, column: run.left, tiles: run.tiles, channels: inputs,
        atATime: layout.channelsPerRead,
        owned: PixelRectangle(
          rows: run.top..<run.top + Tile.outputs, columns: run.left..<run.left + Tile.outputs * run.tiles),
        patch: patch, into: transformed + (tile - tiles.lowerBound) * inputs, TilePlacement(plane: plane, tile: inputs))
      tile += run.tiles
    }
  }

  /// Transforms `channels` of `tiles` back and writes them; `products` are `[points²][tile][channel]`.
  @inline(__always)
  static func writeStrip<Tile: WinogradTile>(
    _ products: UnsafePointer<Float>, plane: Int, _ layout: Layout, _ geometry: ConvolutionGeometry, _: Tile.Type,
    image: Int, tiles: Range<Int>, channels: Range<Int>, output: ActivationOutput,
    moments: UnsafeMutablePointer<Double>?, temporary: UnsafeMutablePointer<Float>
  ) {
    // Blocks of channels are far apart in memory, and of each the tiles follow one another; those of one pixel share a
    // cache line, which all of them should find there.
    let length = output.layout == .blocks ? tiles.count : 1
    var start = tiles.lowerBound
    while start < tiles.upperBound {
      let end = min(start + length, tiles.upperBound)
      for channel in stride(from: channels.lowerBound, to: channels.upperBound, by: laneCount) {
        var tile = start
        while tile < end {
          let run = TileRun(from: tile, to: end, tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
          writeTiles(
            products + (tile - tiles.lowerBound) * channels.count + channel - channels.lowerBound, plane: plane,
            tile: channels.count, run: run, geometry, Tile.self, image: image, channel: channel, output: output,
            moments: moments, temporary: temporary)
          tile += run.tiles
        }
      }
      start = end
    }
  }

  /// Transforms eight channels of neighbouring tiles back and writes them.
  ///
  /// Plane `p` of tile `t` is at `products + p·plane + t·tile`.
  @inline(__always)
  static func writeTiles<Tile: WinogradTile>(
    _ products: UnsafePointer<Float>, plane: Int, tile tileStride: Int, run: TileRun, _ geometry: ConvolutionGeometry,
    _: Tile.Type, image: Int, channel: Int, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?,
    temporary: UnsafeMutablePointer<Float>
  ) {
    let (outputs, points) = (Tile.outputs, Tile.points)
    let channels = geometry.outputChannels
    let height = min(outputs, geometry.outputHeight - run.top)
    let bias = output.bias.map { load($0 + channel) } ?? .zero
    let rectifies = output.rectifies
    let step = output.layout.pixelStride(channels: channels)
    let block = output.layout.blockStride(pixels: geometry.outputPixels)
    let base = output.values + image * channels * geometry.outputPixels + channel / laneCount * block
    var sums = MomentSums(pivot: .zero)
    for tile in 0..<run.tiles {
      let source = products + tile * tileStride
      for column in 0..<points {
        let target = temporary + column * laneCount
        Tile.transformOutput(source + column * plane, stride: points * plane) { row, value in
          store(value, target + row * points * laneCount)
        }
      }
      let first = run.left + tile * outputs
      let width = min(outputs, geometry.outputWidth - first)
      var target = base + (run.top * geometry.outputWidth + first) * step
      for line in 0..<height {
        Tile.transformOutput(temporary + line * points * laneCount, stride: laneCount) { pixel, value in
          guard pixel < width else { return }
          var value = value + bias
          if rectifies { value = rectified(value) }
          if tile == 0 && line == 0 && pixel == 0 { sums = MomentSums(pivot: value) }
          sums.add(value)
          store(value, target + pixel * step)
        }
        target += geometry.outputWidth * step
      }
      sums.count(height * width)
    }
    if let moments { sums.flush(into: moments, channel: channel, channels: channels) }
  }
}

/// Tiles that lie side by side.
struct TileRun {
  /// Their number.
  let tiles: Int
  /// The first output row.
  let top: Int
  /// The first output column.
  let left: Int

  /// From tile `first`, counted row by row, to the end of its row or to `end`.
  @inline(__always)
  init(from first: Int, to end: Int, tilesPerRow: Int, outputs: Int) {
    let column = first % tilesPerRow
    tiles = min(end - first, tilesPerRow - column)
    top = first / tilesPerRow * outputs
    left = column * outputs
  }
}
