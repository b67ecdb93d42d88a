import Networks

// Convolutions of any window become those of ours, which have an odd square kernel and padding by half of it: the taps
// of the file are a part of the kernel, and the others are zeros.

extension GraphReader {
  /// The largest kernel and the largest number of weights of a convolution.
  private static let (maximumKernel, maximumWeights) = (31, 1 << 26)

  /// The numbers of a convolution along one axis.
  private struct Axis {
    var kernel: Int
    var dilation: Int
    var begin: Int
    var end: Int

    /// The extent of the dilated kernel.
    var extent: Int { (kernel - 1) * dilation + 1 }
  }

  /// Appends a convolution.
  ///
  /// - Parameter groups: The number of groups; nil for that of the node.
  mutating func convolution(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?], groups: Int? = nil
  ) throws(NodeFault) -> Feature {
    guard !input.isChannelsLast, !input.isFlat else { throw NodeFault("it reads the shape \(input.shape)") }
    let (weight, bias) = try filter(constants)
    let group = groups ?? node.integer("group") ?? 1
    let (outputs, perGroup) = (weight.shape[0], weight.shape[1])
    guard group > 0, (1...Feature.maximumChannels).contains(outputs), outputs % group == 0,
      perGroup * group == input.channels,
      bias == nil || bias?.values.count == outputs
    else {
      throw NodeFault("a weight of \(weight.shape) in \(group) groups does not fit \(input.channels) channels")
    }
    let stride = try stride(of: node)
    let axes = try axes(of: node, weight, stride: stride, input)
    for axis in axes {
      let reduction = axis.extent - axis.begin - axis.end
      guard (1...stride).contains(reduction) else {
        throw NodeFault(
          "a kernel of \(axis.extent), a stride of \(stride) and padding by \(axis.begin) and \(axis.end) change the size "
            + "by more than the stride")
      }
    }
    let kernel = 2 * (axes.map { max($0.begin, $0.extent - 1 - $0.begin) }.max() ?? 0) + 1
    let isDepthwise = group == input.channels && group == outputs && group > 1
    let inputs = isDepthwise ? 1 : input.channels
    guard kernel <= Self.maximumKernel, outputs * inputs * kernel * kernel <= Self.maximumWeights else {
      throw NodeFault("its kernel would have \(kernel)×\(kernel) taps of \(inputs) and \(outputs) channels")
    }
    var values = [Float](repeating: 0, count: outputs * inputs * kernel * kernel)
    for output in 0..<outputs {
      let first = isDepthwise ? 0 : output / (outputs / group) * perGroup
      for channel in 0..<perGroup {
        for row in 0..<axes[0].kernel {
          for column in 0..<axes[1].kernel {
            let y = kernel / 2 - axes[0].begin + row * axes[0].dilation
            let x = kernel / 2 - axes[1].begin + column * axes[1].dilation
            let source = ((output * perGroup + channel) * axes[0].kernel + row) * axes[1].kernel + column
            values[((output * inputs + first + channel) * kernel + y) * kernel + x] = Float(weight.values[source])
          }
        }
      }
    }
    let padding = input.padding?.mode ?? .zeros
    let parameters = ["weight": values, "bias": bias?.floats ?? [Float](repeating: 0, count: outputs)]
    var result = input
    result.padding = nil
    result.node = assembly.append(
      isDepthwise
        ? .depthwiseConvolution(channels: outputs, kernel: kernel, stride: stride, padding: padding)
        : .convolution(
          inputChannels: inputs, outputChannels: outputs, kernel: kernel, stride: stride, padding: padding),
      [input.node], name: layerName(node), parameters)
    result.channels = outputs
    result.height = (input.height + stride - 1) / stride
    result.width = (input.width + stride - 1) / stride
    return result
  }

  /// The mean of each window without padding is a depthwise convolution by equal weights.
  mutating func averagePool(_ node: GraphNode, _ input: Feature) throws(NodeFault) -> Feature {
    guard let window = node.integers("kernel_shape"), window.count == 2,
      window.allSatisfy({ (1...Self.maximumKernel).contains($0) }),
      (node.integers("pads") ?? []).allSatisfy({ $0 == 0 }), (node.integer("ceil_mode") ?? 0) == 0,
      ["NOTSET", "VALID", ""].contains(node.text("auto_pad") ?? "")
    else { throw NodeFault("its window is out of range or padded") }
    let (channels, taps) = (input.channels, window[0] * window[1])
    guard
      let weight = ConstantTensor(
        shape: [channels, 1, window[0], window[1]],
        values: [Double](repeating: 1 / Double(taps), count: channels * taps), isInteger: false)
    else { throw NodeFault("its window does not fit \(channels) channels") }
    return try convolution(node, input, [nil, weight], groups: channels)
  }

  /// A transposed convolution is a convolution to the pixels of a block as channels, and a pixel shuffle.
  ///
  /// Output `s·y + a` reads input `i` with tap `t = s·y + a + p − s·i`, so tap `t` of place `a` in its block is at
  /// `(a + p − t)/s` places from `y`, if that is whole. What it gives beyond `s` times its input is to be cut off by a
  /// `Slice`, which adds to `p`.
  ///
  /// - Parameter crop: The window that slices have left; nil before them.
  mutating func transposedConvolution(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?], crop: PendingCrop? = nil
  ) throws(NodeFault) -> Feature {
    guard !input.isChannelsLast, !input.isFlat else { throw NodeFault("it reads the shape \(input.shape)") }
    let (weight, bias) = try filter(constants)
    let outputs = weight.shape[1]
    guard weight.shape[0] == input.channels, (1...Feature.maximumChannels).contains(outputs),
      (node.integer("group") ?? 1) == 1,
      (node.integers("dilations") ?? []).allSatisfy({ $0 == 1 }), bias == nil || bias?.values.count == outputs
    else {
      throw NodeFault("a weight of \(weight.shape), expected one group, no dilation and \(input.channels) inputs")
    }
    let stride = try stride(of: node)
    var (begins, excess) = try transposedPads(node, weight, stride: stride, input)
    if let crop {
      begins = [begins[0] + crop.top, begins[1] + crop.left]
    } else if excess != [0, 0] {
      transposedConvolutions.append((node, input, constants))
      var result = input
      result.crop = PendingCrop(convolution: transposedConvolutions.count - 1)
      (result.height, result.width) = (stride * input.height + excess[0], stride * input.width + excess[1])
      result.channels = outputs
      return try result.checked()
    }
    /// The distance of the input that a tap of a place reads; nil if it reads none.
    func distance(_ place: Int, _ tap: Int, _ axis: Int) -> Int? {
      let steps = place + begins[axis] - tap
      return steps % stride == 0 ? steps / stride : nil
    }
    var reach = 0
    for axis in 0..<2 {
      for place in 0..<stride {
        for tap in 0..<weight.shape[2 + axis] { reach = max(reach, abs(distance(place, tap, axis) ?? 0)) }
      }
    }
    let (kernel, places, inputs) = (2 * reach + 1, stride * stride, input.channels)
    guard kernel <= Self.maximumKernel, outputs * places * inputs * kernel * kernel <= Self.maximumWeights else {
      throw NodeFault("its kernel would have \(kernel)×\(kernel) taps of \(inputs) and \(outputs * places) channels")
    }
    var values = [Float](repeating: 0, count: outputs * places * inputs * kernel * kernel)
    let (rows, columns) = (weight.shape[2], weight.shape[3])
    for place in 0..<places {
      for row in 0..<rows {
        guard let y = distance(place / stride, row, 0) else { continue }
        for column in 0..<columns {
          guard let x = distance(place % stride, column, 1) else { continue }
          let tap = (reach + y) * kernel + reach + x
          for output in 0..<outputs {
            for channel in 0..<inputs {
              let source = ((channel * outputs + output) * rows + row) * columns + column
              values[((output * places + place) * inputs + channel) * kernel * kernel + tap] =
                Float(weight.values[source])
            }
          }
        }
      }
    }
    let biases = bias?.floats ?? [Float](repeating: 0, count: outputs)
    var result = input
    result.node = assembly.append(
      .convolution(
        inputChannels: inputs, outputChannels: outputs * places, kernel: kernel, stride: 1, padding: .zeros),
      [input.node], name: layerName(node),
      ["weight": values, "bias": biases.flatMap { [Float](repeating: $0, count: places) }])
    if stride > 1 { result.node = assembly.append(.pixelShuffle(factor: stride), [result.node]) }
    (result.channels, result.height, result.width) = (outputs, stride * input.height, stride * input.width)
    return try result.checked()
  }

  mutating func padding(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    var pads = node.integers("pads") ?? (constants.count > 1 ? constants[1]?.integers : nil) ?? []
    let rank = input.shape.count
    if constants.count > 3, let axes = constants[3]?.integers {
      guard pads.count == 2 * axes.count else { throw NodeFault("\(pads.count) pads for \(axes.count) axes") }
      var full = [Int](repeating: 0, count: 2 * rank)
      for (index, axis) in axes.enumerated() {
        let axis = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(axis) else { throw NodeFault("it pads axis \(axis)") }
        (full[axis], full[rank + axis]) = (pads[index], pads[axes.count + index])
      }
      pads = full
    }
    guard pads.count == 8, rank == 4, pads.allSatisfy({ (0...64).contains($0) }) else {
      throw NodeFault("it has the pads \(pads.prefix(8)), expected eight numbers from 0 to 64")
    }
    let (rows, columns) = (input.pixelAxes[0], input.pixelAxes[1])
    guard (0..<4).allSatisfy({ $0 == rows || $0 == columns || pads[$0] == 0 && pads[4 + $0] == 0 }) else {
      throw NodeFault("it pads \(pads), expected height and width alone")
    }
    if pads.allSatisfy({ $0 == 0 }) { return input }
    guard input.padding == nil else { throw NodeFault("it pads what is padded already") }
    let value = node.float("value").map(Double.init) ?? (constants.count > 2 ? constants[2]?.scalar : nil) ?? 0
    let mode: Networks.Operation.Padding
    switch node.text("mode") ?? "constant" {
    case "reflect": mode = .reflect
    case "edge": mode = .replicate
    case "constant" where value == 0: mode = .zeros
    case let name: throw NodeFault("it pads by \(name) (\(value)), expected reflect, edge or zeros")
    }
    var result = input
    result.padding = PendingPadding(
      mode: mode, top: pads[rows], left: pads[columns], bottom: pads[4 + rows], right: pads[4 + columns])
    return result
  }

  /// Returns the weight, of four axes, and the bias.
  private func filter(
    _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> (weight: ConstantTensor, bias: ConstantTensor?) {
    guard constants.count > 1, let weight = constants[1], weight.shape.count == 4, weight.values.allSatisfy(\.isFinite)
    else { throw NodeFault("its weight is not a finite constant with four axes") }
    return (weight, constants.count > 2 ? constants[2] : nil)
  }

  func stride(of node: GraphNode) throws(NodeFault) -> Int {
    let strides = node.integers("strides") ?? [1, 1]
    guard strides.count == 2, strides[0] == strides[1], (1...16).contains(strides[0]) else {
      throw NodeFault("it has the strides \(strides.prefix(4)), expected the same twice, at most 16")
    }
    return strides[0]
  }

  /// Returns both axes of a convolution, with the padding before it included.
  private func axes(
    of node: GraphNode, _ weight: ConstantTensor, stride: Int, _ input: Feature
  ) throws(NodeFault) -> [Axis] {
    let dilations = node.integers("dilations") ?? [1, 1]
    let pads = node.integers("pads") ?? [0, 0, 0, 0]
    guard dilations.count == 2, dilations.allSatisfy({ (1...16).contains($0) }), pads.count == 4,
      pads.allSatisfy({ (0...64).contains($0) }),
      weight.shape[2...].allSatisfy({ (1...Self.maximumKernel).contains($0) })
    else { throw NodeFault("its kernel, dilations or pads are out of range") }
    var axes = (0..<2).map {
      Axis(kernel: weight.shape[2 + $0], dilation: dilations[$0], begin: pads[$0], end: pads[2 + $0])
    }
    switch node.text("auto_pad") ?? "NOTSET" {
    case "NOTSET", "": break
    case "VALID": for index in 0..<2 { (axes[index].begin, axes[index].end) = (0, 0) }
    case let mode where mode.hasPrefix("SAME"):
      for index in 0..<2 {
        // For extents that are whole multiples of the stride.
        let total = max(0, axes[index].extent - stride)
        axes[index].begin = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        axes[index].end = total - axes[index].begin
      }
    case let mode: throw NodeFault("it has the auto_pad \(mode)")
    }
    guard let padding = input.padding else { return axes }
    guard padding.mode == .zeros || axes.allSatisfy({ $0.begin == 0 && $0.end == 0 }) else {
      throw NodeFault("it pads by zeros what is padded by \(padding.mode.rawValue)")
    }
    axes[0].begin += padding.top
    axes[0].end += padding.bottom
    axes[1].begin += padding.left
    axes[1].end += padding.right
    return axes
  }

  /// Returns the leading pads of a transposed convolution, and by how many pixels it enlarges beyond its stride.
  private func transposedPads(
    _ node: GraphNode, _ weight: ConstantTensor, stride: Int, _ input: Feature
  ) throws(NodeFault) -> (begins: [Int], excess: [Int]) {
    let pads = node.integers("pads") ?? [0, 0, 0, 0]
    let more = node.integers("output_padding") ?? [0, 0]
    guard pads.count == 4, pads.allSatisfy({ (0...64).contains($0) }), more.count == 2,
      more.allSatisfy({ (0...16).contains($0) }),
      weight.shape[2...].allSatisfy({ (1...Self.maximumKernel).contains($0) })
    else { throw NodeFault("its kernel or pads are out of range") }
    let automatic = node.text("auto_pad") ?? "NOTSET"
    let shape = node.integers("output_shape")
    var (begins, excess): ([Int], [Int]) = ([], [])
    for axis in 0..<2 {
      let kernel = weight.shape[2 + axis]
      // What must be cut off for an output of exactly `stride` times the input.
      let total = kernel + more[axis] - stride
      if let shape {
        let extent = (axis == 0 ? input.height : input.width) * stride
        guard shape.count >= 2, shape[shape.count - 2 + axis] == extent else {
          throw NodeFault("its output has the shape \(shape.prefix(4)), expected \(stride) times its input")
        }
      }
      if shape != nil || automatic.hasPrefix("SAME") {
        guard total >= 0 else { throw NodeFault("its kernel of \(kernel) is smaller than its stride of \(stride)") }
        begins.append(automatic == "SAME_UPPER" ? total / 2 : total - total / 2)
        excess.append(0)
      } else {
        let padding = automatic == "VALID" ? 0 : pads[axis] + pads[2 + axis]
        guard padding <= total else {
          throw NodeFault(
            "a kernel of \(kernel), a stride of \(stride), pads \(pads) and an output padding of \(more[axis]) do not "
              + "enlarge by the stride")
        }
        begins.append(automatic == "VALID" ? 0 : pads[axis])
        excess.append(total - padding)
      }
    }
    return (begins, excess)
  }

  /// Returns the name of a layer: that of its weight in the file, without its suffix, or that of the node.
  func layerName(_ node: GraphNode) -> String {
    guard node.inputs.count > 1, node.inputs[1].hasSuffix(".weight") else { return node.name }
    return String(node.inputs[1].dropLast(".weight".count))
  }
}
