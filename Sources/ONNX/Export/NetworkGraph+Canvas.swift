import Kernels
import Networks

// The way from the picture to its canvas and back, the arithmetic of Sources/Kernels/Canvas, for pictures of any size.
// Graphs for one size use constants instead where they can, see NetworkGraph+FixedCanvas.swift.

extension NetworkGraph {
  /// The shares of red, green and blue in luma.
  static let luma: [Float] = [0.299, 0.587, 0.114]

  mutating func canvas(lines: Int, _ name: String, _ index: Int) -> String {
    if let shapes { return fixedCanvas(Self.input, name, from: shapes[0], to: shapes[index]) }
    let picture = pictureExtents()
    let canvas = canvasExtents(lines: lines, name)
    // Rows first: they lie whole in memory, and fewer are left for the columns.
    let down = shares(picture.height, canvas.height, outputsFirst: true, "\(name).down")
    let lower = builder.node("MatMul", [down, Self.input], "\(name).lower")
    let across = shares(picture.width, canvas.width, outputsFirst: false, "\(name).across")
    return builder.node("MatMul", [lower, across], name)
  }

  /// Returns the matrix of area averaging from `inputs` to `outputs` places, `[outputs, inputs]` or turned: output `o`
  /// covers the stretch from `o·inputs` to `(o + 1)·inputs` and place `p` that from `p·outputs` to `(p + 1)·outputs`.
  private mutating func shares(_ inputs: String, _ outputs: String, outputsFirst: Bool, _ name: String) -> String {
    let (rows, columns) = (builder.integers("rows", [-1, 1]), builder.integers("columns", [1, -1]))
    let (inputCount, outputCount) = (floats(inputs, "\(name).inputs"), floats(outputs, "\(name).outputs"))
    let one = builder.floats("one", [1], [])
    func ends(_ count: String, _ size: String, _ shape: String, _ name: String, _ graph: inout NetworkGraph)
      -> (start: String, end: String)
    {
      let places = graph.floats(graph.range(count, "\(name).range"), "\(name).floats")
      let shaped = graph.builder.node("Reshape", [places, shape], "\(name).places")
      let start = graph.builder.node("Mul", [shaped, size], "\(name).start")
      let next = graph.builder.node("Add", [shaped, one], "\(name).next")
      return (start, graph.builder.node("Mul", [next, size], "\(name).end"))
    }
    let output = ends(outputs, inputCount, outputsFirst ? rows : columns, "\(name).output", &self)
    let input = ends(inputs, outputCount, outputsFirst ? columns : rows, "\(name).input", &self)
    let end = builder.node("Min", [output.end, input.end], "\(name).end")
    let start = builder.node("Max", [output.start, input.start], "\(name).start")
    let overlap = builder.node("Relu", [builder.node("Sub", [end, start], "\(name).length")], "\(name).overlap")
    return builder.node("Div", [overlap, inputCount], name)
  }

  mutating func revision(_ draft: String, _ name: String, _ index: Int, channels: Int) -> String {
    guard let canvas = nodes.firstIndex(where: { if case .canvas = $0.operation { true } else { false } }) else {
      return draft
    }
    if let shapes {
      return fixedRevision(draft, name, channels: channels, canvas: values[canvas], from: shapes[canvas], to: shapes[0])
    }
    let picture = pictureExtents()
    let extents = (height: "\(values[canvas]).height", width: "\(values[canvas]).width")
    let down = positions(extents.height, picture.height, step: 1, "\(name).down")
    let across = positions(extents.width, picture.width, step: 1, "\(name).across")
    var sharp = sharpened(draft, down, axis: 2, "\(name).sharper")
    sharp = sharpened(sharp, across, axis: 3, "\(name).sharpened")
    let base = enlarged(sharp, channels: 3, channels > 0 ? "\(name).base" : name)
    guard channels > 0 else { return base }
    let canvasLuma = convolution(values[canvas], "\(name).canvas_luma", Self.luma, [1, 3, 1, 1])
    let frameLuma = convolution(Self.input, "\(name).frame_luma", Self.luma, [1, 3, 1, 1])
    let difference = builder.node(
      "Sub", [frameLuma, enlarged(canvasLuma, channels: 1, "\(name).enlarged_luma")], "\(name).difference")
    let laplacian = builder.node(
      "SpaceToDepth", [evenlyExtended(difference, "\(name).even")], "\(name).laplacian", [.integer("blocksize", 2)])
    var centres = builder.node("Concat", [sharp, canvasLuma], "\(name).levels", [.integer("axis", 1)])
    // Columns first, while there are few rows.
    let columns = positions(extents.width, picture.width, step: 2, "\(name).columns")
    let rows = positions(extents.height, picture.height, step: 2, "\(name).rows")
    centres = interpolated(centres, columns, axis: 3, "\(name).wider")
    centres = interpolated(centres, rows, axis: 2, "\(name).centres")
    let residual = revised(laplacian, centres, name, channels: channels)
    return builder.node("Add", [base, cropped(residual, name: "\(name).cropped")], name)
  }

