/// The interpolation positions of bilinear enlargement along one axis.
struct BilinearAxis: Sendable {
  /// The number of inputs.
  let inputs: Int
  /// The number of outputs.
  let outputs: Int
  /// The input before each output.
  let lowers: [Int32]
  /// The input after each output; at the ends, the same one.
  let uppers: [Int32]
  /// The weight of the input after, in 0 ..< 1.
  let fractions: [Float]

  /// Creates an axis for the centres of blocks of `step` of `extent` pixels. The last block may lie partly outside.
  /// Output `i` is at `step·(i + 1/2)·inputs/extent − 1/2`, clamped to the ends.
  init(inputs: Int, extent: Int, step: Int) {
    let outputs = (extent + step - 1) / step
    let places = (0..<outputs).map { output -> (lower: Int, fraction: Float) in
      // In units of 1/(2·extent) of an input: integers are the same on every machine.
      let unit = 2 * extent
      let position = min(max(step * (2 * output + 1) * inputs - extent, 0), (inputs - 1) * unit)
      return (position / unit, Float(Double(position % unit) / Double(unit)))
    }
    self.init(inputs: inputs, places: places)
  }

  /// Creates an axis that enlarges `inputs` to `outputs` with aligned corners: output `i` is at
  /// `i·(inputs − 1)/(outputs − 1)`.
  init(inputs: Int, alignedOutputs outputs: Int) {
    let unit = max(outputs - 1, 1)
    let places = (0..<outputs).map { output -> (lower: Int, fraction: Float) in
      let position = output * (inputs - 1)
      return (position / unit, Float(Double(position % unit) / Double(unit)))
    }
    self.init(inputs: inputs, places: places)
  }

  private init(inputs: Int, places: [(lower: Int, fraction: Float)]) {
    self.inputs = inputs
    outputs = places.count
    lowers = places.map { Int32($0.lower) }
    uppers = places.map { Int32(min($0.lower + 1, inputs - 1)) }
    fractions = places.map(\.fraction)
  }
}
