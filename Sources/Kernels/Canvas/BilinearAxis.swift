/// Where each place of an enlarged row or column lies between those of the shorter one.
struct BilinearAxis: Sendable {
  /// Places of the shorter row.
  let inputs: Int
  /// Places of the enlarged row.
  let outputs: Int
  /// The place in front of each output.
  let lowers: [Int32]
  /// The place behind it; the same at the ends.
  let uppers: [Int32]
  /// The share of the place behind, 0 ..< 1.
  let fractions: [Float]

  /// The centres of blocks of `step` of `extent` places, of which the last may be in part outside: output `i` lies at
  /// `step·(i + 1/2)·inputs/extent − 1/2`, or at the nearest end.
  init(inputs: Int, extent: Int, step: Int) {
    self.inputs = inputs
    outputs = (extent + step - 1) / step
    let places = (0..<outputs).map { output -> (lower: Int, fraction: Float) in
      // In units of 1/(2·extent) of a place: whole numbers are the same on every machine.
      let unit = 2 * extent
      let position = min(max(step * (2 * output + 1) * inputs - extent, 0), (inputs - 1) * unit)
      return (position / unit, Float(Double(position % unit) / Double(unit)))
    }
    lowers = places.map { Int32($0.lower) }
    uppers = places.map { Int32(min($0.lower + 1, inputs - 1)) }
    fractions = places.map(\.fraction)
  }
}
