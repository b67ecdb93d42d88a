import Threading

/// The ways to compute a depthwise convolution between two activations.
public enum DepthwiseAlgorithm: String, Sendable, CaseIterable {
  /// 3×3 of any stride, without upsampling.
  case threeByThree
  /// Nearest ×2 and 3×3 of stride 1 by the four products that each output has in front of the upsampling.
  case upsample
  /// Everything.
  case general

  /// Whether the algorithm computes `geometry`: as many channels in as out, multiples of 8, one image.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    guard geometry.inputChannels == geometry.outputChannels, geometry.inputChannels % laneCount == 0,
      geometry.batch == 1
    else { return false }
    switch self {
    case .threeByThree: return geometry.kernel == 3 && geometry.upsampling == 1
    case .upsample: return FusedUpsampleConvolution.supports(geometry)
    case .general: return true
    }
  }

  /// The algorithm for `geometry` where nothing else is asked for.
  public static func preferred(for geometry: ConvolutionGeometry) -> DepthwiseAlgorithm {
    if DepthwiseAlgorithm.upsample.supports(geometry) { return .upsample }
    return DepthwiseAlgorithm.threeByThree.supports(geometry) ? .threeByThree : .general
  }
}

/// A convolution of each channel with a kernel of its own, fused with its neighbours as ``FusedConvolution``.
///
/// `output[y, x, c] = r(bias[c] + Σ in[y·s + i − p, x·s + j − p, c] · weight[c, 0, i, j])`. Lanes run over channels, so that a
/// pixel's neighbours are whole vectors away.
public struct FusedDepthwiseConvolution: Sendable {
  /// The extents.
  public let geometry: ConvolutionGeometry
  /// How it is computed.
  public let algorithm: DepthwiseAlgorithm
  private let layout: DepthwiseLayout
  /// Rows of a strip of the map that the strips divide: the output, or the input in front of the upsampling.
  private let height: Int
  private let width: Int

