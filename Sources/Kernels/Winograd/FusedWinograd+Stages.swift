import BFloat16Kernels
import Threading

// With many channels, the weights do not fit: at 256 channels they have 17 MB, which strips in the second-level cache
// would stream through it a hundred times. Instead, all threads transform a chunk of tiles that fits into the
// third-level cache. They then multiply it, one thread reading the weights of each plane once, and apply the inverse
// transform.

extension FusedWinograd {
  func forwardInStages(
    _ reader: PatchReader, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let stages = WinogradStages(geometry, layout, Tile.self, precision: precision)
    let (inputs, outputs, length) = (geometry.inputChannels, geometry.outputChannels, WinogradLayout.runLength)
    let (precision, depth) = (precision, depth)
    let products = scratch + stages.productOffset
    let privateOffset = stages.privateOffset(threads: pool.threadCount)
    for first in stride(from: 0, to: stages.tiles, by: stages.tilesPerChunk) {
      let end = min(first + stages.tilesPerChunk, stages.tiles)
      let runs = (end - first + length - 1) / length
      pool.parallelFor(runs) { run, thread in
        let patch = scratch + privateOffset + thread * stages.privateCount
        forEachImage(first + run * length, end) { image, tiles, start in
          transformInput(
            reader, stages, image: image, tiles: tiles, patch: patch, into: scratch + (start - first) * inputs)
        }
      }
      let rows = MicrokernelRows(row: inputs, segment: 0, segments: 1, depth: inputs)
      pool.parallelFor(Tile.points * Tile.points) { plane, thread in
        let transformed = scratch + plane * stages.inputPlane
        let panels = weight + plane * outputs * depth
        let target = products + plane * stages.productPlane
        switch precision {
        case .float32:
          multiplyPanels(end - first, columns: outputs, transformed, rows, panels, into: target, stride: outputs)
        case .bfloat16:
          let rounded = UnsafeMutableRawPointer(scratch + stages.roundedOffset + thread * stages.roundedCount)
            .assumingMemoryBound(to: UInt32.self)
          roundToBFloat16(transformed, count: (end - first) * inputs, into: rounded)
          multiplyBFloat16Panels(
            end - first, columns: outputs, rounded, depth: depth,
            UnsafeRawPointer(panels).assumingMemoryBound(to: UInt32.self), into: target, stride: outputs)
        }
      }
      pool.parallelFor(runs) { run, thread in
        let temporary = scratch + privateOffset + thread * stages.privateCount + stages.patchCount
        let moments = output.beginMoments(task: first / length + run, channels: outputs)
        forEachImage(first + run * length, end) { image, tiles, start in
          writeStrip(
            products + (start - first) * outputs, plane: stages.productPlane, image: image, tiles: tiles,
            output: output,
            moments: moments, temporary: temporary)
        }
      }
    }
  }

  /// Reads the input of `tiles` and transforms it, `[points²][tile][I]`.
  @inline(__always)
  private func transformInput(
    _ reader: PatchReader, _ stages: WinogradStages, image: Int, tiles: Range<Int>, patch: UnsafeMutablePointer<Float>,
    into transformed: UnsafeMutablePointer<Float>
  ) {
    let inputs = geometry.inputChannels
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let run = TileRun(from: tile, to: tiles.upperBound, tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
      WinogradInput<Tile>.transformTiles(
        reader, image: image, row: run.top, column: run.left, tiles: run.tiles, channels: inputs,
        atATime: stages.channelsPerRead,
        owned: PixelRectangle(
          rows: run.top..<run.top + Tile.outputs, columns: run.left..<run.left + Tile.outputs * run.tiles),
        patch: patch, into: transformed + (tile - tiles.lowerBound) * inputs,
        TilePlacement(plane: stages.inputPlane, tile: inputs))
      tile += run.tiles
    }
  }

