import Threading

/// The revision after a draft as one pass over the frame: it reads the luma of the frame, the luma of the canvas and
/// the draft, and writes the picture.
///
/// It computes what ``RevisionInput`` describes, `E(S(draft)) + 64·shuffle(conv2(relu(conv1(values))))`, one row of
/// blocks at a time. The block values, the output of the first convolution and the enlarged rows of the canvas are kept
/// in rings of a few rows, which stay in the second-level cache. The picture is therefore the only memory of the
/// frame's size that is written. Vectors hold neighbouring blocks.
public struct RevisionPass: Sendable {
  /// The channels of a residual: three colours of four pixels.
  static let outputs = 12
  /// The number of taps of a kernel.
  private static let taps = 9
  /// The number of outputs that are computed at a time.
  static let group = 4
  /// The number of floats before a row. The last one is the mirrored column.
  static let margin = 16

  /// The width of the frame in pixels.
  package let width: Int
  /// The height of the frame in pixels.
  package let height: Int
  /// The number of channels between the convolutions; 0 for plain enlargement.
  package let channels: Int

  let canvasWidth: Int
  private let canvasHeight: Int
  private let sharpening: DraftSharpening
  /// The number of blocks of 2×2 pixels across.
  let columns: Int
  /// The number of blocks down.
  let rows: Int
  /// The positions of the frame's rows on the canvas.
  let frameRows: BilinearAxis
  /// The positions of the block centres on the canvas.
  let centreRows: BilinearAxis
  /// The positions of the even columns, the odd columns and the block centres: the column before, and the weight of the
  /// column after.
  let lowers: [[Int32]]
  let fractions: [[Float]]
  /// The number of enlarged canvas rows that are kept.
  let canvasRows: Int
  /// Whether products use vectors of sixteen.
  let isWide: Bool

  /// Creates a pass to a frame of `width` × `height` from a canvas of `canvasWidth` × `canvasHeight`, each at least 1,
  /// with `channels` between its convolutions. Without `mayUseWideVectors` it uses vectors of eight on every processor;
  /// the results are bit-identical.
  package init(
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
    sharpening = DraftSharpening(width: canvasWidth, height: canvasHeight, frameWidth: width, frameHeight: height)
    isWide = mayUseWideVectors && WideVectors.areAvailable
    let columns = (width + 1) / 2
    let rows = (height + 1) / 2
    self.columns = columns
    self.rows = rows
    let frameRows = BilinearAxis(inputs: canvasHeight, extent: height, step: 1)
    self.frameRows = frameRows
    centreRows = BilinearAxis(inputs: canvasHeight, extent: height, step: 2)
    let frameColumns = BilinearAxis(inputs: canvasWidth, extent: width, step: 1)
    let centreColumns = BilinearAxis(inputs: canvasWidth, extent: width, step: 2)
    // Whole vectors: positions after the last block repeat it.
    let blocks = (0..<paddedToLanes(columns)).map { min($0, columns - 1) }
    let places = [blocks.map { 2 * $0 }, blocks.map { min(2 * $0 + 1, width - 1) }]
    lowers = places.map { $0.map { frameColumns.lowers[$0] } } + [blocks.map { centreColumns.lowers[$0] }]
    fractions = places.map { $0.map { frameColumns.fractions[$0] } } + [blocks.map { centreColumns.fractions[$0] }]
    // Blocks are read two rows ahead of those that are written.
    canvasRows = (0..<rows).reduce(2) { span, row in
      let ahead = min(2 * row + 5, height - 1)
      return max(span, Int(frameRows.uppers[ahead]) - Int(frameRows.lowers[2 * row]) + 1)
    }
  }

  /// The channels between the convolutions, rounded up to whole groups.
  var storedChannels: Int { (channels + Self.group - 1) / Self.group * Self.group }

  /// The number of floats between rows of a plane.
  var pitch: Int { (columns + rowTileCount - 1) / rowTileCount * rowTileCount + 2 * Self.margin }

  // MARK: Weights

  /// The number of floats of the packed weights and biases of both convolutions.
  package var packedWeightCount: Int {
    storedChannels * (RevisionInput.channels * Self.taps + 1) + Self.outputs * (channels * Self.taps + 1)
  }

  /// The offsets of the parts of a packed weight.
  var parts: (bias1: Int, weight2: Int, bias2: Int) {
    let bias1 = storedChannels * RevisionInput.channels * Self.taps
    let weight2 = bias1 + storedChannels
    return (bias1, weight2, weight2 + Self.outputs * channels * Self.taps)
  }

  /// Packs the weights and biases `[C, 8, 3, 3]`, `[C]`, `[12, C, 3, 3]` and `[12]` for the pass. The last two are
  /// multiplied by the scale of the residual, a power of two.
  package func packWeights(
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

  /// Packs `[O, I, 3, 3]` as `[O/4][I][3][3][4]`.
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

  /// Returns the floats of scratch space on a pool of `threads`. Its initial contents must be finite.
  package func scratchCount(threads: Int) -> Int {
    threads * RevisionBand.scratchCount(self) + 3 * canvasWidth * canvasHeight
  }

  /// Writes `picture`, which has the size of the frame.
  ///
  /// - Parameters:
  ///   - luma: The luma of the frame, as written by ``CanvasReduction``. It is not read if there are no channels.
  ///   - canvasLuma: The luma of the canvas, `[canvasHeight, canvasWidth]`.
  ///   - draft: The picture painted on the canvas, RGB, `[canvasHeight, canvasWidth, 3]`.
  ///   - weight: The weights packed by ``packWeights(_:bias1:_:bias2:into:)``. They are not read if there are no
  ///     channels.
  ///   - scratch: ``scratchCount(threads:)`` floats.
  package func forward(
    luma: FrameLuma?, canvasLuma: UnsafePointer<Float>, draft: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    picture: PictureOutput, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let sharpened = scratch + pool.threadCount * RevisionBand.scratchCount(self)
    sharpening.forward(draft, batch: 1, channels: 3, output: sharpened, pool: pool)
    // Long bands recompute few rows, and several bands per thread end at about the same time. The division does not
    // affect the picture.
    let bandRows = max(8, (rows + 6 * pool.threadCount - 1) / (6 * pool.threadCount))
    pool.parallelFor((rows + bandRows - 1) / bandRows) { index, thread in
      let band = RevisionBand(
        pass: self, luma: luma, canvasLuma: canvasLuma, draft: sharpened, weight: weight, picture: picture,
        scratch: scratch + thread * RevisionBand.scratchCount(self))
      band.run(index * bandRows..<min((index + 1) * bandRows, rows))
    }
  }
}
