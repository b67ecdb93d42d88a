import BFloat16Kernels

/// `C = A·B` for `count` rows and `columns` columns, a multiple of 8, with pairs of bfloat16 in each word of A and B.
///
/// A is `[count][depth]`. B holds panels `[depth][16]` and optionally one `[depth][8]`, as in
/// ``multiplyPanels(_:columns:_:_:element:_:panel:into:stride:)``. Rows beyond `count`, up to a multiple of 12, are
/// also read and written, so both buffers must have room for them. Requires ``BFloat16Products/areAvailable``.
@inline(__always)
func multiplyBFloat16Panels(
  _ count: Int, columns: Int, _ a: UnsafePointer<UInt32>, depth: Int, _ b: UnsafePointer<UInt32>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var column = 0
  while column < columns {
    let width = columns - column >= 32 ? 32 : panelWidth(at: column, of: columns)
    let weight = b + column * depth
    for first in Swift.stride(from: 0, to: count, by: 12) {
      let (a, c) = (a + first * depth, c + first * stride + column)
      switch width {
      case 32:
        multiplyBFloat16Rows12x32(a, row: depth, depth: depth, weight, panel: 16 * depth, into: c, stride: stride)
      case 16: multiplyBFloat16Rows12x16(a, row: depth, depth: depth, weight, into: c, stride: stride)
      default: multiplyBFloat16Rows12x8(a, row: depth, depth: depth, weight, into: c, stride: stride)
      }
    }
    column += width
  }
}