  /// Applies the inverse transform to `tiles` and writes them. `products` are `[points²][tile][O]`.
  @inline(__always)
  private func writeStrip(
    _ products: UnsafePointer<Float>, plane: Int, image: Int, tiles: Range<Int>, output: ActivationOutput,
    moments: UnsafeMutablePointer<Double>?, temporary: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.outputChannels
    // Blocks of channels are far apart in memory, and the tiles of each are contiguous. The tiles of a pixel share a
    // cache line, which should stay cached for all of them.
    let length = output.layout == .blocks ? tiles.count : 1
    var start = tiles.lowerBound
    while start < tiles.upperBound {
      let end = min(start + length, tiles.upperBound)
      for channel in stride(from: 0, to: channels, by: laneCount) {
        var tile = start
        while tile < end {
          let run = TileRun(from: tile, to: end, tilesPerRow: layout.tilesPerRow, outputs: Tile.outputs)
          Self.writeTiles(
            products + (tile - tiles.lowerBound) * channels + channel, plane: plane, tile: channels, run: run, geometry,
            image: image, channel: channel, output: output, moments: moments, temporary: temporary)
          tile += run.tiles
        }
      }
      start = end
    }
  }

  /// Divides the strip from tile `first` of the batch to at most `end` by images. `body` receives the tiles within the
  /// image and the number of the first one within the batch.
  @inline(__always)
  private func forEachImage(
    _ first: Int, _ end: Int, _ body: (_ image: Int, _ tiles: Range<Int>, _ start: Int) -> Void
  ) {
    var start = first
    let end = min(first + WinogradLayout.runLength, end)
    while start < end {
      let (image, position) = (start / layout.tilesPerImage, start % layout.tilesPerImage)
      let count = min(end - start, layout.tilesPerImage - position)
      body(image, position..<position + count, start)
      start += count
    }
  }
}

/// The division of a batch's tiles into chunks, and the offsets of a chunk's intermediate results in scratch memory, in
/// floats.
struct WinogradStages {
  /// The number of floats in a chunk's transformed inputs and products.
  private static let chunkCount = 5 << 20

  let tiles: Int
  /// The number of tiles in a chunk, a multiple of those in a strip.
  let tilesPerChunk: Int
  /// The number of floats between the planes of the transformed input. Strides are odd multiples of a cache line, since
  /// powers of two would map to few cache sets.
  let inputPlane: Int
  let productPlane: Int
  private let planes: Int
  /// The number of input channels that are read at a time: a cache line, if the channels are divisible by it.
  let channelsPerRead: Int
  let patchCount: Int
  /// The floats of each thread: the patch, and the tile during the inverse transform.
  let privateCount: Int
  /// The words of each thread for one plane of the transformed input as bfloat16, or none.
  let roundedCount: Int

  init<Tile: WinogradTile>(
    _ geometry: ConvolutionGeometry, _ layout: WinogradLayout, _: Tile.Type, precision: ProductPrecision
  ) {
    planes = Tile.points * Tile.points
    tiles = geometry.batch * layout.tilesPerImage
    let perTile = planes * (geometry.inputChannels + geometry.outputChannels)
    let length = WinogradLayout.runLength
    let most = max(length, Self.chunkCount / perTile)
    let chunks = (tiles + most - 1) / most
    tilesPerChunk = ((tiles + chunks - 1) / chunks + length - 1) / length * length
    inputPlane = tilesPerChunk * geometry.inputChannels + 16
    productPlane = tilesPerChunk * geometry.outputChannels + 16
    channelsPerRead = geometry.inputChannels % 16 == 0 ? 16 : 8
    patchCount = WinogradInput<Tile>.patchCount(tiles: length, channels: channelsPerRead)
    privateCount = patchCount + planes * laneCount
    roundedCount = precision == .bfloat16 ? tilesPerChunk * geometry.inputChannels / 2 + 16 : 0
  }

  var productOffset: Int { planes * inputPlane }
  var roundedOffset: Int { productOffset + planes * productPlane }
  func privateOffset(threads: Int) -> Int { roundedOffset + threads * roundedCount }
  func scratchCount(_ threads: Int) -> Int { privateOffset(threads: threads) + threads * privateCount }
  var taskCount: Int { (tiles + WinogradLayout.runLength - 1) / WinogradLayout.runLength }
}