  /// Appends both convolutions on blocks of 2×2 pixels, with the scales of their inputs and outputs folded in, and the
  /// shuffle.
  mutating func revised(_ laplacian: String, _ centres: String, _ name: String, channels: Int) -> String {
    let scaled = RevisionScaling.folded(
      weight1: elements("\(name).conv1.weight"), bias1: elements("\(name).conv1.bias"),
      weight2: elements("\(name).conv2.weight"), bias2: elements("\(name).conv2.bias"))
    var value = builder.node("Concat", [laplacian, centres], "\(name).values", [.integer("axis", 1)])
    value = convolution(
      padded(value, 1, "\(name).conv1.pad", mode: "reflect"), "\(name).conv1", scaled.weight1, [channels, 8, 3, 3],
      bias: scaled.bias1)
    value = builder.node("Relu", [value], "\(name).relu")
    value = convolution(
      padded(value, 1, "\(name).conv2.pad", mode: "reflect"), "\(name).conv2", scaled.weight2, [12, channels, 3, 3],
      bias: scaled.bias2)
    return builder.node(
      "DepthToSpace", [value], "\(name).residual", [.integer("blocksize", 2), .text("mode", "CRD")])
  }

  /// The places between which outputs are interpolated: the lower one, the upper one and the share of the upper one.
  private struct Positions {
    let lower: String
    let upper: String
    let fraction: String
    let count: String
  }

  /// Returns the places of `BilinearAxis` in Kernels, in whole numbers.
  private mutating func positions(_ inputs: String, _ extent: String, step: Int, _ name: String) -> Positions {
    let sum = builder.node("Add", [extent, scalar(step - 1)], "\(name).sum")
    let count = builder.node("Div", [sum, scalar(step)], "\(name).count")
    let unit = builder.node("Mul", [extent, scalar(2)], "\(name).unit")
    let double = builder.node("Mul", [range(count, "\(name).range"), scalar(2 * step)], "\(name).double")
    let odd = builder.node("Add", [double, scalar(step)], "\(name).odd")
    let product = builder.node("Mul", [odd, inputs], "\(name).product")
    let free = builder.node("Sub", [product, extent], "\(name).free")
    let last = builder.node("Sub", [inputs, scalar(1)], "\(name).last")
    let positive = builder.node("Max", [free, scalar(0)], "\(name).positive")
    let end = builder.node("Mul", [last, unit], "\(name).end")
    let position = builder.node("Min", [positive, end], "\(name).position")
    let lower = builder.node("Div", [position, unit], "\(name).lower")
    let next = builder.node("Add", [lower, scalar(1)], "\(name).next")
    let upper = builder.node("Min", [next, last], "\(name).upper")
    let rest = floats(builder.node("Mod", [position, unit], "\(name).rest"), "\(name).rest_float")
    let fraction = builder.node("Div", [rest, floats(unit, "\(name).unit_float")], "\(name).fraction")
    return Positions(lower: lower, upper: upper, fraction: fraction, count: count)
  }

  /// Returns `value` at `positions` along `axis`, 2 or 3.
  private mutating func interpolated(_ value: String, _ positions: Positions, axis: Int, _ name: String) -> String {
    let along = [Onnx_AttributeProto.integer("axis", axis)]
    let lower = builder.node("Gather", [value, positions.lower], "\(name).lower", along)
    let upper = builder.node("Gather", [value, positions.upper], "\(name).upper", along)
    let shape = axis == 2 ? builder.integers("rows", [-1, 1]) : builder.integers("columns", [1, -1])
    let fraction = builder.node("Reshape", [positions.fraction, shape], "\(name).fraction")
    let difference = builder.node("Sub", [upper, lower], "\(name).difference")
    let share = builder.node("Mul", [difference, fraction], "\(name).share")
    return builder.node("Add", [lower, share], name)
  }

