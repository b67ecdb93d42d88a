import Threading

/// Direct convolution between activations, of any kernel, stride, padding and upsampling.
struct FusedDirectConvolution: FusedDirectKernel, ConvolutionKernel {
  let geometry: ConvolutionGeometry
  let layout: FusedDirectLayout

  static func supports(_ geometry: ConvolutionGeometry) -> Bool { geometry.hasWholeVectors }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = FusedDirectLayout(geometry)
  }

  var materializesInput: Bool { geometry.readsAllPixels }
  var addsResidual: Bool { true }

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PatchReader(input, geometry)
    let (kernel, step, channels) = (geometry.kernel, geometry.stride, geometry.inputChannels)
    forEachStrip(weight: weight, output: output, scratch: scratch, pool: pool) { strip, patch in
      reader.read(
        image: strip.image, row: strip.row * step, rows: kernel, column: strip.pixels.lowerBound * step,
        columns: strip.columns, channel: 0, count: channels,
        owned: PixelRectangle(
          rows: strip.row * step..<(strip.row + 1) * step,
          columns: strip.pixels.lowerBound * step..<strip.pixels.upperBound * step),
        into: patch)
    }
  }
}

/// Direct convolution of a picture, which is read as it is stored: its three channels are not padded to eight.
struct FusedPictureDirect: FusedDirectKernel, ConvolutionKernel {
  let geometry: ConvolutionGeometry
  let layout: FusedDirectLayout

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.inputChannels == 3 && geometry.outputChannels % laneCount == 0 && geometry.batch == 1
      && geometry.upsampling == 1
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = FusedDirectLayout(geometry)
  }

  func forward(
    _ picture: PictureReader, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (kernel, step, channels) = (geometry.kernel, geometry.stride, geometry.inputChannels)
    forEachStrip(weight: weight, output: output, scratch: scratch, pool: pool) { strip, patch in
      for line in 0..<kernel {
        picture.readPixels(
          row: strip.row * step + line, column: strip.pixels.lowerBound * step, count: strip.columns,
          into: patch + line * strip.columns * channels)
      }
    }
  }
}

/// The division of the outputs into strips, and the number of floats in a strip.
struct FusedDirectLayout {
  let pixelsPerStrip: Int
  let stripsPerRow: Int
  let columns: Int
  let patchCount: Int
  let productCount: Int
  let tasks: StripTasks

  init(_ geometry: ConvolutionGeometry) {
    // About 100 kB of input under a strip, in whole register tiles.
    let bytesPerPixel = geometry.kernel * geometry.stride * geometry.inputChannels * MemoryLayout<Float>.stride
    let most = max(12, min(96, (100 << 10) / bytesPerPixel / 12 * 12))
    stripsPerRow = (geometry.outputWidth + most - 1) / most
    pixelsPerStrip = min(most, geometry.outputWidth)
    columns = (pixelsPerStrip - 1) * geometry.stride + geometry.kernel
    // The microkernel reads whole register tiles, also beyond the last pixel.
    let overhang = 12 * geometry.stride * geometry.inputChannels
    patchCount = geometry.kernel * columns * geometry.inputChannels + overhang
    productCount = (pixelsPerStrip + 12) * 32
    tasks = StripTasks(strips: geometry.batch * geometry.outputHeight * stripsPerRow)
  }

  var scratchCount: Int { patchCount + productCount }
}

/// Neighbouring outputs of one row.
struct FusedDirectStrip {
  let image: Int
  let row: Int
  let pixels: Range<Int>
  /// The number of columns of padded input that they read.
  let columns: Int
}

/// The common part of direct kernels.
///
/// A strip of outputs of one row reads its patch into the cache once. There the `k·I` values under a kernel row are
/// contiguous, so that the microkernel treats them as a row of a matrix.
protocol FusedDirectKernel {
  var geometry: ConvolutionGeometry { get }
  var layout: FusedDirectLayout { get }
}

extension FusedDirectKernel {
  func scratchCount(threads: Int) -> Int { threads * layout.scratchCount }
  var taskCount: Int { layout.tasks.tasks }

  // MARK: Weights

  var packedWeightCount: Int {
    geometry.kernel * geometry.kernel * geometry.inputChannels * geometry.outputChannels
  }

  /// Packs `[O, I, k, k]` as `[O/16][k][k][I][16]`.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (weight, inputs) = (weights[0], geometry.inputChannels)
    let count = geometry.kernel * geometry.kernel
    packed.update(repeating: 0, count: packedWeightCount)
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

  /// Computes the output from the patches that `read` writes, `[k][column][I]`.
  @inline(__always)
  fileprivate func forEachStrip(
    weight: UnsafePointer<Float>, output: ActivationOutput, scratch: UnsafeMutablePointer<Float>, pool: ComputePool,
    _ read: (_ strip: FusedDirectStrip, _ patch: UnsafeMutablePointer<Float>) -> Void
  ) {
    let (geometry, layout) = (geometry, layout)
    let (tasks, channels) = (layout.tasks, geometry.outputChannels)
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      let moments = output.beginMoments(task: task, channels: channels)
      for index in tasks.strips(of: task) {
        let row = index / layout.stripsPerRow
        let first = index % layout.stripsPerRow * layout.pixelsPerStrip
        let pixels = first..<min(first + layout.pixelsPerStrip, geometry.outputWidth)
        let strip = FusedDirectStrip(
          image: row / geometry.outputHeight, row: row % geometry.outputHeight, pixels: pixels,
          columns: (pixels.count - 1) * geometry.stride + geometry.kernel)
        read(strip, scratch)
        multiply(
          strip, patch: scratch, weight: weight, output: output, moments: moments,
          products: scratch + layout.patchCount)
      }
    }
  }

  @inline(__always)
  private func multiply(
    _ strip: FusedDirectStrip, patch: UnsafePointer<Float>, weight: UnsafePointer<Float>, output: ActivationOutput,
    moments: UnsafeMutablePointer<Double>?, products: UnsafeMutablePointer<Float>
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
