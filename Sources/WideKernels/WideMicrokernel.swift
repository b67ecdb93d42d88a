// The products of Kernels/GEMM/Microkernel.swift in vectors of sixteen.

/// `C = A·B` for 12 rows and 32 columns:
/// `c[r·stride + n] = Σ a[r·row + s·segment + k·element]·b[n / 16·panel + (s·depth + k)·step + n % 16]` over segments
/// `s` below `segments` and products `k` below `depth`.
///
/// `b` holds two panels `[segments][depth][16]`, `panel` floats apart. A `step` other than 16 reads its columns that
/// far apart. 24 of the 32 registers hold sums, two hold weights, and one a value of A that serves two multiply-adds.
/// With 16 columns, the load for each multiply-add would be the bottleneck. The caller owns the memory.
@inline(never)
package func multiplyWide12x32(
  _ a: UnsafePointer<Float>, row: Int, segment: Int, segments: Int, depth: Int, element: Int,
  _ b: UnsafePointer<Float>, panel: Int, step: Int = 16, into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c0, d0, c1, d1, c2, d2) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (c3, d3, c4, d4, c5, d5) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (c6, d6, c7, d7, c8, d8) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (c9, d9, c10, d10, c11, d11) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var b = b
  for number in 0..<segments {
    var first = a + number * segment
    var second = first + 3 * row
    var third = first + 6 * row
    var fourth = first + 9 * row
    for _ in 0..<depth {
      let (b0, b1) = (load(b), load(b + panel))
      var value = Wide(repeating: first[0])
      c0 = c0.addingProduct(value, b0)
      d0 = d0.addingProduct(value, b1)
      value = Wide(repeating: first[row])
      c1 = c1.addingProduct(value, b0)
      d1 = d1.addingProduct(value, b1)
      value = Wide(repeating: first[2 * row])
      c2 = c2.addingProduct(value, b0)
      d2 = d2.addingProduct(value, b1)
      value = Wide(repeating: second[0])
      c3 = c3.addingProduct(value, b0)
      d3 = d3.addingProduct(value, b1)
      value = Wide(repeating: second[row])
      c4 = c4.addingProduct(value, b0)
      d4 = d4.addingProduct(value, b1)
      value = Wide(repeating: second[2 * row])
      c5 = c5.addingProduct(value, b0)
      d5 = d5.addingProduct(value, b1)
      value = Wide(repeating: third[0])
      c6 = c6.addingProduct(value, b0)
      d6 = d6.addingProduct(value, b1)
      value = Wide(repeating: third[row])
      c7 = c7.addingProduct(value, b0)
      d7 = d7.addingProduct(value, b1)
      value = Wide(repeating: third[2 * row])
      c8 = c8.addingProduct(value, b0)
      d8 = d8.addingProduct(value, b1)
      value = Wide(repeating: fourth[0])
      c9 = c9.addingProduct(value, b0)
      d9 = d9.addingProduct(value, b1)
      value = Wide(repeating: fourth[row])
      c10 = c10.addingProduct(value, b0)
      d10 = d10.addingProduct(value, b1)
      value = Wide(repeating: fourth[2 * row])
      c11 = c11.addingProduct(value, b0)
      d11 = d11.addingProduct(value, b1)
      first += element
      second += element
      third += element
      fourth += element
      b += step
    }
  }
  store(c0, c)
  store(d0, c + 16)
  store(c1, c + stride)
  store(d1, c + stride + 16)
  store(c2, c + 2 * stride)
  store(d2, c + 2 * stride + 16)
  store(c3, c + 3 * stride)
  store(d3, c + 3 * stride + 16)
  store(c4, c + 4 * stride)
  store(d4, c + 4 * stride + 16)
  store(c5, c + 5 * stride)
  store(d5, c + 5 * stride + 16)
  store(c6, c + 6 * stride)
  store(d6, c + 6 * stride + 16)
  store(c7, c + 7 * stride)
  store(d7, c + 7 * stride + 16)
  store(c8, c + 8 * stride)
  store(d8, c + 8 * stride + 16)
  store(c9, c + 9 * stride)
  store(d9, c + 9 * stride + 16)
  store(c10, c + 10 * stride)
  store(d10, c + 10 * stride + 16)
  store(c11, c + 11 * stride)
  store(d11, c + 11 * stride + 16)
}
