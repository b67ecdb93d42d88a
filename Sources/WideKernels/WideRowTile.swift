// The products of Kernels/Canvas/RowTile.swift in vectors of sixteen.

/// `c[o·stride + t] = f(bias[o] + Σ rows[i][k·plane + t + j − 1]·b[((3k + i)·3 + j)·4 + o])` for 64 columns `t`, four
/// outputs `o`, three rows `i`, three columns `j` and `k` below `channels`. With `appliesReLU`, `f` is ReLU, else the
/// identity.
///
/// 16 registers hold sums, four hold the values of a row and one a weight that serves four multiply-adds. The caller
/// owns the memory.
@inline(never)
package func convolveWideRow64x4(
  _ rows: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>), plane: Int, channels: Int,
  _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>, appliesReLU: Bool, into c: UnsafeMutablePointer<Float>,
  stride: Int
) {
  var (r0, r1, r2, r3) = (Wide(repeating: bias[0]), Wide.zero, Wide.zero, Wide.zero)
  var (g0, g1, g2, g3) = (Wide(repeating: bias[1]), Wide.zero, Wide.zero, Wide.zero)
  var (b0, b1, b2, b3) = (Wide(repeating: bias[2]), Wide.zero, Wide.zero, Wide.zero)
  var (a0, a1, a2, a3) = (Wide(repeating: bias[3]), Wide.zero, Wide.zero, Wide.zero)
  (r1, r2, r3) = (r0, r0, r0)
  (g1, g2, g3) = (g0, g0, g0)
  (b1, b2, b3) = (b0, b0, b0)
  (a1, a2, a3) = (a0, a0, a0)
  var b = b
  for channel in 0..<channels {
    for row in 0..<3 {
      var values = (row == 0 ? rows.0 : row == 1 ? rows.1 : rows.2) + channel * plane - 1
      for _ in 0..<3 {
        let (v0, v1, v2, v3) = (load(values), load(values + 16), load(values + 32), load(values + 48))
        var weight = Wide(repeating: b[0])
        r0 = r0.addingProduct(v0, weight)
        r1 = r1.addingProduct(v1, weight)
        r2 = r2.addingProduct(v2, weight)
        r3 = r3.addingProduct(v3, weight)
        weight = Wide(repeating: b[1])
        g0 = g0.addingProduct(v0, weight)
        g1 = g1.addingProduct(v1, weight)
        g2 = g2.addingProduct(v2, weight)
        g3 = g3.addingProduct(v3, weight)
        weight = Wide(repeating: b[2])
        b0 = b0.addingProduct(v0, weight)
        b1 = b1.addingProduct(v1, weight)
        b2 = b2.addingProduct(v2, weight)
        b3 = b3.addingProduct(v3, weight)
        weight = Wide(repeating: b[3])
        a0 = a0.addingProduct(v0, weight)
        a1 = a1.addingProduct(v1, weight)
        a2 = a2.addingProduct(v2, weight)
        a3 = a3.addingProduct(v3, weight)
        values += 1
        b += 4
      }
    }
  }
  @inline(__always) func put(_ value: Wide, _ place: Int) {
    store(appliesReLU ? value.replacing(with: Wide.zero, where: value .< Wide.zero) : value, c + place)
  }
  put(r0, 0)
  put(r1, 16)
  put(r2, 32)
  put(r3, 48)
  put(g0, stride)
  put(g1, stride + 16)
  put(g2, stride + 32)
  put(g3, stride + 48)
  put(b0, 2 * stride)
  put(b1, 2 * stride + 16)
  put(b2, 2 * stride + 32)
  put(b3, 2 * stride + 48)
  put(a0, 3 * stride)
  put(a1, 3 * stride + 16)
  put(a2, 3 * stride + 32)
  put(a3, 3 * stride + 48)
}
