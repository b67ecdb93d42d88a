import Networks

// Parts of features: channels in any order, and windows of what a transposed convolution gives.

extension GraphReader {
  mutating func slice(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    guard let places = ConstantOperators.places(ofSlice: node, constants, shape: input.shape), places[0] == [0] else {
      throw NodeFault("its starts, ends, axes or steps are not known or do not fit \(input.shape)")
    }
    var result = input
    let axes = input.pixelAxes
    let isWhole = axes.allSatisfy { places[$0] == Array(0..<input.shape[$0]) }
    if !isWhole {
      guard let crop = input.crop, axes.count == 2, let rows = window(places[axes[0]]),
        let columns = window(places[axes[1]])
      else { throw NodeFault("it cuts pixels off that no ConvTranspose has added") }
      result = try cropped(input, crop, rows: rows, columns: columns)
    }
    let channels = places[input.channelAxis]
    guard channels != Array(0..<input.channels) else { return result }
    guard !result.isPending else { throw NodeFault("it takes channels of what is not cut yet") }
    return try selection(channels, of: result)
  }

  /// Returns the range of neighbouring places; nil for others.
  private func window(_ places: [Int]) -> Range<Int>? {
    guard let first = places.first, places == Array(first..<first + places.count) else { return nil }
    return first..<first + places.count
  }

  /// Cuts a window of a transposed convolution, which is complete as soon as the window has its stride times its input.
  private mutating func cropped(
    _ input: Feature, _ crop: PendingCrop, rows: Range<Int>, columns: Range<Int>
  ) throws(NodeFault) -> Feature {
    let source = transposedConvolutions[crop.convolution]
    let stride = try stride(of: source.node)
    var window = crop
    (window.top, window.left) = (crop.top + rows.lowerBound, crop.left + columns.lowerBound)
    let (height, width) = (stride * source.input.height, stride * source.input.width)
    guard rows.count >= height, columns.count >= width else {
      throw NodeFault("it leaves \(rows.count)×\(columns.count) pixels, expected \(height)×\(width)")
    }
    var result = input
    if rows.count == height, columns.count == width {
      result = try transposedConvolution(source.node, source.input, source.constants, crop: window)
      result.isChannelsLast = input.isChannelsLast
    } else {
      (result.crop, result.height, result.width) = (window, rows.count, columns.count)
    }
    return result
  }

  mutating func gather(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    let axis = node.integer("axis") ?? 0
    guard constants.count > 1, let indices = constants[1], indices.shape.count == 1,
      (axis < 0 ? axis + input.shape.count : axis) == input.channelAxis
    else { throw NodeFault("it takes parts along axis \(axis), expected a list of channels") }
    return try selection(indices.integers.map { $0 < 0 ? $0 + input.channels : $0 }, of: input)
  }

  /// Returns the parts of a `Split` of a feature; nil for other nodes.
  mutating func split(_ node: GraphNode) throws(NodeFault) -> [Feature]? {
    guard node.type == "Split", let name = node.inputs.first, case .feature(let input)? = values[name] else {
      return nil
    }
    let axis = node.integer("axis") ?? 0
    guard !input.isPending, (axis < 0 ? axis + input.shape.count : axis) == input.channelAxis else {
      throw NodeFault("it splits axis \(axis) of \(input.shape), expected channels")
    }
    var sizes = node.integers("split")
    if node.inputs.count > 1, case .constant(let constant)? = values[node.inputs[1]] { sizes = constant.integers }
    let equal = (input.channels + node.outputs.count - 1) / node.outputs.count
    let parts = sizes ?? node.outputs.indices.map { min(equal, input.channels - $0 * equal) }
    guard parts.count == node.outputs.count, parts.allSatisfy({ (1...input.channels).contains($0) }),
      parts.reduce(0, +) == input.channels
    else { throw NodeFault("it splits \(input.channels) channels into \(parts.prefix(8))") }
    var results: [Feature] = []
    var first = 0
    for count in parts {
      results.append(try selection(Array(first..<first + count), of: input))
      first += count
    }
    return results
  }

  /// Returns a feature whose channel `c` is channel `places[c]` of `input`.
  private mutating func selection(_ places: [Int], of input: Feature) throws(NodeFault) -> Feature {
    guard !places.isEmpty, places.allSatisfy({ (0..<input.channels).contains($0) }),
      places.count * input.channels <= Self.maximumSelection, !input.isFlat
    else { throw NodeFault("it takes \(places.count) channels of \(input.shape)") }
    var result = input
    result.node = assembly.appendSelection(places, of: input.channels, input.node)
    result.channels = places.count
    return result
  }

  /// The largest number of weights of a selection.
  private static let maximumSelection = 1 << 22
}
