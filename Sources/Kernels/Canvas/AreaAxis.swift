/// The area-averaging filter along one axis: each output is the mean over the interval of inputs that it covers.
///
/// Output `i` of `outputs` covers the interval `i·n/outputs ..< (i + 1)·n/outputs` of `n` inputs, and weights the first
/// and the last input by the covered part. The weights are ratios of integers and add up to 1. If there are more
/// outputs than inputs, an output is the value of the input that contains it, or a mean of two.
struct AreaAxis: Sendable {
  /// The number of inputs.
  let inputs: Int
  /// The number of outputs.
  let outputs: Int
  /// The first input of each output.
  let firsts: [Int32]
  /// The number of inputs of each output.
  let counts: [Int32]
  /// The weights, `tapCount` for each output, padded with zeros.
  let weights: [Float]
  /// The maximum number of inputs of an output.
  let tapCount: Int

  init(inputs: Int, outputs: Int) {
    self.inputs = inputs
    self.outputs = outputs
    // In units of 1/outputs of an input.
    func range(_ output: Int) -> Range<Int> {
      output * inputs / outputs..<((output + 1) * inputs + outputs - 1) / outputs
    }
    firsts = (0..<outputs).map { Int32(range($0).lowerBound) }
    counts = (0..<outputs).map { Int32(range($0).count) }
    let tapCount = counts.max().map(Int.init) ?? 0
    self.tapCount = tapCount
    weights = (0..<outputs).flatMap { output in
      let places = range(output)
      return (0..<tapCount).map { tap -> Float in
        guard tap < places.count else { return 0 }
        let place = places.lowerBound + tap
        let overlap = min((output + 1) * inputs, (place + 1) * outputs) - max(output * inputs, place * outputs)
        return Float(Double(overlap) / Double(inputs))
      }
    }
  }
}
