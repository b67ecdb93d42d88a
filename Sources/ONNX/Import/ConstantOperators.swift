/// Operators on constants: what exporters leave of shapes, scales and pads.
enum ConstantOperators {
  /// Returns the value of `node`, or nil if the operator is unknown here.
  ///
  /// - Parameter inputs: The values of the node's inputs; nil for those left out.
  /// - Throws: ``NodeFault`` if the inputs do not fit.
  static func value(of node: GraphNode, _ inputs: [ConstantTensor?], opset: Int) throws(NodeFault) -> ConstantTensor? {
    guard let first = inputs.first.flatMap({ $0 }) else {
      guard node.type == "Constant" else { return nil }
      return try constant(node)
    }
    let second = inputs.count > 1 ? inputs[1] : nil
    let result: ConstantTensor?
    switch node.type {
    case "Identity", "Dropout": return first
    case "Cast":
      let type = Onnx_TensorProto.DataType(rawValue: node.integer("to") ?? 0)
      let isInteger = ![.float, .double, .float16, .bfloat16].contains(type)
      result = first.map(isInteger: isInteger) { value in
        if type == .bool { return value == 0 ? 0 : 1 }
        return isInteger ? value.rounded(.towardZero) : value
      }
    case "Add": result = combined(first, second, +)
    case "Sub": result = combined(first, second, -)
    case "Mul": result = combined(first, second, *)
    case "Div":
      let truncates = first.isInteger && second?.isInteger == true
      result = combined(first, second) { a, b in
        if truncates { return b == 0 ? 0 : (a / b).rounded(.towardZero) }
        return a / b
      }
    case "Mod":
      result = combined(first, second) { a, b in b == 0 ? 0 : a - b * (a / b).rounded(.down) }
    case "Pow": result = combined(first, second) { power($0, $1) }
    case "Min": result = combined(first, second) { min($0, $1) }
    case "Max": result = combined(first, second) { max($0, $1) }
    case "Equal": result = combined(first, second) { $0 == $1 ? 1 : 0 }?.map(isInteger: true) { $0 }
    case "Floor": result = first.map { $0.rounded(.down) }
    case "Ceil": result = first.map { $0.rounded(.up) }
    case "Round": result = first.map { $0.rounded(.toNearestOrEven) }
    case "Neg": result = first.map { -$0 }
    case "Sqrt": result = first.map { $0.squareRoot() }
    case "Reciprocal": result = first.map { 1 / $0 }
    case "Shape": result = ConstantTensor(integers: first.shape)
    case "Size": result = ConstantTensor(scalar: Double(first.values.count), isInteger: true)
    case "Where":
      guard inputs.count == 3, let a = inputs[1], let b = inputs[2] else { return nil }
      result = chosen(first, a, b)
    case "ConstantOfShape": result = try filled(first, node)
    case "Expand": result = second.flatMap { expanded(first, $0.integers) }
    case "Range": result = range(inputs)
    case "Reshape": result = second.flatMap { reshaped(first, $0.integers) }
    case "Flatten": result = first.reshaped([1, first.values.count])
    case "Transpose": result = first.transposed(node.integers("perm") ?? first.shape.indices.reversed())
    case "Unsqueeze": result = unsqueezed(first, node.integers("axes") ?? second?.integers ?? [])
    case "Squeeze": result = squeezed(first, node.integers("axes") ?? second?.integers)
    case "Gather": result = second.flatMap { gathered(first, $0, axis: node.integer("axis") ?? 0) }
    case "Slice": result = sliced(first, node, inputs)
    case "Concat": result = concatenated(inputs, axis: node.integer("axis") ?? 0)
    case "ReduceSum":
      result = reduced(
        first, axes: node.integers("axes") ?? second?.integers, keeps: node.integer("keepdims") ?? 1 != 0)
    case "ReduceProd": result = ConstantTensor(scalar: first.values.reduce(1, *), isInteger: first.isInteger)
    default: return nil
    }
    guard let result else {
      throw NodeFault("its constant operands of shape \(inputs.map { $0?.shape ?? [] }) do not fit")
    }
    return result
  }

  private static func constant(_ node: GraphNode) throws(NodeFault) -> ConstantTensor {
    if let tensor = node.tensor("value") {
      do throws(TensorFault) {
        return try ConstantTensor(tensor)
      } catch {
        throw NodeFault("its value: \(error.reason)")
      }
    }
    if let value = node.float("value_float") { return ConstantTensor(scalar: Double(value)) }
    if let value = node.integer("value_int") { return ConstantTensor(scalar: Double(value), isInteger: true) }
    if let values = node.integers("value_ints") { return ConstantTensor(integers: values) }
    if let values = node.floats("value_floats"),
      let constant = ConstantTensor(shape: [values.count], values: values.map(Double.init), isInteger: false)
    {
      return constant
    }
    throw NodeFault("a constant without numbers")
  }

