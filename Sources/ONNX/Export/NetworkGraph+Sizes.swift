import Networks

// Arithmetic on sizes that only the picture tells, on scalars of 64 bits.

extension NetworkGraph {
  /// Returns the names of the picture's height and width.
  mutating func pictureExtents() -> (height: String, width: String) {
    if let extents { return extents }
    let shape = builder.node("Shape", [Self.input], "frame.shape")
    let extents = (
      height: builder.node("Gather", [shape, scalar(2)], "frame.height"),
      width: builder.node("Gather", [shape, scalar(3)], "frame.width")
    )
    self.extents = extents
    return extents
  }

  /// Returns a constant scalar.
  mutating func scalar(_ value: Int) -> String { builder.integers("n\(value)", [value], isScalar: true) }

  /// Returns a scalar as a vector of one element.
  mutating func vector(_ scalar: String) -> String {
    let name = "\(scalar).vector"
    if builder.graph.node.contains(where: { $0.name == name }) { return name }
    return builder.node("Reshape", [scalar, builder.integers("shape1", [1])], name)
  }

  /// Returns a value as floats.
  mutating func floats(_ value: String, _ name: String) -> String {
    builder.node("Cast", [value], name, [.integer("to", Onnx_TensorProto.DataType.float.rawValue)])
  }

  /// Returns `0..<count`.
  mutating func range(_ count: String, _ name: String) -> String {
    let (zero, one) = (scalar(0), scalar(1))
    return builder.node("Range", [zero, count, one], name)
  }

  /// Returns the names of the canvas's extents, see `Canvas.extents(lines:height:width:multiple:)`.
  mutating func canvasExtents(lines: Int, _ name: String) -> (height: String, width: String) {
    let (height, width) = pictureExtents()
    let short = builder.node("Min", [height, width], "\(name).short")
    let numerator = builder.node("Min", [short, scalar(lines)], "\(name).numerator")
    let multiple = max(1, model.definition.sizeMultiple)
    let half = builder.node("Mul", [short, scalar(multiple)], "\(name).half")
    let unit = builder.node("Mul", [half, scalar(2)], "\(name).unit")
    let doubled = builder.node("Mul", [numerator, scalar(2)], "\(name).doubled")
    func rounded(_ extent: String, _ name: String, _ graph: inout NetworkGraph) -> String {
      let product = graph.builder.node("Mul", [extent, doubled], "\(name).product")
      let sum = graph.builder.node("Add", [product, half], "\(name).sum")
      let quotient = graph.builder.node("Div", [sum, unit], "\(name).quotient")
      let count = graph.builder.node("Max", [quotient, graph.scalar(1)], "\(name).count")
      return graph.builder.node("Mul", [count, graph.scalar(multiple)], name)
    }
    return (rounded(height, "\(name).height", &self), rounded(width, "\(name).width", &self))
  }

  /// Returns the picture, extended by reflection at the right and bottom edges to whole multiples.
  mutating func extended() -> String {
    let (height, width) = pictureExtents()
    let rows = builder.node(
      "Gather", [Self.input, reflectedPlaces(height, "rows")], "frame.higher", [.integer("axis", 2)])
    return builder.node(
      "Gather", [rows, reflectedPlaces(width, "columns")], "frame.extended", [.integer("axis", 3)])
  }

  private mutating func reflectedPlaces(_ extent: String, _ name: String) -> String {
    let multiple = max(1, model.definition.sizeMultiple)
    let sum = builder.node("Add", [extent, scalar(multiple - 1)], "\(name).sum")
    let count = builder.node("Div", [sum, scalar(multiple)], "\(name).multiples")
    let whole = builder.node("Mul", [count, scalar(multiple)], "\(name).whole")
    let last = builder.node("Sub", [extent, scalar(1)], "\(name).last")
    let doubled = builder.node("Mul", [last, scalar(2)], "\(name).doubled")
    let period = builder.node("Max", [doubled, scalar(1)], "\(name).period")
    let phase = builder.node("Mod", [range(whole, "\(name).range"), period], "\(name).phase")
    let back = builder.node("Sub", [period, phase], "\(name).back")
    // A picture of one pixel has a period of 1, of which 0 is the only place.
    return builder.node("Min", [phase, back], "\(name).places")
  }

  /// Returns the top left part of `value` that has the picture's size.
  mutating func cropped(_ value: String, name: String = "cropped") -> String {
    let (height, width) = pictureExtents()
    let ends = builder.node("Concat", [vector(height), vector(width)], "\(name).ends", [.integer("axis", 0)])
    return builder.node(
      "Slice", [value, builder.integers("origin", [0, 0]), ends, builder.integers("pixel.axes", [2, 3])], name)
  }
}
