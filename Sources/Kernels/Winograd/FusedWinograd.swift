import Threading

/// F(6×6, 3×3) between activations.
struct FusedWinograd6: FusedWinogradKernel {
  let winograd: FusedWinograd<WinogradTile6>

  init(_ geometry: ConvolutionGeometry) { winograd = FusedWinograd(geometry) }
}

/// F(4×4, 3×3) between activations.
struct FusedWinograd4: FusedWinogradKernel {
  let winograd: FusedWinograd<WinogradTile4>

  init(_ geometry: ConvolutionGeometry) { winograd = FusedWinograd(geometry) }
}

/// A kernel that computes a 3×3 convolution of stride 1 by ``FusedWinograd``, or what it makes one of.
protocol FusedWinogradKernel: ConvolutionKernel, WeightGradientKernel
where Input == ActivationInput, Output == ActivationOutput {
  associatedtype Tile: WinogradGradientTile
  var winograd: FusedWinograd<Tile> { get }
}

extension FusedWinogradKernel {
  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.hasWholeVectors && geometry.kernel == 3 && geometry.stride == 1 && geometry.upsampling == 1
  }

  var geometry: ConvolutionGeometry { winograd.geometry }
  var materializesInput: Bool { geometry.readsAllPixels }
  var addsResidual: Bool { !winograd.layout.isStaged }
  var packedWeightCount: Int { winograd.packedWeightCount }
  var taskCount: Int { winograd.taskCount }

  func scratchCount(threads: Int) -> Int { winograd.scratchCount(threads: threads) }

  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    winograd.packWeight(weights[0], into: packed, pool: pool)
  }

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    winograd.forward(input, weight: weight, output: output, scratch: scratch, pool: pool)
  }

  // MARK: Backward to the weight

  func backwardWeightScratchCount(threads: Int) -> Int {
    TransformedWeightGradient<WinogradInput<Tile>, WinogradOutputGradient<Tile>>
      .scratchCount(geometry, threads: threads)
  }

  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    TransformedWeightGradient<WinogradInput<Tile>, WinogradOutputGradient<Tile>>.run(
      PatchReader(input, geometry), dOutput: dOutput, geometry, matrix: Tile.weightMatrix, dWeight: dWeight,
      scratch: scratch, pool: pool)
  }
}

/// 3×3 convolution of stride 1 by Winograd's algorithm, a strip of tiles at a time.
///
/// A strip is read, transformed, multiplied and transformed back without leaving the second-level cache. Its products are
/// 64 (or 36) small matrix products of tiles × input channels by input channels × output channels; the weights are
/// packed in the order in which these read them and stream through the cache once for each strip. From the input to the output:
/// `FusedWinograd+Strip.swift`, which begins with `+Input` and ends with `+Output`; with many channels `+Stages`.
struct FusedWinograd<Tile: WinogradTile>: Sendable {
  let geometry: ConvolutionGeometry
  let layout: WinogradLayout
  let strip: WinogradStrip

  /// For a convolution without upsampling.
  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = WinogradLayout(geometry, Tile.self)
    strip = WinogradStrip(geometry, layout, Tile.self)
  }

  func scratchCount(threads: Int) -> Int {
    layout.isStaged ? WinogradStages(geometry, layout, Tile.self).scratchCount(threads) : threads * strip.scratchCount
  }

  var taskCount: Int {
    layout.isStaged ? WinogradStages(geometry, layout, Tile.self).taskCount : layout.strips(geometry.batch).tasks
  }

  // MARK: Weights

  var packedWeightCount: Int { Tile.points * Tile.points * geometry.inputChannels * geometry.outputChannels }

  /// Writes `[O, I, 3, 3]` as `[O/G][points²][G/16][I][16]` for groups of `G` channels that are computed at a time; channels beyond
  /// the weight's own become zeros.
  func packWeight(_ weight: FilterWeight, into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (inputs, planes) = (geometry.inputChannels, Tile.points * Tile.points)
    let channels = geometry.outputChannels
    let atATime = layout.channelsAtATime
    let transform = WinogradWeightTransform(Tile.self)
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
  func forward(
    _ input: ActivationInput, phases: Int = 1, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PatchReader(input, geometry)
    if layout.isStaged {
      return forwardInStages(reader, weight: weight, output: output, scratch: scratch, pool: pool)
    }
    let (layout, strip) = (layout, strip)
    let tasks = layout.strips(geometry.batch)
    let channels = geometry.outputChannels / phases
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * strip.scratchCount
      let moments = output.beginMoments(task: task, channels: channels)
      for number in tasks.strips(of: task) {
        let first = number % layout.stripsPerImage * layout.tilesPerStrip
        let tiles = first..<min(first + layout.tilesPerStrip, layout.tilesPerImage)
        let image = number / layout.stripsPerImage
        forwardStrip(reader, image: image, tiles: tiles, weight: weight, scratch: scratch) {
          writeColumns($0, phases: phases, image: image, tiles: tiles, output: output, moments: moments)
        }
      }
    }
  }
}

/// The division of a map into strips of tiles.
struct WinogradLayout {
  /// Whether there are so many channels that the work is done in stages, see `FusedWinograd+Stages.swift`.
  let isStaged: Bool
  let tilesPerRow: Int
  let tilesPerImage: Int
  let tilesPerStrip: Int
  let stripsPerImage: Int
  /// Output channels whose products are under way at a time.
  let channelsAtATime: Int

  /// Tiles in a strip, or half of them.
  static let runLength = 12
  /// Input channels of a strip.
  static let mostChannels = 128

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

  func strips(_ batch: Int) -> StripTasks { StripTasks(strips: batch * stripsPerImage) }
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
