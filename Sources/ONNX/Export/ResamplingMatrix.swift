/// Resampling along one axis as a matrix `[outputs, inputs]`, in double precision.
struct ResamplingMatrix {
  let outputs: Int
  let inputs: Int
  private var rows: [[Double]]

  private init(outputs: Int, inputs: Int, rows: [[Double]]) {
    self.outputs = outputs
    self.inputs = inputs
    self.rows = rows
  }

  /// The mean over the stretch that each output covers, with places at its ends counted in part.
  static func area(inputs: Int, outputs: Int) -> ResamplingMatrix {
    let rows = (0..<outputs).map { output in
      (0..<inputs).map { place in
        let overlap = min((output + 1) * inputs, (place + 1) * outputs) - max(output * inputs, place * outputs)
        return Double(max(overlap, 0)) / Double(inputs)
      }
    }
    return ResamplingMatrix(outputs: outputs, inputs: inputs, rows: rows)
  }

  /// Interpolation between half-pixel centres, clamped at the ends.
  static func bilinear(inputs: Int, outputs: Int) -> ResamplingMatrix {
    let rows = positions(inputs: inputs, outputs: outputs).map { position in
      var row = [Double](repeating: 0, count: inputs)
      let lower = Int(position)
      row[lower] += 1 - (position - Double(lower))
      row[min(lower + 1, inputs - 1)] += position - Double(lower)
      return row
    }
    return ResamplingMatrix(outputs: outputs, inputs: inputs, rows: rows)
  }

  /// The gain `a` of `x + a·(2x − left − right)` before bilinear enlargement, see `DraftSharpening` in Kernels.
  static func sharpeningGain(inputs: Int, outputs: Int) -> Double {
    let distances = positions(inputs: inputs, outputs: outputs).map { abs($0 - $0.rounded()) }
    let share = distances.reduce(0, +) / Double(2 * outputs)
    return share / (1 - 3 * share)
  }

  private static func positions(inputs: Int, outputs: Int) -> [Double] {
    (0..<outputs).map { output in
      min(max((Double(output) + 0.5) * Double(inputs) / Double(outputs) - 0.5, 0), Double(inputs - 1))
    }
  }

  /// The block that the matrix of a reduction repeats along its diagonal.
  var repeatedBlock: ResamplingMatrix {
    let count = Self.commonDivisor(outputs, inputs)
    return ResamplingMatrix(
      outputs: outputs / count, inputs: inputs / count,
      rows: rows.prefix(outputs / count).map { Array($0.prefix(inputs / count)) })
  }

  /// The values, row after row.
  var values: [Float] { rows.flatMap { $0.map { Float($0) } } }
  /// The values, column after column.
  var transposed: [Float] { (0..<inputs).flatMap { input in rows.map { Float($0[input]) } } }

  /// The matrix as blocks of outputs that each read a window of inputs: the places that each block reads, their number,
  /// and the weights `[blocks, outputs / blocks, length]`.
  var windows: (places: [[Int]], length: Int, weights: [Float]) {
    let count = Self.commonDivisor(outputs, inputs)
    let blocks = (0..<count).map { block in Array(rows[block * (outputs / count)..<(block + 1) * (outputs / count)]) }
    let ranges = blocks.map { block -> ClosedRange<Int> in
      let used = (0..<inputs).filter { input in block.contains { $0[input] != 0 } }
      return (used.first ?? 0)...(used.last ?? 0)
    }
    let length = ranges.map(\.count).max() ?? 1
    let places = ranges.map { range in
      let first = min(range.lowerBound, inputs - length)
      return Array(first..<first + length)
    }
    let weights = zip(blocks, places).flatMap { block, places in
      block.flatMap { row in places.map { Float(row[$0]) } }
    }
    return (places, length, weights)
  }

  private static func commonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : commonDivisor(b, a % b) }
}
