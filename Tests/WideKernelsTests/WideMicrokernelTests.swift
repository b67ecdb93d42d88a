import CProcessor
import TestSupport
import Testing
import WideKernels

@Suite("Products in vectors of sixteen")
struct WideMicrokernelTests {
  /// Each sum adds its products in order with fused multiply-adds, and so does the reference: the results are
  /// bit-identical, as with vectors of 8.
  @Test(
    "Twelve rows and 32 columns are bit-identical to the reference",
    .enabled(if: impasto_processor_has_avx512() != 0),
    arguments: [(1, 1), (2, 1), (3, 8)], [1, 2, 7, 32, 37, 128])
  func product(segments: (count: Int, element: Int), depth: Int) {
    let (segments, element) = segments
    var random = Random(seed: UInt64(segments * 1000 + depth))
    let (row, segment, stride) = (depth * element + 3, depth * element + 5, 35)
    // Panels that are not contiguous, like those of the upsampling convolution.
    let panel = segments * depth * 16 + 48
    let a = random.uniform(count: 12 * row + segments * segment)
    let b = random.uniform(count: 2 * panel)
    var c = [Float](repeating: .nan, count: 12 * stride)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          multiplyWide12x32(
            a, row: row, segment: segment, segments: segments, depth: depth, element: element, b,
            panel: panel, into: c, stride: stride)
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
          a[line * row + product / depth * segment + product % depth * element],
          b[column / 16 * panel + product * 16 + column % 16])
      }
      #expect(c[index].bitPattern == sum.bitPattern)
    }
  }

  @Test(
    "Columns of overlapping windows are bit-identical to the reference",
    .enabled(if: impasto_processor_has_avx512() != 0), arguments: [1, 3, 17], [1, 2, 37])
  func windows(step: Int, depth: Int) {
    var random = Random(seed: UInt64(step * 1000 + depth))
    let element = 12
    let a = random.uniform(count: element * depth)
    let b = random.uniform(count: step * depth + 32)
    var c = [Float](repeating: .nan, count: 12 * 32)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          multiplyWide12x32(
            a, row: 1, segment: 0, segments: 1, depth: depth, element: element, b, panel: 16, step: step, into: c,
            stride: 32)
        }
      }
    }
    for index in c.indices {
      var sum: Float = 0
      for product in 0..<depth { sum.addProduct(a[index / 32 + product * element], b[index % 32 + product * step]) }
      #expect(c[index].bitPattern == sum.bitPattern)
    }
  }

  @Test(
    "Three outputs of 64 tiles are bit-identical to the reference",
    .enabled(if: impasto_processor_has_avx512() != 0), arguments: [1, 2, 17, 128])
  func tiles(depth: Int) {
    let count = 64
    var random = Random(seed: UInt64(count * 1000 + depth))
    let (row, stride) = (count + 5, count + 9)
    let a = random.uniform(count: depth * row + count)
    let b = random.uniform(count: 3 * depth)
    let before = random.uniform(count: 3 * stride)
    for isFirst in [true, false] {
      var c = before
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          c.withUnsafeMutableBufferPointer { c in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
            multiplyWideTiles64x3(a, row: row, depth: depth, b, isFirst: isFirst, into: c, stride: stride)
          }
        }
      }
      for index in 0..<3 * stride {
        let (output, tile) = (index / stride, index % stride)
        var sum = isFirst && tile < count ? 0 : before[index]
        if tile < count {
          for product in 0..<depth { sum.addProduct(a[product * row + tile], b[product * 3 + output]) }
        }
        #expect(c[index].bitPattern == sum.bitPattern)
      }
    }
  }

  @Test(
    "A row of a 3×3 convolution is bit-identical to the reference",
    .enabled(if: impasto_processor_has_avx512() != 0),
    arguments: [1, 4, 8, 13], [false, true])
  func row(channels: Int, appliesReLU: Bool) {
    var random = Random(seed: UInt64(channels))
    let (plane, stride) = (90, 70)
    let rows = (0..<3).map { _ in random.uniform(count: channels * plane + 2) }
    let b = random.uniform(count: channels * 36)
    let bias = random.uniform(count: 4)
    var c = [Float](repeating: .nan, count: 4 * stride)
    rows[0].withUnsafeBufferPointer { upper in
      rows[1].withUnsafeBufferPointer { middle in
        rows[2].withUnsafeBufferPointer { lower in
          c.withUnsafeMutableBufferPointer { c in
            guard let upper = upper.baseAddress, let middle = middle.baseAddress, let lower = lower.baseAddress,
              let c = c.baseAddress
            else { return }
            convolveWideRow64x4(
              (upper + 1, middle + 1, lower + 1), plane: plane, channels: channels, b, bias: bias,
              appliesReLU: appliesReLU, into: c, stride: stride)
          }
        }
      }
    }
    for index in 0..<4 * stride {
      let (output, column) = (index / stride, index % stride)
      guard column < 64 else {
        #expect(c[index].isNaN, "wrote beyond column 64 of output \(output)")
        continue
      }
      var sum = bias[output]
      for product in 0..<9 * channels {
        let (channel, row, tap) = (product / 9, product / 3 % 3, product % 3)
        sum.addProduct(rows[row][channel * plane + column + tap], b[product * 4 + output])
      }
      #expect(c[index].bitPattern == (appliesReLU && sum < 0 ? 0 : sum).bitPattern)
    }
  }
}
