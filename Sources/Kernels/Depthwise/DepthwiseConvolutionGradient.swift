import Threading

extension DepthwiseConvolution {
  /// The number of scratch doubles for ``backward(_:dOutput:preparedWeight:dInput:dWeight:scratch:pool:)``.
  package var backwardScratchCount: Int { geometry.batch * preparedWeightCount }

  /// Adds the gradients of the input and of the weight, either of which may be nil.
  ///
  /// `dInput[…] += Σ W·dOutput`, `dWeight[c, i, j] += Σ x·dOutput`, with `dWeight` in the model's layout `[C, 1, k, k]`
  /// and ``preparedWeight`` as in the forward pass. Each thread computes channels of one image alone. Outputs that read
  /// the same input can therefore add to it in any geometry, always in the same order.
  package func backward(
    _ input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, preparedWeight: UnsafePointer<Float>,
    dInput: UnsafeMutablePointer<Float>?, dWeight: UnsafeMutablePointer<Float>?,
    scratch: UnsafeMutablePointer<Double>, pool: ComputePool
  ) {
    let channels = geometry.inputChannels
    let blocks = (channels + laneCount - 1) / laneCount
    let taps = geometry.kernel * geometry.kernel
    pool.parallelFor(geometry.batch * blocks) { index in
      let image = index / blocks
      let channel = index % blocks * laneCount
      let count = min(laneCount, channels - channel)
      let sums = scratch + image * preparedWeightCount
      for tap in 0..<taps {
        backwardTap(
          row: tap / geometry.kernel, column: tap % geometry.kernel, count: count,
          input: input + image * geometry.inputImageCount + channel,
          dOutput: dOutput + image * geometry.outputImageCount + channel,
          weight: load(preparedWeight + tap * channels + channel, count: count),
          dInput: dInput.map { $0 + image * geometry.inputImageCount + channel },
          sums: dWeight == nil ? nil : sums + tap * channels + channel)
      }
    }
    guard let dWeight else { return }
    for channel in 0..<channels {
      for tap in 0..<taps {
        var sum = 0.0
        for image in 0..<geometry.batch { sum += scratch[image * preparedWeightCount + tap * channels + channel] }
        dWeight[channel * taps + tap] += Float(sum)
      }
    }
  }

  /// Adds the contribution of one tap for up to eight channels of one image.
  @inline(__always)
  private func backwardTap(
    row: Int, column: Int, count: Int, input: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, weight: Lanes,
    dInput: UnsafeMutablePointer<Float>?, sums: UnsafeMutablePointer<Double>?
  ) {
    let channels = geometry.inputChannels
    for lane in 0..<count { sums?[lane] = 0 }
    for y in 0..<geometry.outputHeight {
      let sourceRow = Int(geometry.rowMap[y * geometry.stride + row])
      if sourceRow < 0 { continue }
      let gradients = dOutput + y * geometry.outputWidth * channels
      let source = sourceRow * geometry.width * channels
      // At most one row is summed in single precision.
      var sum = Lanes.zero
      for x in 0..<geometry.outputWidth {
        let sourceColumn = Int(geometry.columnMap[x * geometry.stride + column])
        if sourceColumn < 0 { continue }
        let offset = source + sourceColumn * channels
        let gradient = load(gradients + x * channels, count: count)
        sum.addProduct(gradient, load(input + offset, count: count))
        if let dInput {
          let value = load(UnsafePointer(dInput + offset), count: count).addingProduct(gradient, weight)
          store(value, dInput + offset, count: count)
        }
      }
      if let sums { for lane in 0..<count { sums[lane] += Double(sum[lane]) } }
    }
  }
}
