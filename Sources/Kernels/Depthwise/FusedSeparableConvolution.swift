import Threading

/// A 3×3 depthwise convolution followed by a 1×1 convolution, as one kernel.
///
/// `output[y, x, o] = r(bias[o] + Σ_c P[o, c]·(b[c] + Σ D[c, i, j]·in[y·s + i − p, x·s + j − p, c]))` with the
/// depthwise weight `D` and bias `b` and the 1×1 weight `P`. The depthwise results of a strip stay in the second-level
/// cache, those of a row in the first, where they are multiplied. Everything else is as in ``FusedAlgorithm``.
struct FusedSeparableConvolution: ConvolutionKernel {
  /// The dimensions: those of the depthwise convolution, with the outputs of the 1×1 convolution.
  let geometry: ConvolutionGeometry
  private let layout: DepthwiseLayout

  static func supports(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.kernel == 3 && geometry.upsampling == 1 && geometry.batch == 1 && geometry.hasWholeVectors
  }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    // Up to 128 kB of depthwise results. Long rows are read from memory at full speed and short ones at a fraction of
    // it; tall strips read few rows twice.
    let rows = geometry.stride == 1 ? 8 : 4
    let pixels = (128 << 10) / (geometry.inputChannels * MemoryLayout<Float>.stride)
    layout = DepthwiseLayout(
      height: geometry.outputHeight, width: geometry.outputWidth, rows: rows,
      columns: max(12, min(64, pixels / rows)), kernel: 3, step: geometry.stride)
  }

  var materializesInput: Bool { geometry.readsAllPixels }
  var addsResidual: Bool { true }

  func scratchCount(threads: Int) -> Int { threads * (layout.patchCount + depthwiseCount + productCount) }

  /// The register tiles read and write up to 11 pixels beyond the last.
  private var pixelRoom: Int { layout.rowsPerStrip * layout.pixelsPerStrip + 12 }
  private var depthwiseCount: Int { pixelRoom * geometry.inputChannels }
  private var productCount: Int { (layout.pixelsPerStrip + 12) * 16 }

  var taskCount: Int { layout.tasks.tasks }

  // MARK: Weights

  var packedWeightCount: Int { (10 + geometry.outputChannels) * geometry.inputChannels }

  /// Packs the depthwise `[C, 1, 3, 3]`, its bias `[C]` and the 1×1 `[O, C, 1, 1]` as `[C/8][9][8]`, `[C]` and
  /// `[O/16][C][16]`.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (depthwise, pointwise) = (weights[0], weights[1])
    packed.update(repeating: 0, count: packedWeightCount)
    let channels = geometry.inputChannels
    for channel in 0..<depthwise.outputChannels {
      let taps = depthwise.taps(output: channel, input: 0)
      let target = packed + channel / laneCount * 9 * laneCount + channel % laneCount
      for tap in 0..<9 { target[tap * laneCount] = taps[tap] }
      packed[9 * channels + channel] = depthwise.bias?[channel] ?? 0
    }
    for output in 0..<pointwise.outputChannels {
      let panel = output / 16 * 16
      let width = panelWidth(at: panel, of: geometry.outputChannels)
      let target = packed + (10 + panel) * channels + output - panel
      for input in 0..<pointwise.inputChannels {
        target[input * width] = pointwise.taps(output: output, input: input)[0]
      }
    }
  }

  // MARK: Forward

  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PatchReader(input, geometry)
    let channels = geometry.outputChannels
    let tasks = layout.tasks
    pool.parallelFor(tasks.tasks) { task, thread in
      let scratch = scratch + thread * scratchCount(threads: 1)
      let moments = output.beginMoments(task: task, channels: channels)
      for index in tasks.strips(of: task) {
        guard let strip = layout.strip(index) else { continue }
        let depthwise = scratch + layout.patchCount
        filter(reader, strip, weight: weight, patch: scratch, into: depthwise)
        multiply(
          strip, depthwise, weight: weight + 10 * geometry.inputChannels, output: output, moments: moments,
          products: depthwise + depthwiseCount)
      }
    }
  }

  /// Computes the depthwise results of a strip, `[pixel][C]`.
  @inline(__always)
  private func filter(
    _ reader: PatchReader, _ strip: PixelRectangle, weight: UnsafePointer<Float>, patch: UnsafeMutablePointer<Float>,
    into depthwise: UnsafeMutablePointer<Float>
  ) {
    let (channels, step) = (geometry.inputChannels, geometry.stride)
    let bias = weight + 9 * channels
    for channel in stride(from: 0, to: channels, by: laneCount) {
      let rowStride = reader.readPatch(of: strip, kernel: 3, step: step, channel: channel, into: patch) * laneCount
      let filter = DepthwiseRow3(weight + 9 * channel, bias: load(bias + channel))
      for line in 0..<strip.rows.count {
        let target = depthwise + line * strip.columns.count * channels + channel
        filter.compute(
          patch + line * step * rowStride, rowStride: rowStride, step: step, pixels: strip.columns.count
        ) { store($1, target + $0 * channels) }
      }
    }
  }

  @inline(__always)
  private func multiply(
    _ strip: PixelRectangle, _ depthwise: UnsafePointer<Float>, weight: UnsafePointer<Float>, output: ActivationOutput,
    moments: UnsafeMutablePointer<Double>?, products: UnsafeMutablePointer<Float>
  ) {
    let (inputs, channels) = (geometry.inputChannels, geometry.outputChannels)
    let rows = MicrokernelRows(row: inputs, segment: 0, segments: 1, depth: inputs)
    let count = strip.columns.count
    for (line, row) in strip.rows.enumerated() {
      let target = (row * geometry.outputWidth + strip.columns.lowerBound) * laneCount
      var channel = 0
      while channel < channels {
        let width = panelWidth(at: channel, of: channels)
        multiplyRows(
          count, width: width, depthwise + line * count * inputs, rows, weight + channel * inputs, into: products,
          stride: width)
        for block in stride(from: 0, to: width, by: laneCount) {
          var writer = BlockWriter(output, channel: channel + block, channels: channels, gathers: moments != nil)
          writer.write(
            products + block, step: width, pixels: count, to: target + (channel + block) * geometry.outputPixels)
          writer.finish(moments)
        }
        channel += width
      }
    }
  }
}
