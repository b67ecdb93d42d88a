import Networks

// The way to the canvas and back for pictures of one size with even extents: weights are constants.

extension NetworkGraph {
  mutating func fixedCanvas(_ picture: String, _ name: String, from: FeatureShape, to: FeatureShape) -> String {
    var value = picture
    if from.height != to.height {
      let block = ResamplingMatrix.area(inputs: from.height, outputs: to.height).repeatedBlock
      value = reshaped(
        value, [3 * to.height / block.outputs, block.inputs, from.width], "\(name).rows")
      let weight = builder.floats("\(name).down", block.values, [block.outputs, block.inputs])
      value = builder.node("MatMul", [weight, value], "\(name).lower")
    }
    if from.width != to.width {
      let block = ResamplingMatrix.area(inputs: from.width, outputs: to.width).repeatedBlock
      value = reshaped(value, [3 * to.height * from.width / block.inputs, block.inputs], "\(name).columns")
      let weight = builder.floats("\(name).across", block.transposed, [block.inputs, block.outputs])
      value = builder.node("MatMul", [value, weight], "\(name).narrower")
    }
    return reshaped(value, [1, 3, to.height, to.width], name)
  }

  mutating func fixedRevision(
    _ draft: String, _ name: String, channels: Int, canvas: String, from: FeatureShape, to: FeatureShape
  ) -> String {
    let sharp = fixedSharpened(draft, from: from, to: to, "\(name).sharpened")
    let base = fixedEnlarged(sharp, channels: 3, from: from, to: (to.height, to.width), "\(name).base")
    guard channels > 0 else { return base }
    let luma = convolution(canvas, "\(name).luma", Self.luma, [1, 3, 1, 1])
    var centres = builder.node("Concat", [sharp, luma], "\(name).levels", [.integer("axis", 1)])
    centres = fixedEnlarged(
      centres, channels: 4, from: from, to: (to.height / 2, to.width / 2), "\(name).centres")
    let enlarged = fixedEnlarged(luma, channels: 1, from: from, to: (to.height, to.width), "\(name).canvas_luma")
    let strides = [Onnx_AttributeProto.integers("strides", [2, 2])]
    let film = convolution(
      Self.input, "\(name).film_blocks", Self.blockKernel(Self.luma), [4, 3, 2, 2], strides)
    let blocks = convolution(enlarged, "\(name).canvas_blocks", Self.blockKernel([-1]), [4, 1, 2, 2], strides)
    let laplacian = builder.node("Add", [film, blocks], "\(name).laplacian")
    let residual = revised(laplacian, centres, name, channels: channels)
    return builder.node("Add", [base, residual], name)
  }

  /// Returns a weight `[4, C, 2, 2]` of stride 2: the four sums of each block of 2×2 pixels with these shares.
  private static func blockKernel(_ shares: [Float]) -> [Float] {
    (0..<4).flatMap { place in
      shares.flatMap { share in (0..<4).map { $0 == place ? share : 0 } }
    }
  }

  private mutating func reshaped(_ value: String, _ shape: [Int], _ name: String) -> String {
    builder.node("Reshape", [value, builder.integers("\(name).shape", shape)], name)
  }

  private mutating func fixedSharpened(
    _ draft: String, from: FeatureShape, to: FeatureShape, _ name: String
  ) -> String {
    let rows = ResamplingMatrix.sharpeningGain(inputs: from.height, outputs: to.height)
    let columns = ResamplingMatrix.sharpeningGain(inputs: from.width, outputs: to.width)
    if rows == 0, columns == 0 { return draft }
    func taps(_ gain: Double) -> [Double] { [-gain, 1 + 2 * gain, -gain] }
    let kernel = taps(rows).flatMap { row in taps(columns).map { Float(row * $0) } }
    return convolution(
      padded(draft, 1, "\(name).pad", mode: "edge"), name, kernel + kernel + kernel, [3, 1, 3, 3],
      [.integer("group", 3)])
  }

  private mutating func fixedEnlarged(
    _ value: String, channels: Int, from: FeatureShape, to: (height: Int, width: Int), _ name: String
  ) -> String {
    if from.height == to.height, from.width == to.width { return value }
    guard options.enlargement == .product else {
      let sizes = builder.integers("\(name).sizes", [1, channels, to.height, to.width])
      return builder.node(
        "Resize", [value, "", "", sizes], name,
        [.text("mode", "linear"), .text("coordinate_transformation_mode", "half_pixel")])
    }
    // Columns first, while there are few rows; they become rows for it.
    let turn = [Onnx_AttributeProto.integers("perm", [0, 1, 3, 2])]
    var result = builder.node("Transpose", [value], "\(name).turned", turn)
    result = lengthened(
      result, channels: channels, from: from.width, to: to.width, columns: from.height, "\(name).wider")
    result = builder.node("Transpose", [result], "\(name).upright", turn)
    return lengthened(
      result, channels: channels, from: from.height, to: to.height, columns: to.width, "\(name).higher")
  }

  /// Returns `[1, C, inputs, columns]` as `[1, C, outputs, columns]`.
  private mutating func lengthened(
    _ value: String, channels: Int, from inputs: Int, to outputs: Int, columns: Int, _ name: String
  ) -> String {
    let windows = ResamplingMatrix.bilinear(inputs: inputs, outputs: outputs).windows
    let places = builder.integers("\(name).places", windows.places.flatMap { $0 })
    var result = builder.node("Gather", [value, places], "\(name).windows", [.integer("axis", 2)])
    result = reshaped(result, [channels, windows.places.count, windows.length, columns], "\(name).window")
    let weights = builder.floats(
      "\(name).weights", windows.weights, [windows.places.count, outputs / windows.places.count, windows.length])
    result = builder.node("MatMul", [weights, result], "\(name).products")
    return reshaped(result, [1, channels, outputs, columns], "\(name).joined")
  }
}