  private static func combined(
    _ a: ConstantTensor, _ b: ConstantTensor?, _ function: (Double, Double) -> Double
  ) -> ConstantTensor? {
    b.flatMap { ConstantTensor.combined(a, $0, function) }
  }

  /// Powers that exporters write: squares and roots.
  private static func power(_ base: Double, _ exponent: Double) -> Double {
    switch exponent {
    case 2: base * base
    case 0.5: base.squareRoot()
    case -0.5: 1 / base.squareRoot()
    case -1: 1 / base
    default: exponent == 1 ? base : .nan
    }
  }

  private static func chosen(_ condition: ConstantTensor, _ a: ConstantTensor, _ b: ConstantTensor) -> ConstantTensor? {
    guard let first = ConstantTensor.combined(condition, a, { $0 != 0 ? $1 : 0 }),
      let second = ConstantTensor.combined(condition, b, { $0 == 0 ? $1 : 0 })
    else { return nil }
    return ConstantTensor.combined(first, second, +)?.map(isInteger: a.isInteger && b.isInteger) { $0 }
  }

  private static func filled(_ shape: ConstantTensor, _ node: GraphNode) throws(NodeFault) -> ConstantTensor? {
    guard let count = ConstantTensor.count(shape.integers), count <= ConstantTensor.maximumCount else { return nil }
    var (value, isInteger) = (0.0, false)
    if let tensor = node.tensor("value") {
      do throws(TensorFault) {
        let constant = try ConstantTensor(tensor)
        (value, isInteger) = (constant.scalar ?? 0, constant.isInteger)
      } catch {
        throw NodeFault("its value: \(error.reason)")
      }
    }
    return ConstantTensor(
      shape: shape.integers, values: [Double](repeating: value, count: count), isInteger: isInteger)
  }

  private static func expanded(_ value: ConstantTensor, _ shape: [Int]) -> ConstantTensor? {
    let rank = max(shape.count, value.shape.count)
    func aligned(_ shape: [Int]) -> [Int] { [Int](repeating: 1, count: rank - shape.count) + shape }
    return value.broadcast(to: zip(aligned(value.shape), aligned(shape)).map { $1 == 1 ? $0 : $1 })
  }

  private static func range(_ inputs: [ConstantTensor?]) -> ConstantTensor? {
    guard inputs.count == 3, let start = inputs[0]?.scalar, let limit = inputs[1]?.scalar,
      let step = inputs[2]?.scalar, step != 0
    else { return nil }
    let count = ((limit - start) / step).rounded(.up)
    guard count <= Double(ConstantTensor.maximumCount) else { return nil }
    let values = (0..<Int(max(0, count))).map { start + Double($0) * step }
    return ConstantTensor(shape: [values.count], values: values, isInteger: inputs[0]?.isInteger ?? true)
  }

  /// Returns the shape with 0 and −1 replaced, or nil if it does not fit `from`.
  static func resolved(_ shape: [Int], from: [Int]) -> [Int]? {
    var result: [Int] = []
    for (axis, extent) in shape.enumerated() {
      guard extent != 0 || axis < from.count else { return nil }
      result.append(extent == 0 ? from[axis] : extent)
    }
    let free = result.indices.filter { result[$0] == -1 }
    guard free.count <= 1, let count = ConstantTensor.count(from) else { return nil }
    if let place = free.first {
      result[place] = 1
      guard let known = ConstantTensor.count(result), known > 0, count % known == 0 else { return nil }
      result[place] = count / known
    }
    return ConstantTensor.count(result) == count ? result : nil
  }

  private static func reshaped(_ value: ConstantTensor, _ shape: [Int]) -> ConstantTensor? {
    resolved(shape, from: value.shape).flatMap { value.reshaped($0) }
  }

  private static func unsqueezed(_ value: ConstantTensor, _ axes: [Int]) -> ConstantTensor? {
    let rank = value.shape.count + axes.count
    let places = axes.map { $0 < 0 ? $0 + rank : $0 }
    guard rank <= 8, Set(places).count == axes.count, places.allSatisfy({ (0..<rank).contains($0) }) else { return nil }
    var rest = value.shape[...]
    return value.reshaped((0..<rank).map { places.contains($0) ? 1 : rest.popFirst() ?? 1 })
  }

  private static func squeezed(_ value: ConstantTensor, _ axes: [Int]?) -> ConstantTensor? {
    let places = axes?.map { $0 < 0 ? $0 + value.shape.count : $0 }
    return value.reshaped(
      value.shape.enumerated().filter { axis, extent in extent != 1 || !(places?.contains(axis) ?? true) }
        .map(\.element))
  }

