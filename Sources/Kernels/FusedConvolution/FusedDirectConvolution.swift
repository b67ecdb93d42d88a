import Threading

/// Convolution of any kernel, stride, padding and upsampling: for each output, the products one after another.
///
/// A strip of outputs of one row reads its patch into the cache once. There the `k·I` values under one row of the kernel follow
/// one another, so that the microkernel runs through them as through a row of a matrix.
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
      productCount = (pixelsPerStrip + 12) * 16
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
    let layout = Layout(geometry)
    let reader = PatchReader(input, geometry)
    let tasks = tasks(geometry, layout)
    let channels = geometry.outputChannels
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      let moments = output.moments.map { $0 + task * 2 * channels }
      moments?.update(repeating: 0, count: 2 * channels)
      for strip in tasks.strips(of: task) {
        let row = strip / layout.stripsPerRow
        let first = strip % layout.stripsPerRow * layout.pixelsPerStrip
        convolveStrip(
          reader, geometry, layout, image: row / geometry.outputHeight, row: row % geometry.outputHeight,
          pixels: first..<min(first + layout.pixelsPerStrip, geometry.outputWidth), weight: weight, output: output,
          moments: moments, scratch: scratch)
      }
    }
  }

  @inline(__always)
  private static func convolveStrip(
    _ reader: PatchReader, _ geometry: ConvolutionGeometry, _ layout: Layout, image: Int, row: Int, pixels: Range<Int>,
    weight: UnsafePointer<Float>, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (kernel, step, inputs) = (geometry.kernel, geometry.stride, geometry.inputChannels)
    let columns = (pixels.count - 1) * step + kernel
    let products = scratch + layout.patchCount
    reader.read(
      image: image, row: row * step, rows: kernel, column: pixels.lowerBound * step, columns: columns, channel: 0,
      count: inputs,
      owned: PixelRectangle(
        rows: row * step..<(row + 1) * step, columns: pixels.lowerBound * step..<pixels.upperBound * step),
      into: scratch)
    let rows = MicrokernelRows(row: step * inputs, segment: columns * inputs, segments: kernel, depth: kernel * inputs)
    let channels = geometry.outputChannels
    let target = output.values + (row * geometry.outputWidth + pixels.lowerBound) * laneCount
    var channel = 0
    while channel < channels {
      let width = panelWidth(at: channel, of: channels)
      multiplyRows(
        pixels.count, width: width, scratch, rows, weight + channel * kernel * kernel * inputs, into: products,
        stride: width)
      for block in stride(from: 0, to: width, by: laneCount) {
        write(
          products + block, width: width, pixels: pixels.count, channel: channel + block, channels: channels,
          output: output, moments: moments, to: target + (image * channels + channel + block) * geometry.outputPixels)
      }
      channel += width
    }
  }

  @inline(__always)
  private static func write(
    _ products: UnsafePointer<Float>, width: Int, pixels: Int, channel: Int, channels: Int, output: ActivationOutput,
    moments: UnsafeMutablePointer<Double>?, to target: UnsafeMutablePointer<Float>
  ) {
    let bias = output.bias.map { load($0 + channel) } ?? .zero
    // A value as it is written: one that ReLU takes away may lie far from all others.
    let first = load(products) + bias
    var sums = MomentSums(pivot: output.rectifies ? rectified(first) : first)
    var (source, target) = (products, target)
    for _ in 0..<pixels {
      var value = load(source) + bias
      if output.rectifies { value = rectified(value) }
      sums.add(value)
      store(value, target)
      source += width
      target += laneCount
    }
    sums.count(pixels)
    if let moments { sums.flush(into: moments, channel: channel, channels: channels) }
  }
}
