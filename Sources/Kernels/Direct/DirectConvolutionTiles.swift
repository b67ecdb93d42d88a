/// Six pixels by sixteen output channels: twelve sums of eight lanes, as many as sixteen registers hold beside the
/// operands.
enum OutputLanesTile {
  static let pixels = 6
  static let outputs = 2 * laneCount

  /// Packed weights are `[groups, k·k·I, 16]`.
  static func weightOffset(position: Int, output: Int, groupCount: Int) -> Int {
    output / outputs * groupCount + position * outputs + output % outputs
  }

  /// Computes one output row from the `k` padded rows under it.
  static func row(
    _ rows: UnsafePointer<UnsafePointer<Float>>, _ geometry: ConvolutionGeometry, _ layout: DirectConvolution.Layout,
    _ weight: UnsafePointer<Float>, _ epilogue: ConvolutionEpilogue, into output: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.outputChannels
    let step = geometry.stride * layout.inputChannels
    for group in 0..<layout.groups {
      let first = group * outputs
      let lowCount = min(laneCount, channels - first)
      let highCount = min(laneCount, channels - first - laneCount)
      let groupWeight = weight + group * layout.groupCount
      let bias = (
        epilogue.bias.map { load($0 + first, count: lowCount) } ?? .zero,
        highCount > 0 ? epilogue.bias.map { load($0 + first + laneCount, count: highCount) } ?? .zero : .zero
      )
      var x = 0
      while x < geometry.outputWidth {
        var a = (bias.0, bias.0, bias.0, bias.0, bias.0, bias.0)
        var b = (bias.1, bias.1, bias.1, bias.1, bias.1, bias.1)
        var tap = groupWeight
        for kernelRow in 0..<geometry.kernel {
          var source = rows[kernelRow] + x * step
          for _ in 0..<layout.kernelRow {
            let low = load(tap)
            let high = load(tap + laneCount)
            accumulate(source[0], low, high, &a.0, &b.0)
            accumulate(source[step], low, high, &a.1, &b.1)
            accumulate(source[2 * step], low, high, &a.2, &b.2)
            accumulate(source[3 * step], low, high, &a.3, &b.3)
            accumulate(source[4 * step], low, high, &a.4, &b.4)
            accumulate(source[5 * step], low, high, &a.5, &b.5)
            source += 1
            tap += outputs
          }
        }
        let target = output + x * channels + first
        let pixelCount = min(pixels, geometry.outputWidth - x)
        let appliesReLU = epilogue.appliesReLU
        put(a.0, b.0, appliesReLU, target, lowCount, highCount)
        if pixelCount > 1 { put(a.1, b.1, appliesReLU, target + channels, lowCount, highCount) }
        if pixelCount > 2 { put(a.2, b.2, appliesReLU, target + 2 * channels, lowCount, highCount) }
        if pixelCount > 3 { put(a.3, b.3, appliesReLU, target + 3 * channels, lowCount, highCount) }
        if pixelCount > 4 { put(a.4, b.4, appliesReLU, target + 4 * channels, lowCount, highCount) }
        if pixelCount > 5 { put(a.5, b.5, appliesReLU, target + 5 * channels, lowCount, highCount) }
        x += pixels
      }
    }
  }

  @inline(__always)
  private static func accumulate(_ value: Float, _ low: Lanes, _ high: Lanes, _ a: inout Lanes, _ b: inout Lanes) {
    let repeated = Lanes(repeating: value)
    a.addProduct(repeated, low)
    b.addProduct(repeated, high)
  }

  @inline(__always)
  private static func put(
    _ low: Lanes, _ high: Lanes, _ appliesReLU: Bool, _ target: UnsafeMutablePointer<Float>, _ lowCount: Int,
    _ highCount: Int
  ) {
    store(appliesReLU ? rectified(low) : low, target, count: lowCount)
    if highCount > 0 { store(appliesReLU ? rectified(high) : high, target + laneCount, count: highCount) }
  }
}

