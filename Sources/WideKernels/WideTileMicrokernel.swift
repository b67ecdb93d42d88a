// The products of Kernels/GEMM/TileMicrokernel.swift in vectors of sixteen.

/// `c[o·stride + t] += Σ a[k·row + t]·b[k·3 + o]` for 64 tiles `t`, three outputs `o` and `k` below `depth`. With
/// `isFirst` the sums start from zero.
///
/// Three outputs of four vectors use 12 registers for sums. The caller owns the memory.
@inline(never)
package func multiplyWideTiles64x3(
  _ a: UnsafePointer<Float>, row: Int, depth: Int, _ b: UnsafePointer<Float>, isFirst: Bool,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (r0, r1, r2, r3) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (g0, g1, g2, g3) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (b0, b1, b2, b3) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  if !isFirst {
    r0 = load(c)
    r1 = load(c + 16)
    r2 = load(c + 32)
    r3 = load(c + 48)
    g0 = load(c + stride)
    g1 = load(c + stride + 16)
    g2 = load(c + stride + 32)
    g3 = load(c + stride + 48)
    b0 = load(c + 2 * stride)
    b1 = load(c + 2 * stride + 16)
    b2 = load(c + 2 * stride + 32)
    b3 = load(c + 2 * stride + 48)
  }
  var (a, b) = (a, b)
  for _ in 0..<depth {
    let (w0, w1, w2) = (Wide(repeating: b[0]), Wide(repeating: b[1]), Wide(repeating: b[2]))
    var value = load(a)
    r0 = r0.addingProduct(value, w0)
    g0 = g0.addingProduct(value, w1)
    b0 = b0.addingProduct(value, w2)
    value = load(a + 16)
    r1 = r1.addingProduct(value, w0)
    g1 = g1.addingProduct(value, w1)
    b1 = b1.addingProduct(value, w2)
    value = load(a + 32)
    r2 = r2.addingProduct(value, w0)
    g2 = g2.addingProduct(value, w1)
    b2 = b2.addingProduct(value, w2)
    value = load(a + 48)
    r3 = r3.addingProduct(value, w0)
    g3 = g3.addingProduct(value, w1)
    b3 = b3.addingProduct(value, w2)
    a += row
    b += 3
  }
  store(r0, c)
  store(r1, c + 16)
  store(r2, c + 32)
  store(r3, c + 48)
  store(g0, c + stride)
  store(g1, c + stride + 16)
  store(g2, c + stride + 32)
  store(g3, c + stride + 48)
  store(b0, c + 2 * stride)
  store(b1, c + 2 * stride + 16)
  store(b2, c + 2 * stride + 32)
  store(b3, c + 2 * stride + 48)
}
