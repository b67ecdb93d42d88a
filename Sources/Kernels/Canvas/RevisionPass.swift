import Threading

/// The revision behind a draft as one pass over the film: reads the film's luma, the canvas' and the draft, and writes the picture.
///
/// It computes what ``RevisionInput`` describes, `E(S(draft)) + 64·shuffle(conv2(relu(conv1(values))))`, row of blocks by row of blocks: the
/// blocks' values, what is behind the first convolution, and the enlarged rows of the canvas lie in rings of a few rows that stay in the
/// second-level cache, so that nothing of the film's size is written but the picture. Vectors hold neighbouring blocks.
public struct RevisionPass: Sendable {
  /// Channels of a residual: three colours of four pixels.
  static let outputs = 12
  /// Values of a weight for one input of a group of four outputs.
  private static let taps = 9
  /// Outputs that are computed at a time.
  static let group = 4
  /// Floats in front of a row, of which the last is the mirrored column.
  static let margin = 16

  /// Pixels across the film.
  public let width: Int
  /// Pixels down the film.
  public let height: Int
  /// Channels between the convolutions; none for plain enlargement.
  public let channels: Int

  let canvasWidth: Int
  private let canvasHeight: Int
  private let sharpening: DraftSharpening
  /// Blocks of 2×2 pixels across.
  let columns: Int
  /// Blocks down.
  let rows: Int
  /// Where the film's rows lie on the canvas.
  let filmRows: BilinearAxis
  /// Where the blocks' centres lie.
  let centreRows: BilinearAxis
  /// Where the even columns, the odd ones and the blocks' centres lie: the column in front, and the share of the one behind.
  let lowers: [[Int32]]
  let fractions: [[Float]]
  /// Rows of the canvas that are kept enlarged.
  let canvasRows: Int
  /// Whether products are computed in vectors of sixteen.
  let isWide: Bool

  /// A pass to a film of `width` × `height` from a canvas of `canvasWidth` × `canvasHeight`, each at least 1, with `channels` between its
  /// convolutions. Without `mayUseWideVectors` it computes in vectors of eight, whatever the processor has: the same bits.
  public init(
    width: Int, height: Int, canvasWidth: Int, canvasHeight: Int, channels: Int, mayUseWideVectors: Bool = true
  ) {
    precondition(
      min(width, height, canvasWidth, canvasHeight) >= 1 && channels >= 0,
      "\(canvasWidth)x\(canvasHeight) to \(width)x\(height)")
    self.width = width
    self.height = height
    self.channels = channels
    self.canvasWidth = canvasWidth
    self.canvasHeight = canvasHeight
    sharpening = DraftSharpening(width: canvasWidth, height: canvasHeight, filmWidth: width, filmHeight: height)
    isWide = mayUseWideVectors && WideVectors.areAvailable
    let columns = (width + 1) / 2
    let rows = (height + 1) / 2
    self.columns = columns
    self.rows = rows
    let filmRows = BilinearAxis(inputs: canvasHeight, extent: height, step: 1)
    self.filmRows = filmRows
    centreRows = BilinearAxis(inputs: canvasHeight, extent: height, step: 2)
    let filmColumns = BilinearAxis(inputs: canvasWidth, extent: width, step: 1)
    let centreColumns = BilinearAxis(inputs: canvasWidth, extent: width, step: 2)
    // Whole vectors: what is behind the last block repeats it.
    let blocks = (0..<paddedToLanes(columns)).map { min($0, columns - 1) }
    let places = [blocks.map { 2 * $0 }, blocks.map { min(2 * $0 + 1, width - 1) }]
    lowers = places.map { $0.map { filmColumns.lowers[$0] } } + [blocks.map { centreColumns.lowers[$0] }]
    fractions = places.map { $0.map { filmColumns.fractions[$0] } } + [blocks.map { centreColumns.fractions[$0] }]
    // Blocks are read two rows ahead of those that are written.
    canvasRows = (0..<rows).reduce(2) { span, row in
      let ahead = min(2 * row + 5, height - 1)
      return max(span, Int(filmRows.uppers[ahead]) - Int(filmRows.lowers[2 * row]) + 1)
    }
  }

