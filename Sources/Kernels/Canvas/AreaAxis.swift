/// What each place of a reduced row or column takes of a longer one: the mean over the stretch that it covers.
///
/// Place `i` of `outputs` covers `i·n/outputs ..< (i + 1)·n/outputs` of `n` places, the first and the last of them in part. The weights are
/// ratios of whole numbers, and add up to 1. Where there are more outputs than places it is the value of the place that each lies in, or a
/// mean of two.
struct AreaAxis: Sendable {
  /// Places of the longer row.
  let inputs: Int
  /// Places of the reduced row.
  let outputs: Int
  /// The first place that each output reads.
  let firsts: [Int32]
  /// The places that each output reads.
  let counts: [Int32]
  /// Weights, `tapCount` for each output, zeros behind its own.
  let weights: [Float]
  /// The most places that any output reads.
  let tapCount: Int

  init(inputs: Int, outputs: Int) {
    self.inputs = inputs
    self.outputs = outputs
    // In units of 1/outputs of a place.
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
