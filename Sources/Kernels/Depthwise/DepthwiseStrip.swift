/// The division of a depthwise convolution into strips: rectangles of outputs, and the patches of padded input that
/// they read, eight channels at a time.
///
/// A strip has several rows because each input row contributes to three output rows, but few enough that the patch
/// stays in the first-level cache.
struct DepthwiseLayout {
  /// The height of the map that the strips divide: the output, or the input before upsampling.
  private let height: Int
  private let width: Int
  let rowsPerStrip: Int
  let pixelsPerStrip: Int
  private let stripsPerRow: Int
  /// The number of floats of the patch.
  let patchCount: Int
  let tasks: StripTasks

  /// Creates strips of at most `rows` × `columns` outputs, as even as possible.
  init(height: Int, width: Int, rows: Int, columns: Int, kernel: Int, step: Int) {
    (self.height, self.width) = (height, width)
    let stripRows = (height + rows - 1) / rows
    rowsPerStrip = (height + stripRows - 1) / stripRows
    stripsPerRow = (width + columns - 1) / columns
    pixelsPerStrip = (width + stripsPerRow - 1) / stripsPerRow
    patchCount = ((rowsPerStrip - 1) * step + kernel) * ((pixelsPerStrip - 1) * step + kernel) * laneCount
    tasks = StripTasks(strips: stripRows * stripsPerRow)
  }

  /// Creates strips of the outputs of `geometry`.
  init(_ geometry: ConvolutionGeometry) {
    self.init(
      height: geometry.outputHeight, width: geometry.outputWidth, kernel: geometry.kernel, step: geometry.stride)
  }

  /// Creates strips of the input of `geometry`, a 3×3 convolution after nearest ×2 upsampling.
  init(beforeUpsamplingOf geometry: ConvolutionGeometry) {
    self.init(height: geometry.height, width: geometry.width, kernel: 3, step: 1)
  }

  private init(height: Int, width: Int, kernel: Int, step: Int) {
    let rows = step == 1 ? 8 : 4
    // About 24 kB under a strip.
    let fitting = ((24 << 10) / 32 / ((rows - 1) * step + kernel) - kernel) / step + 1
    self.init(
      height: height, width: width, rows: rows, columns: max(8, min(64, fitting)), kernel: kernel, step: step)
  }

  /// Returns strip `index`, or nil if the even division leaves nothing for it.
  @inline(__always)
  func strip(_ index: Int) -> PixelRectangle? {
    let row = index / stripsPerRow * rowsPerStrip
    let column = index % stripsPerRow * pixelsPerStrip
    guard row < height, column < width else { return nil }
    return PixelRectangle(
      rows: row..<min(row + rowsPerStrip, height), columns: column..<min(column + pixelsPerStrip, width))
  }
}

extension PatchReader {
  /// Reads the input of `strip` for eight channels and returns the number of columns in the patch.
  @inline(__always)
  func readPatch(
    of strip: PixelRectangle, kernel: Int, step: Int, channel: Int, into patch: UnsafeMutablePointer<Float>
  ) -> Int {
    let columns = (strip.columns.count - 1) * step + kernel
    read(
      image: 0, row: strip.rows.lowerBound * step, rows: (strip.rows.count - 1) * step + kernel,
      column: strip.columns.lowerBound * step, columns: columns, channel: channel, count: laneCount,
      owned: PixelRectangle(
        rows: strip.rows.lowerBound * step..<strip.rows.upperBound * step,
        columns: strip.columns.lowerBound * step..<strip.columns.upperBound * step),
      into: patch)
    return columns
  }
}

/// One row of a 3×3 depthwise convolution of eight channels. The nine weights stay in registers.
struct DepthwiseRow3 {
  private let weights: (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)
  private let bias: Lanes

  /// Loads `weight`, `[9][8]`.
  @inline(__always)
  init(_ weight: UnsafePointer<Float>, bias: Lanes) {
    weights = (
      load(weight), load(weight + 8), load(weight + 16), load(weight + 24), load(weight + 32), load(weight + 40),
      load(weight + 48), load(weight + 56), load(weight + 64)
    )
    self.bias = bias
  }

  /// Computes `pixels` outputs from the patch at `source`, whose rows are `rowStride` floats apart, with `step` pixels
  /// between outputs.
  @inline(__always)
  func compute(
    _ source: UnsafePointer<Float>, rowStride: Int, step: Int, pixels: Int,
    _ body: (_ pixel: Int, _ value: Lanes) -> Void
  ) {
    var upper = source
    var middle = source + rowStride
    var lower = source + 2 * rowStride
    for pixel in 0..<pixels {
      // Three sums, so that products do not wait for all earlier ones.
      var first = bias.addingProduct(load(upper), weights.0)
      var second = load(middle) * weights.3
      var third = load(lower) * weights.6
      first = first.addingProduct(load(upper + laneCount), weights.1)
      second = second.addingProduct(load(middle + laneCount), weights.4)
      third = third.addingProduct(load(lower + laneCount), weights.7)
      first = first.addingProduct(load(upper + 2 * laneCount), weights.2)
      second = second.addingProduct(load(middle + 2 * laneCount), weights.5)
      third = third.addingProduct(load(lower + 2 * laneCount), weights.8)
      body(pixel, first + (second + third))
      upper += step * laneCount
      middle += step * laneCount
      lower += step * laneCount
    }
  }
}
