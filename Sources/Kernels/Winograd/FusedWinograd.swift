import Threading

/// F(6×6, 3×3) between activations.
struct FusedWinograd6: FusedWinogradKernel, WeightGradientKernel {
  let winograd: FusedWinograd<WinogradTile6>

  init(_ geometry: ConvolutionGeometry) { winograd = FusedWinograd(geometry) }
}

/// F(4×4, 3×3) between activations.
struct FusedWinograd4: FusedWinogradKernel, WeightGradientKernel {
  let winograd: FusedWinograd<WinogradTile4>

  init(_ geometry: ConvolutionGeometry) { winograd = FusedWinograd(geometry) }
}

/// A kernel that computes a 3×3 convolution of stride 1, or one converted to that form, by ``FusedWinograd``.
protocol FusedWinogradKernel: ConvolutionKernel where Input == ActivationInput, Output == ActivationOutput {
  associatedtype Tile: WinogradTile
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
}

extension FusedWinogradKernel where Tile: WinogradGradientTile {
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

/// 3×3 convolution of stride 1 by Winograd's algorithm, one strip of tiles at a time.
///
/// A strip is read, transformed, multiplied and transformed back without leaving the second-level cache. Its products
/// are 64 (or 36) small matrix products of tiles × input channels by input channels × output channels. The weights are
/// packed in the order in which these read them, and stream through the cache once per strip.
/// `FusedWinograd+Strip.swift` contains the main loop, `+Input` its first step and `+Output` its last. `+Stages`
/// contains the variant for many channels.
struct FusedWinograd<Tile: WinogradTile>: Sendable {
  let geometry: ConvolutionGeometry
  /// The precision of the factors of the products.
  let precision: ProductPrecision
  let layout: WinogradLayout
  let strip: WinogradStrip

  /// Creates the convolution of a geometry without upsampling.
  init(_ geometry: ConvolutionGeometry, precision: ProductPrecision = .float32) {
    self.geometry = geometry
    self.precision = precision
    layout = WinogradLayout(geometry, Tile.self)
    strip = WinogradStrip(geometry, layout, Tile.self, precision: precision)
  }

  func scratchCount(threads: Int) -> Int {
    layout.isStaged
      ? WinogradStages(geometry, layout, Tile.self, precision: precision).scratchCount(threads)
      : threads * strip.scratchCount
  }

  var taskCount: Int {
    layout.isStaged
      ? WinogradStages(geometry, layout, Tile.self, precision: precision).taskCount
      : layout.strips(geometry.batch).tasks
  }

  // MARK: Weights

  var packedWeightCount: Int { Tile.points * Tile.points * depth * geometry.outputChannels }

  /// The number of words in which the factors of a product are stored.
  var depth: Int { precision == .float32 ? geometry.inputChannels : geometry.inputChannels / 2 }

  /// Packs `[O, I, 3, 3]` as `[O/G][points²][G/16][I][16]` for groups of `G` channels that are computed at a time.
  /// Channels beyond those of the weight become zeros. With ``ProductPrecision/bfloat16``, two neighbouring inputs
  /// share a word, `[I/2]`.
  func packWeight(_ weight: FilterWeight, into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (inputs, planes) = (geometry.inputChannels, Tile.points * Tile.points)
    let channels = geometry.outputChannels
    let atATime = layout.channelsAtATime
    let (transform, depth, precision) = (WinogradWeightTransform(Tile.self), depth, precision)
    pool.forEach(channels / laneCount) { index in
      let output = index * laneCount
      let first = output / atATime * atATime
      let group = min(atATime, channels - first)
      let panel = first + (output - first) / 16 * 16
      let width = panelWidth(at: panel, of: first + group)
      let base = packed + (first * planes + panel - first) * depth + output - panel
      switch precision {
      case .float32:
        for input in 0..<inputs {
          transform(weight, output: output, input: input, into: base + input * width, plane: group * depth)
        }
      case .bfloat16:
        for pair in 0..<depth {
          transform.pack(weight, output: output, pair: pair, into: base + pair * width, plane: group * depth)
        }
      }
    }
  }

  // MARK: Forward

  /// Computes the output. With ``UpsamplePhases``, whose number is `phases`, the output is the upsampled one.
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
  /// Whether the channels are so many that the work is done in stages, see `FusedWinograd+Stages.swift`.
  let isStaged: Bool
  let tilesPerRow: Int
  let tilesPerImage: Int
  let tilesPerStrip: Int
  let stripsPerImage: Int
  /// The number of output channels whose products are computed at a time.
  let channelsAtATime: Int

  /// The number of tiles in a strip, or in half of one.
  static let runLength = 12
  /// The maximum number of input channels of a strip.
  static let maximumChannels = 128

  /// Creates the layout of a convolution without upsampling.
  init<Tile: WinogradTile>(_ geometry: ConvolutionGeometry, _: Tile.Type) {
    let outputs = Tile.outputs
    tilesPerRow = (geometry.outputWidth + outputs - 1) / outputs
    tilesPerImage = tilesPerRow * ((geometry.outputHeight + outputs - 1) / outputs)
    // With more tiles, the weights, 4 MB at 128 channels, are streamed less often. But a strip must fit into the
    // second-level cache: 12 tiles of 128 channels take 600 kB, most of it read and written sequentially. Vectors of 16
    // consume weights faster than the third-level cache delivers them, and processors with these vectors have a
    // second-level cache of a megabyte or more: 24 tiles take 0.92 of the time.
    let length = WideVectors.areAvailable && geometry.inputChannels >= 64 ? 2 * Self.runLength : Self.runLength
    tilesPerStrip = min(length, tilesPerImage)
    isStaged = geometry.inputChannels > Self.maximumChannels
    // With more, the products would push the strip out of the cache.
    channelsAtATime = isStaged ? geometry.outputChannels : min(32, geometry.outputChannels)
    stripsPerImage = (tilesPerImage + tilesPerStrip - 1) / tilesPerStrip
  }

  func strips(_ batch: Int) -> StripTasks { StripTasks(strips: batch * stripsPerImage) }
}

/// Neighbouring tiles of a row.
struct TileRun {
  /// The number of tiles.
  let tiles: Int
  /// The first output row.
  let top: Int
  /// The first output column.
  let left: Int

  /// Creates the run from tile `first`, counted row by row, to the end of its row or to `end`.
  @inline(__always)
  init(from first: Int, to end: Int, tilesPerRow: Int, outputs: Int) {
    let column = first % tilesPerRow
    tiles = min(end - first, tilesPerRow - column)
    top = first / tilesPerRow * outputs
    left = column * outputs
  }
}
