import CProcessor
import TestSupport
import Testing
import WideKernels

@Suite("Products in vectors of sixteen")
struct WideMicrokernelTests {
  /// Each sum adds its products one after another, fused, and so does the slow twin: the same bits, as in vectors of 8.
  @Test(
    "Twelve rows and 32 columns agree with their slow twin to the bit",
    .enabled(if: impasto_processor_has_avx512() != 0),
    arguments: [1, 2, 3], [1, 2, 7, 32, 37, 128])
  func product(segments: Int, depth: Int) {
    var random = Random(seed: UInt64(segments * 1000 + depth))
    let (row, segment, stride) = (depth + 3, depth + 5, 35)
    // Panels that do not follow one another, as those of the upsampling convolution.
    let panel = segments * depth * 16 + 48
    let a = random.uniform(count: 12 * row + segments * segment)
    let b = random.uniform(count: 2 * panel)
    var c = [Float](repeating: .nan, count: 12 * stride)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          multiplyWide12x32(
            a, row: row, segment: segment, segments: segments, depth: depth, b, panel: panel, into: c, stride: stride)
        }
      }
    }
    for index in 0..<12 * stride {
      let (line, column) = (index / stride, index % stride)
      guard column < 32 else {
        #expect(c[index].isNaN, "wrote beyond column 32 of row \(line)")
        continue
      }
      var sum: Float = 0
      for product in 0..<segments * depth {
        sum.addProduct(
          a[line * row + product / depth * segment + product % depth],
          b[column / 16 * panel + product * 16 + column % 16])
      }
      #expect(c[index].bitPattern == sum.bitPattern)
    }
  }
}
