import Threading

/// Depthwise 3×3 of any stride, without upsampling.
struct FusedDepthwise3x3: FusedDepthwiseKernel {
  let geometry: ConvolutionGeometry
  let layout: DepthwiseLayout

  static func supportsWindow(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.kernel == 3 && geometry.upsampling == 1
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = DepthwiseLayout(geometry)
  }

  @inline(__always)
  func filter(
    _ reader: PatchReader, _ strip: PixelRectangle, _ channel: Int, _ weight: UnsafePointer<Float>,
    _ patch: UnsafeMutablePointer<Float>, _ writer: inout BlockWriter, _ target: Int
  ) {
    let step = geometry.stride
    let rowStride = reader.readPatch(of: strip, kernel: 3, step: step, channel: channel, into: patch) * laneCount
    let filter = DepthwiseRow3(weight, bias: .zero)
    let values = patch + layout.patchCount
    for (line, row) in strip.rows.enumerated() {
      filter.compute(
        patch + line * step * rowStride, rowStride: rowStride, step: step, pixels: strip.columns.count
      ) { store($1, values + $0 * laneCount) }
      writer.write(
        values, step: laneCount, pixels: strip.columns.count,
        to: target + (row * geometry.outputWidth + strip.columns.lowerBound) * laneCount)
    }
  }
}

/// Nearest ×2 upsampling and depthwise 3×3, stride 1, before the upsampling: each output is a sum of four products.
struct FusedDepthwiseUpsample: FusedDepthwiseKernel {
  let geometry: ConvolutionGeometry
  let layout: DepthwiseLayout

  static func supportsWindow(_ geometry: ConvolutionGeometry) -> Bool { geometry.isUpsampled3x3 }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = DepthwiseLayout(beforeUpsamplingOf: geometry)
  }

  static var isBeforeUpsampling: Bool { true }
  var tapCount: Int { 16 }

  /// `[2][2][2][2]`: for rows and columns of the outputs, then of the pixels under them.
  func arrangeTaps(_ taps: UnsafePointer<Float>, _ body: (_ index: Int, _ tap: Float) -> Void) {
    // The first tap of the upper (left) output covers the previous pixel; the first two taps of the lower (right) one
    // cover the current pixel.
    let pairs: [[Range<Int>]] = [[0..<1, 1..<3], [0..<2, 2..<3]]
    for index in 0..<16 {
      let rows = pairs[index / 8][index / 2 % 2]
      let columns = pairs[index / 4 % 2][index % 2]
      var sum = 0.0
      for row in rows { for column in columns { sum += Double(taps[row * 3 + column]) } }
      body(index, Float(sum))
    }
  }

  @inline(__always)
  func filter(
    _ reader: PatchReader, _ strip: PixelRectangle, _ channel: Int, _ weight: UnsafePointer<Float>,
    _ patch: UnsafeMutablePointer<Float>, _ writer: inout BlockWriter, _ target: Int
  ) {
    let rowStride = reader.readPatch(of: strip, kernel: 3, step: 1, channel: channel, into: patch) * laneCount
    let values = patch + layout.patchCount
    for (line, row) in strip.rows.enumerated() {
      for lower in 0..<2 {
        let taps = weight + lower * 8 * laneCount
        let (w0, w1, w2, w3) = (load(taps), load(taps + 8), load(taps + 16), load(taps + 24))
        let (w4, w5, w6, w7) = (load(taps + 32), load(taps + 40), load(taps + 48), load(taps + 56))
        var source = UnsafePointer(patch + (line + lower) * rowStride)
        var place = values
        var (above, below) = (load(source), load(source + rowStride))
        var (nextAbove, nextBelow) = (load(source + laneCount), load(source + rowStride + laneCount))
        for _ in strip.columns {
          let left = (above * w0).addingProduct(nextAbove, w1)
          store(left + (below * w2).addingProduct(nextBelow, w3), place)
          (above, below) = (nextAbove, nextBelow)
          (nextAbove, nextBelow) = (load(source + 2 * laneCount), load(source + rowStride + 2 * laneCount))
          let right = (above * w4).addingProduct(nextAbove, w5)
          store(right + (below * w6).addingProduct(nextBelow, w7), place + laneCount)
          source += laneCount
          place += 2 * laneCount
        }
        writer.write(
          values, step: laneCount, pixels: 2 * strip.columns.count,
          to: target + ((2 * row + lower) * geometry.outputWidth + 2 * strip.columns.lowerBound) * laneCount)
      }
    }
  }
}

/// Any kernel, stride, padding and upsampling.
struct FusedDepthwiseGeneral: FusedDepthwiseKernel {
  let geometry: ConvolutionGeometry
  let layout: DepthwiseLayout

