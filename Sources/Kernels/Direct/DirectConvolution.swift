import Threading

/// Direct convolution with sums in registers, for any kernel and stride. It suits few channels on one side.
///
/// Patches are never copied. Each thread keeps the `k` padded input rows under an output row, in which the values under
/// a kernel row are contiguous. With many output channels, these fill the lanes of the sums (``OutputLanesTile``). With
/// few, input channels do (``InputLanesTile``), and the lanes are added at the end. Each output is summed in one order,
/// independently of the number of threads.
struct DirectConvolution: ConvolutionKernel {
  /// Output rows that one thread computes at a time. `k − s` input rows are padded twice at each boundary.
  private static let bandHeight = 8

  let geometry: ConvolutionGeometry
  private let layout: Layout

  static func supports(_ geometry: ConvolutionGeometry) -> Bool { true }

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    layout = Layout(geometry)
  }

  /// The layout of padded rows and packed weights.
  struct Layout {
    /// Whether the lanes of the sums are output channels.
    let lanesAreOutputs: Bool
    /// The number of channels of a pixel in a padded row.
    let inputChannels: Int
    /// The number of values under one row of the kernel.
    let kernelRow: Int
    /// The number of groups of output channels. A tile computes one group.
    let groups: Int
    /// The number of floats of weights for one group.
    let groupCount: Int
    /// The number of floats of a padded row, including what the last tile reads beyond it.
    let rowCount: Int

    init(_ geometry: ConvolutionGeometry) {
      lanesAreOutputs = geometry.outputChannels >= laneCount
      let tile = lanesAreOutputs ? OutputLanesTile.outputs : InputLanesTile.outputs
      let pixels = lanesAreOutputs ? OutputLanesTile.pixels : InputLanesTile.pixels
      inputChannels = lanesAreOutputs ? geometry.inputChannels : paddedToLanes(geometry.inputChannels)
      kernelRow = geometry.kernel * inputChannels
      groups = (geometry.outputChannels + tile - 1) / tile
      groupCount = geometry.kernel * kernelRow * tile
      rowCount = (geometry.paddedWidth + pixels * geometry.stride) * inputChannels
    }
  }

  // MARK: Weights

  var packedWeightCount: Int { layout.groups * layout.groupCount }

  /// Packs a weight `[O, I, k, k]` in the order in which the tiles read it, with zeros for the channels that fill up
  /// lanes and groups.
  func packWeights(_ weights: [FilterWeight], into packed: UnsafeMutablePointer<Float>, pool: ComputePool?) {
    let (weight, layout) = (weights[0], layout)
    let taps = geometry.kernel * geometry.kernel
    packed.update(repeating: 0, count: packedWeightCount)
    for output in 0..<weight.outputChannels {
      for input in 0..<weight.inputChannels {
        let values = weight.taps(output: output, input: input)
        for tap in 0..<taps {
          let position = tap * layout.inputChannels + input
          let offset =
            layout.lanesAreOutputs
            ? OutputLanesTile.weightOffset(position: position, output: output, groupCount: layout.groupCount)
            : InputLanesTile.weightOffset(position: position, output: output, groupCount: layout.groupCount)
          packed[offset] = values[tap]
        }
      }
    }
  }

  // MARK: Forward

  func scratchCount(threads: Int) -> Int { threads * geometry.kernel * layout.rowCount }
  var taskCount: Int { geometry.batch * bands }
  private var bands: Int { (geometry.outputHeight + Self.bandHeight - 1) / Self.bandHeight }

  /// Computes `output = r(input ∗ weight + bias)` on `[N, H, W, C]`, with no norm or residual on the input.
  func forward(
    _ input: ActivationInput, weight: UnsafePointer<Float>, output: ActivationOutput,
    scratch: UnsafeMutablePointer<Float>, pool: ComputePool
  ) {
    let (geometry, layout, bands, bandHeight) = (geometry, layout, bands, Self.bandHeight)
    let epilogue = ConvolutionEpilogue(bias: output.bias, appliesReLU: output.appliesReLU)
    let kernel = geometry.kernel
    PatchGather.with(geometry) { patches in
      pool.parallelFor(geometry.batch * bands) { index, thread in
        let image = index / bands
        let first = index % bands * bandHeight
        let last = min(first + bandHeight, geometry.outputHeight)
        let source = input.values + image * geometry.inputImageCount
        let ring = scratch + thread * kernel * layout.rowCount
        var gathered = first * geometry.stride
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: kernel) { rows in
          guard let base = rows.baseAddress else { return }
          for y in first..<last {
            let top = y * geometry.stride
            gathered = max(gathered, top)
            while gathered < top + kernel {
              patches.gatherRow(
                source, row: gathered, pixelCount: layout.inputChannels,
                into: ring + gathered % kernel * layout.rowCount, count: layout.rowCount)
              gathered += 1
            }
            for row in 0..<kernel { base[row] = UnsafePointer(ring + (top + row) % kernel * layout.rowCount) }
            let target =
              output.values + image * geometry.outputImageCount + y * geometry.outputWidth * geometry.outputChannels
            if layout.lanesAreOutputs {
              OutputLanesTile.row(base, geometry, layout, weight, epilogue, into: target)
            } else {
              InputLanesTile.row(base, geometry, layout, weight, epilogue, into: target)
            }
          }
        }
      }
    }
  }
}

extension PatchGather {
  /// Copies one row of the padded input with `pixelCount` floats per pixel. Unused channels of a pixel and the floats
  /// after the row, up to `count`, become 0.
  fileprivate func gatherRow(
    _ image: UnsafePointer<Float>, row: Int, pixelCount: Int, into destination: UnsafeMutablePointer<Float>, count: Int
  ) {
    let channels = geometry.inputChannels
    if pixelCount == channels {
      gatherRow(image, row: row, into: destination)
      let end = geometry.paddedWidth * channels
      (destination + end).update(repeating: 0, count: count - end)
      return
    }
    destination.update(repeating: 0, count: count)
    let stored = Int(rows[row])
    guard stored >= 0 else { return }
    let source = image + stored * geometry.width * channels
    for x in 0..<geometry.paddedWidth {
      let column = Int(columns[x])
      if column >= 0 { copy(source + column * channels, to: destination + x * pixelCount, count: channels) }
    }
  }
}
