import Threading

/// Convolution of any kernel, stride, padding and upsampling: for each output, the products one after another.
///
/// A strip of outputs of one row reads its patch into the cache once. There the `k·I` values under one row of the kernel follow
/// one another, so that the microkernel runs through them as through a row of a matrix. A picture is read as it lies in memory:
/// of its three channels nothing is padded.
enum FusedDirectConvolution {
  private struct Layout {
    let pixelsPerStrip: Int
    let stripsPerRow: Int
    let columns: Int
    let patchCount: Int
    let productCount: Int

    init(_ geometry: ConvolutionGeometry) {
      // About 100 kB of input under a strip, in whole register tiles.
      let bytesPerPixel = geometry.kernel * geometry.stride * geometry.inputChannels * MemoryLayout<Float>.stride
      let most = max(12, min(96, (100 << 10) / bytesPerPixel / 12 * 12))
      stripsPerRow = (geometry.outputWidth + most - 1) / most
      pixelsPerStrip = min(most, geometry.outputWidth)
      columns = (pixelsPerStrip - 1) * geometry.stride + geometry.kernel
      // The microkernel reads whole register tiles, beyond the last pixel too.
      let overhang = 12 * geometry.stride * geometry.inputChannels
      patchCount = geometry.kernel * columns * geometry.inputChannels + overhang
      productCount = (pixelsPerStrip + 12) * 32
    }

    var scratchCount: Int { patchCount + productCount }
  }

  static func scratchCount(_ geometry: ConvolutionGeometry) -> Int { Layout(geometry).scratchCount }
  static func taskCount(_ geometry: ConvolutionGeometry) -> Int { tasks(geometry, Layout(geometry)).tasks }

  private static func tasks(_ geometry: ConvolutionGeometry, _ layout: Layout) -> StripTasks {
    StripTasks(strips: geometry.batch * geometry.outputHeight * layout.stripsPerRow)
  }

  // MARK: Weights

  static func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int {
    geometry.kernel * geometry.kernel * geometry.inputChannels * geometry.outputChannels
  }

  /// Writes `[O, I, k, k]` as `[O/16][k][k][I][16]`.
  static func packWeight(
    _ weight: FilterWeight, _ geometry: ConvolutionGeometry, into packed: UnsafeMutablePointer<Float>
  ) {
    let inputs = geometry.inputChannels
    let count = geometry.kernel * geometry.kernel
    packed.update(repeating: 0, count: packedWeightCount(geometry))
    for output in 0..<weight.outputChannels {
      let panel = output / 16 * 16
      let width = panelWidth(at: panel, of: geometry.outputChannels)
      let base = packed + panel * count * inputs + output - panel
      for input in 0..<weight.inputChannels {
        let taps = weight.taps(output: output, input: input)
        for tap in 0..<count { base[(tap * inputs + input) * width] = taps[tap] }
      }
    }
  }

  // MARK: Forward

  static func forward(
    _ input: ActivationInput, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PatchReader(input, geometry)
    let (kernel, step) = (geometry.kernel, geometry.stride)
    forEachStrip(geometry, weight: weight, output: output, scratch: scratch, pool: pool) { strip, patch in
      reader.read(
        image: strip.image, row: strip.row * step, rows: kernel, column: strip.pixels.lowerBound * step,
        columns: strip.columns, channel: 0, count: geometry.inputChannels,
        owned: PixelRectangle(
          rows: strip.row * step..<(strip.row + 1) * step,
          columns: strip.pixels.lowerBound * step..<strip.pixels.upperBound * step),
        into: patch)
    }
  }

  /// The same for a picture, whose padding and extension `map` describes; `geometry` has three input channels.
  static func forward(
    _ picture: PictureInput, map: PictureMap, _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>,
    output: ActivationOutput, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PictureReader(picture: picture, map: map)
    let step = geometry.stride
    forEachStrip(geometry, weight: weight, output: output, scratch: scratch, pool: pool) { strip, patch in
      for line in 0..<geometry.kernel {
        reader.readPixels(
          row: strip.row * step + line, column: strip.pixels.lowerBound * step, count: strip.columns,
          into: patch + line * strip.columns * geometry.inputChannels)
      }
    }
  }

  /// Neighbouring outputs of one row.
  private struct Strip {
    let image: Int
    let row: Int
    let pixels: Range<Int>
    /// Columns of the padded input that they read.
    let columns: Int
  }

  @inline(__always)
  private static func forEachStrip(
    _ geometry: ConvolutionGeometry, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool,
    _ read: (_ strip: Strip, _ patch: UnsafeMutablePointer<Float>) -> Void
  ) {
    let layout = Layout(geometry)
    let tasks = tasks(geometry, layout)
    let channels = geometry.outputChannels
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      let moments = output.moments.map { $0 + task * 2 * channels }
      moments?.update(repeating: 0, count: 2 * channels)
      for index in tasks.strips(of: task) {
        let row = index / layout.stripsPerRow
        let first = index % layout.stripsPerRow * layout.pixelsPerStrip
        let pixels = first..<min(first + layout.pixelsPerStrip, geometry.outputWidth)
        let strip = Strip(
          image: row / geometry.outputHeight, row: row % geometry.outputHeight, pixels: pixels,
          columns: (pixels.count - 1) * geometry.stride + geometry.kernel)
        read(strip, scratch)
        multiply(
          geometry, strip, patch: scratch, weight: weight, output: output, moments: moments,
          products: scratch + layout.patchCount)
      }
    }
  }

  @inline(__always)
  private static func multiply(
    _ geometry: ConvolutionGeometry, _ strip: Strip, patch: UnsafePointer<Float>, weight: UnsafePointer<Float>,
    output: ActivationOutput, moments: UnsafeMutablePointer<Double>?, products: UnsafeMutablePointer<Float>
  ) {
    let (kernel, inputs) = (geometry.kernel, geometry.inputChannels)
    let rows = MicrokernelRows(
      row: geometry.stride * inputs, segment: strip.columns * inputs, segments: kernel, depth: kernel * inputs)
    let channels = geometry.outputChannels
    let plane = output.layout.blockStride(pixels: geometry.outputPixels)
    let target =
      strip.image * channels * geometry.outputPixels
      + (strip.row * geometry.outputWidth + strip.pixels.lowerBound) * output.layout.pixelStride(channels: channels)
    var channel = 0
    while channel < channels {
      let width = rows.panelsWidth(at: channel, of: channels)
      multiplyPanels(
        strip.pixels.count, columns: width, patch, rows, weight + channel * kernel * kernel * inputs, into: products,
        stride: width)
      for block in stride(from: 0, to: width, by: laneCount) {
        var writer = BlockWriter(output, channel: channel + block, channels: channels, gathers: moments != nil)
        writer.write(
          products + block, step: width, pixels: strip.pixels.count,
          to: target + (channel + block) / laneCount * plane)
        writer.finish(moments)
      }
      channel += width
    }
  }
}
