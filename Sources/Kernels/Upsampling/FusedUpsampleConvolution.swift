import Threading

/// Nearest ×2 upsampling and a 3×3 convolution as one kernel, with nine products for four outputs.
///
/// Along one axis, taps `w` on the upsampled input give `out[2k] = S·x[k] + w₀·(x[k−1] − x[k])` and
/// `out[2k+1] = S·x[k] + w₂·(x[k+1] − x[k])` with `S = w₀ + w₁ + w₂`: three products for two outputs. Along both axes
/// that is 9 products instead of 36, and the upsampled map is never stored.
struct FusedUpsampleConvolution: ConvolutionKernel, WeightGradientKernel {
  let geometry: ConvolutionGeometry
  private let layout: Layout

  /// The number of products per stored pixel: {pixel, previous, next} of rows times the same of columns.
  private static let planes = 9
  private static let channelsAtATime = 32
  /// The sums of a kernel's taps along one axis by which the pixel itself, the difference from its predecessor and that
  /// from its successor are multiplied.
  static let combinations: [[Double]] = [[1, 1, 1], [1, 0, 0], [0, 0, 1]]

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.hasWholeVectors && geometry.isUpsampled3x3
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = Layout(geometry)
  }

  var materializesInput: Bool { true }

  private struct Layout {
    let pixelsPerStrip: Int
    let stripsPerImage: Int
    let channelsPerRead: Int
    let inputPlane: Int
    let productPlane: Int
    let patchCount: Int
    let tasks: StripTasks

    init(_ geometry: ConvolutionGeometry) {
      let pixels = geometry.height * geometry.width
      // About 110 kB of transformed input: 24 pixels of 128 channels.
      let most = max(12, min(96, 24 * 128 / geometry.inputChannels / 12 * 12))
      pixelsPerStrip = min(most, pixels)
      stripsPerImage = (pixels + pixelsPerStrip - 1) / pixelsPerStrip
      channelsPerRead = geometry.inputChannels % 16 == 0 ? 16 : 8
      let room = (pixelsPerStrip + 11) / 12 * 12
      inputPlane = room * geometry.inputChannels + 16
      productPlane = room * min(channelsAtATime, geometry.outputChannels) + 16
      patchCount = 3 * (pixelsPerStrip + 2) * channelsPerRead
      tasks = StripTasks(strips: geometry.batch * stripsPerImage)
    }

    var scratchCount: Int { patchCount + planes * (inputPlane + productPlane) }
  }

  func scratchCount(threads: Int) -> Int { threads * layout.scratchCount }
  var taskCount: Int { layout.tasks.tasks }

  // MARK: Weights

  var packedWeightCount: Int { Self.planes * geometry.inputChannels * geometry.outputChannels }

  /// Packs `[O, I, 3, 3]` as `[O/16][9][I][16]`.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (weight, inputs, planes, combinations) = (weights[0], geometry.inputChannels, Self.planes, Self.combinations)
    packed.update(repeating: 0, count: packedWeightCount)
    for output in 0..<weight.outputChannels {
      let panel = output / 16 * 16
      let width = panelWidth(at: panel, of: geometry.outputChannels)
      let base = packed + panel * planes * inputs + output - panel
      for input in 0..<weight.inputChannels {
        let taps = weight.taps(output: output, input: input)
        for (row, rows) in combinations.enumerated() {
          for (column, columns) in combinations.enumerated() {
            var sum = 0.0
            for tap in 0..<9 { sum += rows[tap / 3] * columns[tap % 3] * Double(taps[tap]) }
            base[((row * 3 + column) * inputs + input) * width] = Float(sum)
          }
        }
      }
    }
  }

  // MARK: Forward

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, layout) = (geometry, layout)
    let reader = PatchReader(input, geometry, beforeUpsampling: true)
    let tasks = layout.tasks
    let channels = geometry.outputChannels
    let pixels = geometry.height * geometry.width
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * layout.scratchCount
      let moments = output.beginMoments(task: task, channels: channels)
      for strip in tasks.strips(of: task) {
        let first = strip % layout.stripsPerImage * layout.pixelsPerStrip
        Self.convolveStrip(
          reader, geometry, layout, image: strip / layout.stripsPerImage,
          pixels: first..<min(first + layout.pixelsPerStrip, pixels), weight: weight, output: output,
          moments: moments, scratch: scratch)
      }
    }
  }

  @inline(__always)
  private static func convolveStrip(
    _ reader: PatchReader, _ geometry: ConvolutionGeometry, _ layout: Layout, image: Int, pixels: Range<Int>,
    weight: UnsafePointer<Float>, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let transformed = scratch + layout.patchCount
    let products = transformed + planes * layout.inputPlane
    let inputs = geometry.inputChannels
    var pixel = pixels.lowerBound
    while pixel < pixels.upperBound {
      let run = TileRun(from: pixel, to: pixels.upperBound, tilesPerRow: geometry.width, outputs: 1)
      transformInput(
        reader, layout, image: image, run: run, inputs: inputs, patch: scratch,
        into: transformed + (pixel - pixels.lowerBound) * inputs)
      pixel += run.tiles
    }
    let rows = MicrokernelRows(row: inputs, segment: 0, segments: 1, depth: inputs)
    let channels = geometry.outputChannels
    var channel = 0
    while channel < channels {
      let group = min(channelsAtATime, channels - channel)
      var within = 0
      while within < group {
        let width = rows.panelsWidth(at: within, of: group)
        let panels = weight + (channel + within) * planes * inputs
        for plane in 0..<planes {
          multiplyPanels(
            pixels.count, columns: width, transformed + plane * layout.inputPlane, rows,
            panels + plane * inputs * min(width, 16), panel: planes * inputs * 16,
            into: products + plane * layout.productPlane + within, stride: group)
        }
        within += width
      }
      for block in stride(from: 0, to: group, by: laneCount) {
        var pixel = pixels.lowerBound
        while pixel < pixels.upperBound {
          let run = TileRun(from: pixel, to: pixels.upperBound, tilesPerRow: geometry.width, outputs: 1)
          write(
            products + (pixel - pixels.lowerBound) * group + block, plane: layout.productPlane, pixelStride: group,
            run: run, geometry, image: image, channel: channel + block, output: output, moments: moments)
          pixel += run.tiles
        }
      }
      channel += group
    }
  }

  /// Reads neighbouring pixels with those around them and computes the nine factors, `[9][pixel][I]`.
  @inline(__always)
  private static func transformInput(
    _ reader: PatchReader, _ layout: Layout, image: Int, run: TileRun, inputs: Int, patch: UnsafeMutablePointer<Float>,
    into transformed: UnsafeMutablePointer<Float>
  ) {
    let columns = run.tiles + 2
    let count = layout.channelsPerRead
    let plane = layout.inputPlane
    let owned = PixelRectangle(rows: run.top..<run.top + 1, columns: run.left..<run.left + run.tiles)
    for channel in stride(from: 0, to: inputs, by: count) {
      reader.read(
        image: image, row: run.top, rows: 3, column: run.left, columns: columns, channel: channel, count: count,
        owned: owned, into: patch)
      for lane in stride(from: 0, to: count, by: laneCount) {
        let rowStride = columns * count
        var source = UnsafePointer(patch + lane)
        var previous = rowFactors(source, rowStride)
        source += count
        var current = rowFactors(source, rowStride)
        var target = transformed + channel + lane
        for _ in 0..<run.tiles {
          source += count
          let next = rowFactors(source, rowStride)
          store(current.pixel, target)
          store(previous.pixel - current.pixel, target + plane)
          store(next.pixel - current.pixel, target + 2 * plane)
          store(current.previous, target + 3 * plane)
          store(previous.previous - current.previous, target + 4 * plane)
          store(next.previous - current.previous, target + 5 * plane)
          store(current.next, target + 6 * plane)
          store(previous.next - current.next, target + 7 * plane)
          store(next.next - current.next, target + 8 * plane)
          target += inputs
          previous = current
          current = next
        }
      }
    }
  }

  @inline(__always)
  private static func rowFactors(
    _ source: UnsafePointer<Float>, _ rowStride: Int
  ) -> (pixel: Lanes, previous: Lanes, next: Lanes) {
    let pixel = load(source + rowStride)
    return (pixel, load(source) - pixel, load(source + 2 * rowStride) - pixel)
  }

  @inline(__always)
  private static func write(
    _ products: UnsafePointer<Float>, plane: Int, pixelStride: Int, run: TileRun, _ geometry: ConvolutionGeometry,
    image: Int, channel: Int, output: ActivationOutput, moments: UnsafeMutablePointer<Double>?
  ) {
    let channels = geometry.outputChannels
    let bias = output.bias.map { load($0 + channel) } ?? .zero
    let appliesReLU = output.appliesReLU
    let step = output.layout.pixelStride(channels: channels)
    let outputRow = geometry.outputWidth * step
    var target =
      output.values + image * channels * geometry.outputPixels
      + channel / laneCount * output.layout.blockStride(pixels: geometry.outputPixels)
      + (2 * run.top * geometry.outputWidth + 2 * run.left) * step
    var source = products
    // Use the value after ReLU as the pivot: a value that ReLU clamps may lie far from all others.
    let first = load(source) + bias
    var sums = MomentSums(pivot: appliesReLU ? rectified(first) : first)
    for _ in 0..<run.tiles {
      let pixel = load(source) + bias
      let upper = load(source + 3 * plane)
      let lower = load(source + 6 * plane)
      let (left, right) = (pixel + load(source + plane), pixel + load(source + 2 * plane))
      let upperLeft = left + (upper + load(source + 4 * plane))
      let upperRight = right + (upper + load(source + 5 * plane))
      let lowerLeft = left + (lower + load(source + 7 * plane))
      let lowerRight = right + (lower + load(source + 8 * plane))
      write(upperLeft, appliesReLU, &sums, target)
      write(upperRight, appliesReLU, &sums, target + step)
      write(lowerLeft, appliesReLU, &sums, target + outputRow)
      write(lowerRight, appliesReLU, &sums, target + outputRow + step)
      source += pixelStride
      target += 2 * step
    }
    sums.count(4 * run.tiles)
    if let moments { sums.flush(into: moments, channel: channel, channels: channels) }
  }

  @inline(__always)
  private static func write(
    _ value: Lanes, _ appliesReLU: Bool, _ sums: inout MomentSums, _ target: UnsafeMutablePointer<Float>
  ) {
    let value = appliesReLU ? rectified(value) : value
    sums.add(value)
    store(value, target)
  }

  // MARK: Backward to the weight

  func backwardWeightScratchCount(threads: Int) -> Int {
    UpsampleWeightGradient.scratchCount(geometry, threads: threads)
  }

  func backwardWeight(
    _ input: ActivationInput, dOutput: ActivationInput, dWeight: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    UpsampleWeightGradient.run(
      input, dOutput: dOutput, geometry, dWeight: dWeight, scratch: scratch, pool: pool)
  }
}

/// The gradient of the weight after nearest ×2 upsampling, in the domain of the nine products.
typealias UpsampleWeightGradient = TransformedWeightGradient<UpsampleInput, UpsampleOutputGradient>

extension UpsampleWeightGradient {
  static func run(
    _ input: ActivationInput, dOutput: ActivationInput, _ geometry: ConvolutionGeometry,
    dWeight: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    run(
      PatchReader(input, geometry, beforeUpsampling: true), dOutput: dOutput, geometry,
      matrix: FusedUpsampleConvolution.combinations, dWeight: dWeight, scratch: scratch, pool: pool)
  }
}
