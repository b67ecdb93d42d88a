import Kernels
import TestSupport
import Tensors
import Testing

@Suite struct MatrixProductTests {
  @Test(arguments: [(1, 1, 1), (3, 5, 7), (8, 8, 8), (13, 1, 32), (37, 41, 29)])
  func multiplies(rows: Int, columns: Int, inner: Int) {
    var random = Random(seed: 1)
    // Strides exceed the row lengths: the gaps are NaN and must neither be read nor written.
    let gap = 3
    for (isATransposed, isBTransposed) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = random.uniform(count: rows * inner)
      let b = random.uniform(count: inner * columns)
      for accumulates in [false, true] {
        let left = spread(a, rows: isATransposed ? inner : rows, gap: gap)
        let right = spread(b, rows: isBTransposed ? columns : inner, gap: gap)
        let output = spread([Float](repeating: accumulates ? 2 : .nan, count: rows * columns), rows: rows, gap: gap)
        MatrixProduct.multiply(
          .init(left.pointer, stride: (isATransposed ? rows : inner) + gap, transposed: isATransposed),
          .init(right.pointer, stride: (isBTransposed ? inner : columns) + gap, transposed: isBTransposed),
          rows: rows, columns: columns, inner: inner, into: output.pointer, stride: columns + gap,
          accumulate: accumulates)
        var expected = ReferenceTensor(Shape([rows, columns]))
        for row in 0..<rows {
          for column in 0..<columns {
            var sum = accumulates ? 2.0 : 0
            for index in 0..<inner {
              let first = isATransposed ? a[index * rows + row] : a[row * inner + index]
              let second = isBTransposed ? b[column * inner + index] : b[index * columns + column]
              sum += Double(first) * Double(second)
            }
            expected.elements[row * columns + column] = sum
          }
        }
        let written = output.elements.enumerated().filter { $0.offset % (columns + gap) < columns }.map(\.element)
        let between = output.elements.enumerated().filter { $0.offset % (columns + gap) >= columns }.map(\.element)
        expectAgreement(written, expected, within: Tolerance.singlePrecision, "\(isATransposed) \(isBTransposed)")
        #expect(between.allSatisfy { $0.isNaN }, "written between the rows")
        expectIntact(left, right, output)
      }
    }
  }

  @Test(arguments: [(1, 1), (3, 7), (8, 8), (13, 32), (37, 29), (129, 65)])
  func squares(columns: Int, inner: Int) {
    var random = Random(seed: 2)
    let a = random.uniform(count: inner * columns)
    let source = spread(a, rows: inner, gap: 3)
    let output = GuardedBuffer(count: columns * columns, filledWith: .nan)
    MatrixProduct.square(
      source.pointer, stride: columns + 3, columns: columns, inner: inner, into: output.pointer)
    var (computed, expected): ([Float], [Double]) = ([], [])
    for row in 0..<columns {
      for column in 0..<columns {
        let value = output.elements[row * columns + column]
        guard column >= row else {
          #expect(value.isNaN, "written below the diagonal")
          continue
        }
        computed.append(value)
        expected.append(
          (0..<inner).reduce(0) { $0 + Double(a[$1 * columns + row]) * Double(a[$1 * columns + column]) })
      }
    }
    expectAgreement(
      computed, ReferenceTensor(Shape([expected.count]), elements: expected), within: Tolerance.singlePrecision,
      "square")
    expectIntact(source, output)
  }

  private func spread(_ elements: [Float], rows: Int, gap: Int) -> GuardedBuffer {
    let length = elements.count / rows
    return GuardedBuffer(
      (0..<rows).flatMap { row in
        elements[row * length..<(row + 1) * length] + [Float](repeating: .nan, count: gap)
      })
  }
}

@Suite struct ReductionTests {
  @Test(arguments: [(1, 1), (7, 3), (5, 13), (2_111, 32)])
  func addsChannelSums(pixels: Int, channels: Int) {
    var random = Random(seed: 2)
    let values = random.uniform(count: pixels * channels)
    let source = GuardedBuffer(values)
    let sums = GuardedBuffer(count: channels, filledWith: 10)
    Reduction.addChannelSums(source.pointer, pixels: pixels, channels: channels, to: sums.pointer, pool: pool)
    var expected = ReferenceTensor(Shape([channels]), elements: [Double](repeating: 10, count: channels))
    for (index, value) in values.enumerated() { expected.elements[index % channels] += Double(value) }
    // Random signs: the running sums, about √pixels, may exceed the result.
    expectAgreement(sums.elements, expected, within: 10 * Tolerance.singlePrecision, "sums")
    expectIntact(source, sums)
  }
}
