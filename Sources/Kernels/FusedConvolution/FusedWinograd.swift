import Threading

/// 3×3 convolution of stride 1 by Winograd's algorithm, a strip of tiles at a time.
///
/// A strip is read, transformed, multiplied and transformed back without leaving the second-level cache. Its products are
/// 64 (or 36) small matrix products of tiles × input channels by input channels × output channels; the weights are
/// packed in the order in which these read them and stream through the cache once for each strip.
enum FusedWinograd {
  /// Output channels whose products are under way at a time: with more, they would push the strip out of the cache.
  private static let channelsAtATime = 32

  /// Where a strip's intermediate results lie in a thread's scratch, in floats.
  private struct Layout {
    let tilesPerRow: Int
    let tilesPerImage: Int
    let tilesPerStrip: Int
    let stripsPerImage: Int
    /// Input channels that are read at a time: a cache line, where the channels divide so.
    let channelsPerRead: Int
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
      let most = geometry.inputChannels <= 128 ? 12 : 6
      tilesPerStrip = min(most, tilesPerImage)
      stripsPerImage = (tilesPerImage + tilesPerStrip - 1) / tilesPerStrip
      channelsPerRead = geometry.inputChannels % 16 == 0 ? 16 : 8
      let roomForTiles = (tilesPerStrip + 11) / 12 * 12
      inputPlane = roomForTiles * geometry.inputChannels + 16
      productPlane = roomForTiles * min(channelsAtATime, geometry.outputChannels) + 16
      patchCount = points * (outputs * tilesPerStrip + 2) * channelsPerRead
    }

    var scratchCount: Int { patchCount + points * points * (inputPlane + productPlane) + points * points * laneCount }
    func strips(_ batch: Int) -> StripTasks { StripTasks(strips: batch * stripsPerImage) }
  }

  static func scratchCount<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _ tile: Tile.Type) -> Int {
    Layout(geometry, tile).scratchCount
  }

  static func taskCount<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _ tile: Tile.Type) -> Int {
    Layout(geometry, tile).strips(geometry.batch).tasks
  }

  // MARK: Weights

  static func packedWeightCount<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _: Tile.Type) -> Int {
    Tile.points * Tile.points * geometry.inputChannels * geometry.outputChannels
  }

  /// Writes `[O, I, 3, 3]` as `[O/16][points²][I][16]`; channels beyond the weight's own become zeros.
  static func packWeight<Tile: WinogradTile>(
    _ weight: FilterWeight, _ geometry: ConvolutionGeometry, _: Tile.Type, into packed: UnsafeMutablePointer<Float>
  ) {
    let (inputs, planes) = (geometry.inputChannels, Tile.points * Tile.points)
    packed.update(repeating: 0, count: planes * inputs * geometry.outputChannels)
    for output in 0..<weight.outputChannels {
      let panel = output / 16 * 16
      let width = panelWidth(at: panel, of: geometry.outputChannels)
      let base = packed + panel * planes * inputs + output - panel
      for input in 0..<weight.inputChannels {
        let transformed = Tile.transformedWeight(weight.taps(output: output, input: input))
        for plane in 0..<planes { base[(plane * inputs + input) * width] = Float(transformed[plane]) }
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

    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(from: tile, to: tiles.upperBound, tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
      transformInput(
        reader, Tile.self, layout, image: image, run: run, inputs: inputs, patch: patch,
        into: transformed + (tile - tiles.lowerBound) * inputs)
      tile += run.tiles
    }

    let rows = MicrokernelRows(row: inputs, segment: 0, segments: 1, depth: inputs)
    let channels = geometry.outputChannels
    var channel = 0
    while channel < channels {
      let group = min(channelsAtATime, channels - channel)
      var within = 0
      while within < group {
        let width = panelWidth(at: channel + within, of: channels)
        var panel = weight + (channel + within) * points * points * inputs
        for plane in 0..<points * points {
          multiplyRows(
            tiles.count, width: width, transformed + plane * layout.inputPlane, rows, panel,
            into: products + plane * layout.productPlane + within, stride: group)
          panel += inputs * width
        }
        within += width
      }
      for block in stride(from: 0, to: group, by: laneCount) {
        var tile = tiles.lowerBound
        while tile < tiles.upperBound {
          let run = TileRun(from: tile, to: tiles.upperBound, tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
          writeTiles(
            products + (tile - tiles.lowerBound) * group + block, plane: layout.productPlane, tile: group, run: run,
            geometry, Tile.self, image: image, channel: channel + block, output: output, moments: moments,
            temporary: temporary)
          tile += run.tiles
        }
      }
      channel += group
    }
  }

  /// Reads the input of neighbouring tiles and transforms it, `[points²][tile][I]`.
  @inline(__always)
  private static func transformInput<Tile: WinogradTile>(
    _ reader: PatchReader, _: Tile.Type, _ layout: Layout, image: Int, run: TileRun, inputs: Int,
    patch: UnsafeMutablePointer<Float>, into transformed: UnsafeMutablePointer<Float>
  ) {
    let (outputs, points) = (Tile.outputs, Tile.points)
    let columns = outputs * run.tiles + 2
    let count = layout.channelsPerRead
    let owned = PixelRectangle(rows: run.top..<run.top + outputs, columns: run.left..<run.left + outputs * run.tiles)
    let rowStride = columns * count
    for channel in stride(from: 0, to: inputs, by: count) {
      reader.read(
        image: image, row: run.top, rows: points, column: run.left, columns: columns, channel: channel, count: count,
        owned: owned, into: patch)
      for place in stride(from: patch, to: patch + rowStride, by: laneCount) {
        Tile.transformInput(place, stride: rowStride, into: place, stride: rowStride)
      }
      for row in 0..<points {
        let planes = transformed + row * points * layout.inputPlane + channel
        for tile in 0..<run.tiles {
          for lane in stride(from: 0, to: count, by: laneCount) {
            Tile.transformInput(
              patch + row * rowStride + tile * outputs * count + lane, stride: count,
              into: planes + tile * inputs + lane, stride: layout.inputPlane)
          }
        }
      }
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
      var target =
        output.values + (image * channels + channel) * geometry.outputPixels
        + (run.top * geometry.outputWidth + first) * laneCount
      for line in 0..<height {
        Tile.transformOutput(temporary + line * points * laneCount, stride: laneCount) { pixel, value in
          guard pixel < width else { return }
          var value = value + bias
          if rectifies { value = rectified(value) }
          if tile == 0 && line == 0 && pixel == 0 { sums = MomentSums(pivot: value) }
          sums.add(value)
          store(value, target + pixel * laneCount)
        }
        target += geometry.outputWidth * laneCount
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