  /// A convolution of `geometry` by `algorithm`, or by the preferred one; `algorithm` must support `geometry`.
  public init(_ geometry: ConvolutionGeometry, algorithm: DepthwiseAlgorithm? = nil) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .preferred(for: geometry)
    precondition(self.algorithm.supports(geometry), "\(self.algorithm) does not compute this convolution")
    let isUpsampling = self.algorithm == .upsample
    height = isUpsampling ? geometry.height : geometry.outputHeight
    width = isUpsampling ? geometry.width : geometry.outputWidth
    let step = isUpsampling ? 1 : geometry.stride
    let rows = step == 1 ? 8 : 4
    // About 24 kB under a strip.
    let fitting = ((24 << 10) / 32 / ((rows - 1) * step + geometry.kernel) - geometry.kernel) / step + 1
    layout = DepthwiseLayout(height: height, width: width, rows: rows, columns: max(8, min(64, fitting)))
  }

  /// See ``FusedConvolution/materializesInput``.
  public var materializesInput: Bool { algorithm == .upsample || geometry.readsAllPixels }

  /// Floats of a packed weight.
  public var packedWeightCount: Int { tapCount * geometry.inputChannels }

  private var tapCount: Int { algorithm == .upsample ? 16 : geometry.kernel * geometry.kernel }

  /// Writes `[C, 1, k, k]` as `[C/8][k][k][8]`, or as `[C/8][2][2][2][2][8]` for both rows and columns of the outputs, then of the
  /// pixels under them, behind upsampling. The weight may have fewer channels than the geometry.
  public func packWeight(_ weight: FilterWeight, into packed: UnsafeMutablePointer<Float>) {
    packed.update(repeating: 0, count: packedWeightCount)
    for channel in 0..<weight.outputChannels {
      let taps = weight.taps(output: channel, input: 0)
      let target = packed + channel / laneCount * tapCount * laneCount + channel % laneCount
      guard algorithm == .upsample else {
        for tap in 0..<tapCount { target[tap * laneCount] = taps[tap] }
        continue
      }
      // The upper (left) output of two lies over the previous pixel with its first tap, the lower with its first two.
      let pairs: [[Range<Int>]] = [[0..<1, 1..<3], [0..<2, 2..<3]]
      for index in 0..<16 {
        let rows = pairs[index / 8][index / 2 % 2]
        let columns = pairs[index / 4 % 2][index % 2]
        var sum = 0.0
        for row in rows { for column in columns { sum += Double(taps[row * 3 + column]) } }
        target[index * laneCount] = Float(sum)
      }
    }
  }

  /// Floats of scratch on a pool of `threads`; its first contents must be finite.
  public func scratchCount(threads: Int) -> Int { threads * (patchCount + rowCount) }

  private var patchCount: Int {
    let (kernel, step) = algorithm == .upsample ? (3, 1) : (geometry.kernel, geometry.stride)
    return ((layout.rowsPerStrip - 1) * step + kernel) * ((layout.pixelsPerStrip - 1) * step + kernel) * laneCount
  }

  /// A row of outputs before they are written.
  private var rowCount: Int { layout.pixelsPerStrip * geometry.upsampling * laneCount }

  /// The tasks whose sums ``Moments`` adds.
  public var taskCount: Int { layout.tasks.tasks }

  // MARK: Forward

  /// Computes the output, which overlaps nothing that is read.
  public func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let reader = PatchReader(input, geometry, beforeUpsampling: algorithm == .upsample)
    let channels = geometry.outputChannels
    let tasks = layout.tasks
    pool.parallelFor(tasks.tasks) { task, thread in
      let patch = scratch + thread * scratchCount(threads: 1)
      let moments = output.moments.map { $0 + task * 2 * channels }
      moments?.update(repeating: 0, count: 2 * channels)
      for index in tasks.strips(of: task) {
        guard let strip = layout.strip(index, height: height, width: width) else { continue }
        for channel in stride(from: 0, to: channels, by: laneCount) {
          var writer = BlockWriter(output, channel: channel, channels: channels, gathers: moments != nil)
          let weight = weight + channel * tapCount
          let target = channel * geometry.outputPixels
          switch algorithm {
          case .threeByThree: threeByThree(reader, strip, channel, weight, patch, &writer, target)
          case .upsample: upsample(reader, strip, channel, weight, patch, &writer, target)
          case .general: general(reader, strip, channel, weight, patch, &writer, target)
          }
          writer.finish(moments)
        }
      }
    }
  }

  @inline(__always)
  private func threeByThree(
    _ reader: PatchReader, _ strip: PixelRectangle, _ channel: Int, _ weight: UnsafePointer<Float>,
    _ patch: UnsafeMutablePointer<Float>, _ writer: inout BlockWriter, _ target: Int
  ) {
    let step = geometry.stride
    let rowStride = reader.readPatch(of: strip, kernel: 3, step: step, channel: channel, into: patch) * laneCount
    let filter = DepthwiseRow3(weight, bias: .zero)
    let values = patch + patchCount
    for (line, row) in strip.rows.enumerated() {
      filter.compute(
        patch + line * step * rowStride, rowStride: rowStride, step: step, pixels: strip.columns.count
      ) { store($1, values + $0 * laneCount) }
      writer.write(
        values, step: laneCount, pixels: strip.columns.count,
        to: target + (row * geometry.outputWidth + strip.columns.lowerBound) * laneCount)
    }
  }

  @inline(__always)
  private func upsample(
    _ reader: PatchReader, _ strip: PixelRectangle, _ channel: Int, _ weight: UnsafePointer<Float>,
    _ patch: UnsafeMutablePointer<Float>, _ writer: inout BlockWriter, _ target: Int
  ) {
    let rowStride = reader.readPatch(of: strip, kernel: 3, step: 1, channel: channel, into: patch) * laneCount
    let values = patch + patchCount
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

  @inline(__always)
  private func general(
    _ reader: PatchReader, _ strip: PixelRectangle, _ channel: Int, _ weight: UnsafePointer<Float>,
    _ patch: UnsafeMutablePointer<Float>, _ writer: inout BlockWriter, _ target: Int
  ) {
    let (kernel, step) = (geometry.kernel, geometry.stride)
    let rowStride = reader.readPatch(of: strip, kernel: kernel, step: step, channel: channel, into: patch) * laneCount
    let values = patch + patchCount
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
