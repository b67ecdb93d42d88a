// The products of ``NarrowWeightGradient``: sums over pixels of products of two activations' channels, added to the
// existing values. The functions are not inlined and contain one loop each, as in Microkernel.swift.

import WideKernels

/// `C += Aᵀ·B` for 6 rows and 16 columns. Product `k` reads row `r` of A at `r + k·element` and the columns of B at
/// `k·step`; the rows of C are `stride` floats apart.
@inline(never)
private func accumulate6x16(
  _ a: UnsafePointer<Float>, element: Int, _ b: UnsafePointer<Float>, step: Int, depth: Int,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c00, c01) = (Lanes.zero, Lanes.zero)
  var (c10, c11) = (Lanes.zero, Lanes.zero)
  var (c20, c21) = (Lanes.zero, Lanes.zero)
  var (c30, c31) = (Lanes.zero, Lanes.zero)
  var (c40, c41) = (Lanes.zero, Lanes.zero)
  var (c50, c51) = (Lanes.zero, Lanes.zero)
  var (a, b) = (a, b)
  for _ in 0..<depth {
    let (b0, b1) = (load(b), load(b + 8))
    var value = Lanes(repeating: a[0])
    c00 = c00.addingProduct(value, b0)
    c01 = c01.addingProduct(value, b1)
    value = Lanes(repeating: a[1])
    c10 = c10.addingProduct(value, b0)
    c11 = c11.addingProduct(value, b1)
    value = Lanes(repeating: a[2])
    c20 = c20.addingProduct(value, b0)
    c21 = c21.addingProduct(value, b1)
    value = Lanes(repeating: a[3])
    c30 = c30.addingProduct(value, b0)
    c31 = c31.addingProduct(value, b1)
    value = Lanes(repeating: a[4])
    c40 = c40.addingProduct(value, b0)
    c41 = c41.addingProduct(value, b1)
    value = Lanes(repeating: a[5])
    c50 = c50.addingProduct(value, b0)
    c51 = c51.addingProduct(value, b1)
    a += element
    b += step
  }
  add(c00, c01, to: c)
  add(c10, c11, to: c + stride)
  add(c20, c21, to: c + 2 * stride)
  add(c30, c31, to: c + 3 * stride)
  add(c40, c41, to: c + 4 * stride)
  add(c50, c51, to: c + 5 * stride)
}

/// The same for 2 rows: channels come in multiples of 8, which leave 2 or 4 after groups of six.
@inline(never)
private func accumulate2x16(
  _ a: UnsafePointer<Float>, element: Int, _ b: UnsafePointer<Float>, step: Int, depth: Int,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c00, c01) = (Lanes.zero, Lanes.zero)
  var (c10, c11) = (Lanes.zero, Lanes.zero)
  var (a, b) = (a, b)
  for _ in 0..<depth {
    let (b0, b1) = (load(b), load(b + 8))
    var value = Lanes(repeating: a[0])
    c00 = c00.addingProduct(value, b0)
    c01 = c01.addingProduct(value, b1)
    value = Lanes(repeating: a[1])
    c10 = c10.addingProduct(value, b0)
    c11 = c11.addingProduct(value, b1)
    a += element
    b += step
  }
  add(c00, c01, to: c)
  add(c10, c11, to: c + stride)
}

@inline(__always)
private func add(_ first: Lanes, _ second: Lanes, to c: UnsafeMutablePointer<Float>) {
  store(load(c) + first, c)
  store(load(c + 8) + second, c + 8)
}

/// The number of floats of scratch for `accumulateProducts`: a tile of vectors of 16.
let accumulatedTileCount = 12 * 32

/// The same for 12 rows and 32 columns in vectors of 16, through `products`; the results are bit-identical.
private func accumulateWide12x32(
  _ a: UnsafePointer<Float>, element: Int, _ b: UnsafePointer<Float>, step: Int, depth: Int,
  products: UnsafeMutablePointer<Float>, into c: UnsafeMutablePointer<Float>, stride: Int
) {
  multiplyWide12x32(
    a, row: 1, segment: 0, segments: 1, depth: depth, element: element, b, panel: 16, step: step, into: products,
    stride: 32)
  for row in 0..<12 {
    for column in Swift.stride(from: 0, to: 32, by: 16) {
      let source = products + 32 * row + column
      add(load(source), load(source + 8), to: c + row * stride + column)
    }
  }
}

/// `C += Aᵀ·B` for an even number of rows and columns in multiples of 16, see `accumulate6x16`. `scratch` has
/// ``accumulatedTileCount`` floats.
@inline(__always)
func accumulateProducts(
  _ a: UnsafePointer<Float>, rows: Int, element: Int, _ b: UnsafePointer<Float>, columns: Int, step: Int, depth: Int,
  scratch: UnsafeMutablePointer<Float>, into c: UnsafeMutablePointer<Float>
) {
  let isWide = WideVectors.areAvailable
  var column = 0
  while column < columns {
    let width = isWide && columns - column >= 32 ? 32 : 16
    var first = 0
    if width == 32 {
      while rows - first >= 12 {
        accumulateWide12x32(
          a + first, element: element, b + column, step: step, depth: depth, products: scratch,
          into: c + first * columns + column, stride: columns)
        first += 12
      }
    }
    for within in Swift.stride(from: column, to: column + width, by: 16) {
      var row = first
      while row + 6 <= rows {
        accumulate6x16(
          a + row, element: element, b + within, step: step, depth: depth, into: c + row * columns + within,
          stride: columns)
        row += 6
      }
      while row < rows {
        accumulate2x16(
          a + row, element: element, b + within, step: step, depth: depth, into: c + row * columns + within,
          stride: columns)
        row += 2
      }
    }
    column += width
  }
}