  /// Returns `x + a·(2x − left − right)` along `axis`, see `DraftSharpening` in Kernels.
  private mutating func sharpened(_ value: String, _ positions: Positions, axis: Int, _ name: String) -> String {
    let one = builder.floats("one", [1], [])
    let rest = builder.node("Sub", [one, positions.fraction], "\(name).rest")
    let nearer = builder.node("Min", [positions.fraction, rest], "\(name).nearer")
    let sum = builder.node("ReduceSum", [nearer], "\(name).sum", [.integer("keepdims", 0)])
    let count = floats(positions.count, "\(name).count")
    let double = builder.node("Mul", [count, builder.floats("two", [2], [])], "\(name).double")
    let share = builder.node("Div", [sum, double], "\(name).share")
    let triple = builder.node("Mul", [share, builder.floats("three", [3], [])], "\(name).triple")
    let denominator = builder.node("Sub", [one, triple], "\(name).denominator")
    let gain = builder.node("Div", [share, denominator], "\(name).gain")
    let pads = axis == 2 ? [0, 0, 1, 0, 0, 0, 1, 0] : [0, 0, 0, 1, 0, 0, 0, 1]
    let wide = builder.node(
      "Pad", [value, builder.integers("pads.axis\(axis)", pads)], "\(name).pad", [.text("mode", "edge")])
    let axes = builder.integers("axis\(axis)", [axis])
    let before = builder.node(
      "Slice", [wide, builder.integers("first", [0]), builder.integers("minus2", [-2]), axes], "\(name).before")
    let behind = builder.node(
      "Slice", [wide, builder.integers("third", [2]), builder.integers("end", [Int(Int32.max)]), axes],
      "\(name).behind")
    let neighbours = builder.node("Add", [before, behind], "\(name).neighbours")
    let twice = builder.node("Add", [value, value], "\(name).twice")
    let edges = builder.node("Sub", [twice, neighbours], "\(name).edges")
    return builder.node("Add", [value, builder.node("Mul", [edges, gain], "\(name).gained")], name)
  }

  /// Returns `value`, of some channels, enlarged to the picture's size.
  private mutating func enlarged(_ value: String, channels: Int, _ name: String) -> String {
    let (height, width) = pictureExtents()
    let sizes = builder.node(
      "Concat", [builder.integers("planes\(channels)", [1, channels]), vector(height), vector(width)],
      "\(name).sizes", [.integer("axis", 0)])
    return builder.node(
      "Resize", [value, "", "", sizes], name,
      [.text("mode", "linear"), .text("coordinate_transformation_mode", "half_pixel")])
  }

  /// Returns `value`, of the picture's size, with the last row and column repeated if there is an odd number of them.
  private mutating func evenlyExtended(_ value: String, _ name: String) -> String {
    let (height, width) = pictureExtents()
    let rows = vector(builder.node("Mod", [height, scalar(2)], "\(name).rows"))
    let columns = vector(builder.node("Mod", [width, scalar(2)], "\(name).columns"))
    let none = builder.integers("none", [0, 0, 0, 0, 0, 0])
    let pads = builder.node("Concat", [none, rows, columns], "\(name).pads", [.integer("axis", 0)])
    return builder.node("Pad", [value, pads], name, [.text("mode", "edge")])
  }
}

/// The scales of a revision's values and residual, folded into its convolutions.
///
/// The first then reads the Laplacian and the levels as they are: padding is by reflection, which keeps constants.
enum RevisionScaling {
  static let (laplacian, residual, level) = (64.0, 64.0, 127.5)

  typealias Parameters = (weight1: [Float], bias1: [Float], weight2: [Float], bias2: [Float])

  static func folded(weight1: [Float], bias1: [Float], weight2: [Float], bias2: [Float]) -> Parameters {
    scaled(weight1, bias1, weight2, bias2, folds: true)
  }

  /// Returns the parameters of a revision from those of ``folded(weight1:bias1:weight2:bias2:)``.
  static func unfolded(weight1: [Float], bias1: [Float], weight2: [Float], bias2: [Float]) -> Parameters {
    scaled(weight1, bias1, weight2, bias2, folds: false)
  }

  private static func scaled(
    _ weight1: [Float], _ bias1: [Float], _ weight2: [Float], _ bias2: [Float], folds: Bool
  ) -> Parameters {
    let (values, taps) = (8, 9)
    var (weights, biases) = (weight1, bias1)
    for output in bias1.indices {
      var sum = 0.0
      for channel in 0..<values {
        let scale = channel < 4 ? laplacian : level
        for tap in 0..<taps {
          let place = (output * values + channel) * taps + tap
          guard weights.indices.contains(place) else { continue }
          let changed = folds ? Double(weight1[place]) / scale : Double(weight1[place]) * scale
          weights[place] = Float(changed)
          if channel >= 4 { sum += folds ? Double(weight1[place]) : changed }
        }
      }
      biases[output] = Float(Double(bias1[output]) + (folds ? -sum : sum))
    }
    let factor = folds ? residual : 1 / residual
    return (
      weights, biases, weight2.map { Float(Double($0) * factor) }, bias2.map { Float(Double($0) * factor) }
    )
  }
}
