import Threading

/// 3×3 convolution of stride 1 by Winograd's algorithm, a strip of tiles at a time.
///
/// A strip is read, transformed, multiplied and transformed back without leaving the second-level cache. Its products are
/// 64 (or 36) small matrix products of tiles × input channels by input channels × output channels; the weights are
/// packed in the order in which these read them and stream through the cache once for each strip.
enum FusedWinograd {
  /// The division of a map into strips of tiles.
  struct Layout {
    /// Whether there are so many channels that the work is done in stages, see `FusedWinograd+Stages.swift`.
    let isStaged: Bool
    let tilesPerRow: Int
    let tilesPerImage: Int
    let tilesPerStrip: Int
    let stripsPerImage: Int
    /// Output channels whose products are under way at a time.
    let channelsAtATime: Int
    /// The layout of a convolution without upsampling.
    init<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _: Tile.Type) {
      let outputs = Tile.outputs
      tilesPerRow = (geometry.outputWidth + outputs - 1) / outputs
      tilesPerImage = tilesPerRow * ((geometry.outputHeight + outputs - 1) / outputs)
      // The more tiles, the less often the weights, 4 MB at 128 channels, stream by; a strip must still fit into the second-level
      // cache: 600 kB for 12 tiles of 128 channels, most of it read and written in a row. Vectors of 16 use up weights faster than
      // the third level gives them, and where they are, the second level has a megabyte or more: 24 tiles take 0.92 of the time.
      let length = WideVectors.areAvailable && geometry.inputChannels >= 64 ? 2 * Self.runLength : Self.runLength
      tilesPerStrip = min(length, tilesPerImage)
      isStaged = geometry.inputChannels > Self.mostChannels
      // With more, the products would push the strip out of the cache.
      channelsAtATime = isStaged ? geometry.outputChannels : min(32, geometry.outputChannels)
      stripsPerImage = (tilesPerImage + tilesPerStrip - 1) / tilesPerStrip
    }

    /// Tiles in a strip, or half of them.
    static let runLength = 12
    /// Input channels of a strip.
    static let mostChannels = 128

    func strips(_ batch: Int) -> StripTasks { StripTasks(strips: batch * stripsPerImage) }
  }

  /// Whether a residual can be added as the output is written.
  static func addsResidual(_ geometry: ConvolutionGeometry) -> Bool { geometry.inputChannels <= Layout.mostChannels }

  static func scratchCount<Tile: WinogradTile>(
    _ geometry: ConvolutionGeometry, _ tile: Tile.Type, threads: Int
  ) -> Int {
    let layout = Layout(geometry, tile)
    return layout.isStaged
      ? Stages(geometry, layout, tile).scratchCount(threads) : threads * Strip(geometry, layout, tile).scratchCount
  }

  static func taskCount<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _ tile: Tile.Type) -> Int {
    let layout = Layout(geometry, tile)
    return layout.isStaged ? Stages(geometry, layout, tile).taskCount : layout.strips(geometry.batch).tasks
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

  /// Computes the output; with ``UpsamplePhases``, as many as `phases` says, the output is the upsampled one.
  static func forward<Tile: WinogradTile>(
    _ input: ActivationInput, _ geometry: ConvolutionGeometry, _: Tile.Type, phases: Int = 1,
    weight: UnsafePointer<Float>, output: ActivationOutput, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let layout = Layout(geometry, Tile.self)
    let reader = PatchReader(input, geometry)
    if layout.isStaged {
      return forwardInStages(
        reader, geometry, Tile.self, layout, weight: weight, output: output, scratch: scratch, pool: pool)
    }
    let tasks = layout.strips(geometry.batch)
    let channels = geometry.outputChannels / phases
    let strip = Strip(geometry, layout, Tile.self)
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * strip.scratchCount
      let moments = output.moments.map { $0 + task * 2 * channels }
      moments?.update(repeating: 0, count: 2 * channels)
      for number in tasks.strips(of: task) {
        let first = number % layout.stripsPerImage * layout.tilesPerStrip
        let tiles = first..<min(first + layout.tilesPerStrip, layout.tilesPerImage)
        let image = number / layout.stripsPerImage
        forwardStrip(
          strip, reader, geometry, Tile.self, image: image, tiles: tiles, weight: weight, scratch: scratch
        ) {
          writeColumns(
            strip, $0, geometry, Tile.self, phases: phases, image: image, tiles: tiles, output: output,
            moments: moments)
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
