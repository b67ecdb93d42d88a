import Networks

// Upsampling and shuffles.

extension GraphReader {
  mutating func upsampling(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Feature {
    guard !input.isFlat else { throw NodeFault("it reads the shape \(input.shape)") }
    let factor = try self.factor(node, input, constants)
    guard [1, 2, 4, 8, 16].contains(factor) else {
      throw NodeFault("it enlarges by \(factor), expected 2, 4, 8 or 16")
    }
    var result = input
    if factor > 1 {
      let mode = node.text("mode") ?? "nearest"
      switch mode {
      case "nearest":
        guard repeatsPixels(node, factor: factor) else {
          throw NodeFault(
            "it does not repeat pixels: \(coordinates(node)), \(node.text("nearest_mode") ?? "round_prefer_floor")")
        }
        for _ in 0..<factor.trailingZeroBitCount { result.node = assembly.append(.upsampleNearest, [result.node]) }
      case "linear":
        let alignsCorners = coordinates(node) == "align_corners"
        guard factor == 2, alignsCorners || ["half_pixel", "pytorch_half_pixel"].contains(coordinates(node)) else {
          throw NodeFault(
            "it interpolates by \(factor) (\(coordinates(node))), expected 2 with half_pixel or align_corners")
        }
        result.node = assembly.append(.upsampleLinear(alignsCorners: alignsCorners), [result.node])
      default: throw NodeFault("it interpolates by \(mode), expected nearest or linear")
      }
    }
    (result.height, result.width) = (factor * input.height, factor * input.width)
    return try result.checked()
  }

  /// Returns the factor of height and width; 0 if it is no whole number or differs.
  private func factor(
    _ node: GraphNode, _ input: Feature, _ constants: [ConstantTensor?]
  ) throws(NodeFault) -> Int {
    let place = node.type == "Upsample" || opset < 11 ? 1 : 2
    let rank = input.shape.count
    if let scales = node.floats("scales")?.map(Double.init)
      ?? (constants.count > place ? constants[place]?.values : nil), !scales.isEmpty
    {
      guard scales.count == rank else { throw NodeFault("it has \(scales.count) scales") }
      for (axis, scale) in scales.enumerated() where !input.pixelAxes.contains(axis) && scale != 1 {
        throw NodeFault("it scales axis \(axis) by \(scale)")
      }
      let factors = input.pixelAxes.map { scales[$0] }
      guard factors[0] == factors[1], factors[0] == factors[0].rounded(), (1...16).contains(factors[0]) else {
        throw NodeFault("it scales by \(factors), expected the same whole number twice")
      }
      return Int(factors[0])
    }
    guard constants.count > 3, let sizes = constants[3]?.integers, sizes.count == rank else {
      throw NodeFault("its scales or sizes are not known")
    }
    let (height, width) = (sizes[input.pixelAxes[0]], sizes[input.pixelAxes[1]])
    guard sizes[input.channelAxis] == input.channels, height > 0, height % input.height == 0,
      height / input.height <= 16, width == height / input.height * input.width
    else { throw NodeFault("it makes \(sizes) of \(input.shape), expected the same whole factor of height and width") }
    return height / input.height
  }

  private func coordinates(_ node: GraphNode) -> String {
    // Before version 11 there was only this.
    if node.type == "Upsample" || opset < 11 { return "asymmetric" }
    return node.text("coordinate_transformation_mode") ?? "half_pixel"
  }

  /// Whether nearest-neighbour interpolation by `factor` repeats each pixel `factor` times.
  private func repeatsPixels(_ node: GraphNode, factor: Int) -> Bool {
    let mode = node.type == "Upsample" || opset < 11 ? "floor" : node.text("nearest_mode") ?? "round_prefer_floor"
    let (inputs, scale) = (3, Double(factor))
    return (0..<inputs * factor).allSatisfy { output in
      let position: Double
      switch coordinates(node) {
      case "asymmetric": position = Double(output) / scale
      case "half_pixel", "pytorch_half_pixel": position = (Double(output) + 0.5) / scale - 0.5
      default: return false
      }
      let place: Double
      switch mode {
      case "floor": place = position.rounded(.down)
      case "ceil": place = position.rounded(.up)
      case "round_prefer_ceil": place = (position + 0.5).rounded(.down)
      default: place = (position - 0.5).rounded(.up)
      }
      return Int(max(0, min(place, Double(inputs - 1)))) == output / factor
    }
  }

  mutating func shuffle(_ node: GraphNode, _ input: Feature) throws(NodeFault) -> Feature {
    let factor = node.integer("blocksize") ?? 0
    guard (1...16).contains(factor), input.channels % (factor * factor) == 0, !input.isChannelsLast, !input.isFlat
    else { throw NodeFault("blocks of \(factor) do not divide \(input.shape)") }
    guard node.text("mode") == "CRD" else { throw NodeFault("it has the mode DCR, expected CRD") }
    var result = input
    result.node = assembly.append(.pixelShuffle(factor: factor), [input.node])
    result.channels = input.channels / (factor * factor)
    (result.height, result.width) = (factor * input.height, factor * input.width)
    return try result.checked()
  }
}