  static func supportsWindow(_ geometry: ConvolutionGeometry) -> Bool { true }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = DepthwiseLayout(geometry)
  }

  @inline(__always)
  func filter(
    _ reader: PatchReader, _ strip: PixelRectangle, _ channel: Int, _ weight: UnsafePointer<Float>,
    _ patch: UnsafeMutablePointer<Float>, _ writer: inout BlockWriter, _ target: Int
  ) {
    let (kernel, step) = (geometry.kernel, geometry.stride)
    let rowStride = reader.readPatch(of: strip, kernel: kernel, step: step, channel: channel, into: patch) * laneCount
    let values = patch + layout.patchCount
    for (line, row) in strip.rows.enumerated() {
      for pixel in 0..<strip.columns.count {
        var sum = Lanes.zero
        var taps = weight
        for i in 0..<kernel {
          var source = patch + (line * step + i) * rowStride + pixel * step * laneCount
          for _ in 0..<kernel {
            sum = sum.addingProduct(load(source), load(taps))
            source += laneCount
            taps += laneCount
          }
        }
        store(sum, values + pixel * laneCount)
      }
      writer.write(
        values, step: laneCount, pixels: strip.columns.count,
        to: target + (row * geometry.outputWidth + strip.columns.lowerBound) * laneCount)
    }
  }
}

/// The common part of depthwise kernels: strips, eight channels at a time. Lanes run over channels, so that
/// neighbouring pixels are whole vectors apart.
protocol FusedDepthwiseKernel: ConvolutionKernel where Input == ActivationInput, Output == ActivationOutput {
  var layout: DepthwiseLayout { get }
  /// Whether the kernel supports the kernel size, stride and upsampling of `geometry`.
  static func supportsWindow(_ geometry: ConvolutionGeometry) -> Bool
  /// Whether the kernel works at the resolution before the upsampling.
  static var isBeforeUpsampling: Bool { get }
  /// The number of values in a channel's packed weight.
  var tapCount: Int { get }
  /// Calls `body` with the values of a channel's packed weight, computed from its `[k, k]`.
  func arrangeTaps(_ taps: UnsafePointer<Float>, _ body: (_ index: Int, _ tap: Float) -> Void)
  /// Computes the eight channels from `channel` of `strip`. `weight` is theirs, and `target` is where their outputs
  /// begin.
  func filter(
    _ reader: PatchReader, _ strip: PixelRectangle, _ channel: Int, _ weight: UnsafePointer<Float>,
    _ patch: UnsafeMutablePointer<Float>, _ writer: inout BlockWriter, _ target: Int)
}

extension FusedDepthwiseKernel {
  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.inputChannels == geometry.outputChannels && geometry.hasWholeVectors && geometry.batch == 1
      && supportsWindow(geometry)
  }

  static var isBeforeUpsampling: Bool { false }
  var materializesInput: Bool { Self.isBeforeUpsampling || geometry.readsAllPixels }
  var taskCount: Int { layout.tasks.tasks }

  func scratchCount(threads: Int) -> Int {
    // A patch, and a row of outputs before they are written.
    threads * (layout.patchCount + layout.pixelsPerStrip * geometry.upsampling * laneCount)
  }

  // MARK: Weights

  var tapCount: Int { geometry.kernel * geometry.kernel }
  var packedWeightCount: Int { tapCount * geometry.inputChannels }

  func arrangeTaps(_ taps: UnsafePointer<Float>, _ body: (_ index: Int, _ tap: Float) -> Void) {
    for tap in 0..<tapCount { body(tap, taps[tap]) }
  }

  /// Packs `[C, 1, k, k]` as `[C/8][taps][8]`.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let weight = weights[0]
    packed.update(repeating: 0, count: packedWeightCount)
    for channel in 0..<weight.outputChannels {
      let target = packed + channel / laneCount * tapCount * laneCount + channel % laneCount
      arrangeTaps(weight.taps(output: channel, input: 0)) { target[$0 * laneCount] = $1 }
    }
  }

  // MARK: Forward

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PatchReader(input, geometry, beforeUpsampling: Self.isBeforeUpsampling)
    let (layout, channels, perThread) = (layout, geometry.outputChannels, scratchCount(threads: 1))
    let tasks = layout.tasks
    pool.parallelFor(tasks.tasks) { task, thread in
      let patch = scratch + thread * perThread
      let moments = output.beginMoments(task: task, channels: channels)
      for index in tasks.strips(of: task) {
        guard let strip = layout.strip(index) else { continue }
        for channel in stride(from: 0, to: channels, by: laneCount) {
          var writer = BlockWriter(output, channel: channel, channels: channels, gathers: moments != nil)
          filter(
            reader, strip, channel, weight + channel * tapCount, patch, &writer, channel * geometry.outputPixels)
          writer.finish(moments)
        }
      }
    }
  }
}