  private static func gathered(_ value: ConstantTensor, _ indices: ConstantTensor, axis: Int) -> ConstantTensor? {
    let axis = axis < 0 ? axis + value.shape.count : axis
    guard value.shape.indices.contains(axis) else { return nil }
    var places = value.shape.map { Array(0..<$0) }
    places[axis] = indices.integers.map { $0 < 0 ? $0 + value.shape[axis] : $0 }
    var shape = value.shape
    shape.replaceSubrange(axis...axis, with: indices.shape)
    return value.selecting(places)?.reshaped(shape)
  }

  private static func sliced(_ value: ConstantTensor, _ node: GraphNode, _ inputs: [ConstantTensor?]) -> ConstantTensor?
  {
    places(ofSlice: node, inputs, shape: value.shape).flatMap { value.selecting($0) }
  }

  /// Returns the places along each axis that a `Slice` takes of a value of `shape`, or nil if it does not fit.
  static func places(ofSlice node: GraphNode, _ inputs: [ConstantTensor?], shape: [Int]) -> [[Int]]? {
    func list(_ name: String, _ place: Int) -> [Int]? {
      node.integers(name) ?? (inputs.count > place ? inputs[place]?.integers : nil)
    }
    guard let starts = list("starts", 1), let ends = list("ends", 2), starts.count == ends.count else { return nil }
    let axes = list("axes", 3) ?? Array(starts.indices)
    let steps = list("steps", 4) ?? [Int](repeating: 1, count: starts.count)
    guard axes.count == starts.count, steps.count == starts.count, !steps.contains(0) else { return nil }
    var places = shape.map { Array(0..<$0) }
    for (index, axis) in axes.enumerated() {
      let axis = axis < 0 ? axis + shape.count : axis
      guard shape.indices.contains(axis) else { return nil }
      let extent = shape[axis]
      let step = steps[index]
      let (low, high) = step > 0 ? (0, extent) : (-1, extent - 1)
      func limited(_ place: Int) -> Int { max(low, min(place < 0 ? place + extent : place, high)) }
      // A backward slice to the very start ends at a number below all places.
      let end = step < 0 && ends[index] < -extent ? -1 : limited(ends[index])
      places[axis] = Array(stride(from: limited(starts[index]), to: end, by: step))
    }
    return places
  }

  /// Returns sums along `axes`, or along all if there are none.
  private static func reduced(_ value: ConstantTensor, axes: [Int]?, keeps: Bool) -> ConstantTensor? {
    let rank = value.shape.count
    var sums = value
    let places = axes.map { $0.isEmpty ? Array(0..<rank) : $0.map { $0 < 0 ? $0 + rank : $0 } } ?? Array(0..<rank)
    guard Set(places).count == places.count, places.allSatisfy({ (0..<rank).contains($0) }) else { return nil }
    for axis in places {
      var shape = sums.shape
      let (extent, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
      shape[axis] = 1
      guard let count = ConstantTensor.count(shape), count <= max(ConstantTensor.maximumCount, value.values.count)
      else {
        return nil
      }
      var values = [Double](repeating: 0, count: count)
      for place in sums.values.indices {
        values[place / (inner * extent) * inner + place % inner] += sums.values[place]
      }
      guard let next = ConstantTensor(shape: shape, values: values, isInteger: value.isInteger) else { return nil }
      sums = next
    }
    return keeps ? sums : squeezed(sums, places)
  }

  private static func concatenated(_ inputs: [ConstantTensor?], axis: Int) -> ConstantTensor? {
    let parts = inputs.compactMap { $0 }
    guard parts.count == inputs.count, let first = parts.first else { return nil }
    let axis = axis < 0 ? axis + first.shape.count : axis
    guard first.shape.indices.contains(axis) else { return nil }
    func others(_ shape: [Int]) -> [Int] { shape.enumerated().filter { $0.offset != axis }.map(\.element) }
    guard parts.allSatisfy({ $0.shape.count == first.shape.count && others($0.shape) == others(first.shape) }) else {
      return nil
    }
    guard parts.reduce(0, { $0 + $1.values.count }) <= ConstantTensor.maximumCount else { return nil }
    let outer = first.shape[..<axis].reduce(1, *)
    var values: [Double] = []
    for index in 0..<outer {
      for part in parts {
        let count = part.values.count / max(1, outer)
        values += part.values[index * count..<(index + 1) * count]
      }
    }
    var shape = first.shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    return ConstantTensor(shape: shape, values: values, isInteger: first.isInteger)
  }
}