/// Four pixels by three output channels, eight input channels at a time: twelve sums whose lanes are added at the end.
enum InputLanesTile {
  static let pixels = 4
  static let outputs = 3

  /// Packed weights are `[groups, k·k·I / 8, 3, 8]`.
  static func weightOffset(position: Int, output: Int, groupCount: Int) -> Int {
    output / outputs * groupCount + (position / laneCount * outputs + output % outputs) * laneCount
      + position % laneCount
  }

  /// Computes one output row from the `k` padded rows under it.
  static func row(
    _ rows: UnsafePointer<UnsafePointer<Float>>, _ geometry: ConvolutionGeometry, _ layout: DirectConvolution.Layout,
    _ weight: UnsafePointer<Float>, _ epilogue: ConvolutionEpilogue, into output: UnsafeMutablePointer<Float>
  ) {
    let channels = geometry.outputChannels
    let step = geometry.stride * layout.inputChannels
    let blocks = layout.kernelRow / laneCount
    for group in 0..<layout.groups {
      let first = group * outputs
      let count = min(outputs, channels - first)
      var x = 0
      while x < geometry.outputWidth {
        var sums = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var sums1 = sums
        var sums2 = sums
        var tap = weight + group * layout.groupCount
        for kernelRow in 0..<geometry.kernel {
          var source = rows[kernelRow] + x * step
          for _ in 0..<blocks {
            // Twelve sums, three weights and one value at a time: all sixteen registers.
            let weights = (load(tap), load(tap + laneCount), load(tap + 2 * laneCount))
            accumulate(load(source), weights, &sums.0, &sums1.0, &sums2.0)
            accumulate(load(source + step), weights, &sums.1, &sums1.1, &sums2.1)
            accumulate(load(source + 2 * step), weights, &sums.2, &sums1.2, &sums2.2)
            accumulate(load(source + 3 * step), weights, &sums.3, &sums1.3, &sums2.3)
            source += laneCount
            tap += outputs * laneCount
          }
        }
        let target = output + x * channels + first
        put(sums, epilogue, first, target, channels, min(pixels, geometry.outputWidth - x))
        if count > 1 { put(sums1, epilogue, first + 1, target + 1, channels, min(pixels, geometry.outputWidth - x)) }
        if count > 2 { put(sums2, epilogue, first + 2, target + 2, channels, min(pixels, geometry.outputWidth - x)) }
        x += pixels
      }
    }
  }

  private typealias Four = (Lanes, Lanes, Lanes, Lanes)

  @inline(__always)
  private static func accumulate(
    _ value: Lanes, _ weights: (Lanes, Lanes, Lanes), _ a: inout Lanes, _ b: inout Lanes, _ c: inout Lanes
  ) {
    a.addProduct(value, weights.0)
    b.addProduct(value, weights.1)
    c.addProduct(value, weights.2)
  }

  @inline(__always)
  private static func put(
    _ sums: Four, _ epilogue: ConvolutionEpilogue, _ channel: Int, _ target: UnsafeMutablePointer<Float>, _ step: Int,
    _ count: Int
  ) {
    let bias = epilogue.bias.map { $0[channel] } ?? 0
    target[0] = finished(sums.0, bias, epilogue.appliesReLU)
    if count > 1 { target[step] = finished(sums.1, bias, epilogue.appliesReLU) }
    if count > 2 { target[2 * step] = finished(sums.2, bias, epilogue.appliesReLU) }
    if count > 3 { target[3 * step] = finished(sums.3, bias, epilogue.appliesReLU) }
  }

  @inline(__always)
  private static func finished(_ sum: Lanes, _ bias: Float, _ appliesReLU: Bool) -> Float {
    // In halves: `sum()` would add the eight lanes one after another.
    let four = sum.lowHalf + sum.highHalf
    let two = four.lowHalf + four.highHalf
    let value = two.x + two.y + bias
    // NaN stays NaN, as in `rectified(_:)`.
    return appliesReLU && value < 0 ? 0 : value
  }
}