  /// Channels between the convolutions, rounded up to whole groups.
  var storedChannels: Int { (channels + Self.group - 1) / Self.group * Self.group }

  /// Floats from row to row of a plane.
  var pitch: Int { (columns + rowTileCount - 1) / rowTileCount * rowTileCount + 2 * Self.margin }

  // MARK: Weights

  /// Floats of the packed weights and biases of both convolutions.
  public var packedWeightCount: Int {
    storedChannels * (RevisionInput.channels * Self.taps + 1) + Self.outputs * (channels * Self.taps + 1)
  }

  /// The parts of a packed weight.
  var parts: (bias1: Int, weight2: Int, bias2: Int) {
    let bias1 = storedChannels * RevisionInput.channels * Self.taps
    let weight2 = bias1 + storedChannels
    return (bias1, weight2, weight2 + Self.outputs * channels * Self.taps)
  }

  /// Packs `[C, 8, 3, 3]` and `[C]`, and `[12, C, 3, 3]` and `[12]`, in the form that the pass reads; the last two times the residual's
  /// scale, a power of two.
  public func packWeights(
    _ weight1: UnsafePointer<Float>, bias1: UnsafePointer<Float>, _ weight2: UnsafePointer<Float>,
    bias2: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>
  ) {
    let parts = parts
    Self.pack(weight1, inputs: RevisionInput.channels, outputs: channels, scale: 1, into: packed)
    for channel in 0..<storedChannels { packed[parts.bias1 + channel] = channel < channels ? bias1[channel] : 0 }
    let scale = RevisionInput.residualScale
    Self.pack(weight2, inputs: channels, outputs: Self.outputs, scale: scale, into: packed + parts.weight2)
    for channel in 0..<Self.outputs { packed[parts.bias2 + channel] = scale * bias2[channel] }
  }

  /// `[O, I, 3, 3]` as `[O/4, I, 3, 3, 4]`.
  private static func pack(
    _ weight: UnsafePointer<Float>, inputs: Int, outputs: Int, scale: Float, into packed: UnsafeMutablePointer<Float>
  ) {
    let products = inputs * taps
    for output in 0..<(outputs + group - 1) / group * group {
      for product in 0..<products {
        packed[(output / group * products + product) * group + output % group] =
          output < outputs ? scale * weight[output * products + product] : 0
      }
    }
  }

  // MARK: The pass

  /// Floats of scratch on a pool of `threads`; its first contents must be finite.
  public func scratchCount(threads: Int) -> Int {
    threads * RevisionBand.scratchCount(self) + 3 * canvasWidth * canvasHeight
  }

  /// Writes `picture`, which has the film's extents.
  ///
  /// - Parameters:
  ///   - luma: the film's, see ``CanvasReduction``, which wrote it; not read where there are no channels.
  ///   - canvasLuma: the canvas' luma, `[canvasHeight, canvasWidth]`.
  ///   - draft: what was painted on the canvas, RGB, `[canvasHeight, canvasWidth, 3]`.
  ///   - weight: as ``packWeights(_:bias1:_:bias2:into:)`` left it; not read where there are no channels.
  ///   - scratch: ``scratchCount(threads:)`` floats.
  public func forward(
    luma: FilmLuma?, canvasLuma: UnsafePointer<Float>, draft: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    picture: PictureOutput, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let sharpened = scratch + pool.threadCount * RevisionBand.scratchCount(self)
    sharpening.forward(draft, batch: 1, channels: 3, output: sharpened, pool: pool)
    // Long bands compute little twice, and several for each thread end at about the same time. The bands do not show in the picture.
    let bandRows = max(8, (rows + 6 * pool.threadCount - 1) / (6 * pool.threadCount))
    pool.parallelFor((rows + bandRows - 1) / bandRows) { index, thread in
      let band = RevisionBand(
        pass: self, luma: luma, canvasLuma: canvasLuma, draft: sharpened, weight: weight, picture: picture,
        scratch: scratch + thread * RevisionBand.scratchCount(self))
      band.run(index * bandRows..<min((index + 1) * bandRows, rows))
    }
  }
}
