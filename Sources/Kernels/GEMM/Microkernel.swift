// The products at the core of every kernel: rows of A times a panel of packed weights, with sums in registers.
//
// A panel is `[K][16]` (or `[K][8]`): the weights of 16 outputs in the order in which they are read. Six rows of A
// times 16 columns use 12 of the 16 registers for sums, two for weights and one for the value of A. That is enough sums
// to hide the latency of the multiply-add, with 8 loads for 12 of them. Other shapes were slower (4×24, 12×8). The
// functions are not inlined, because among other loops the sums would not stay in registers.

import CProcessor
import WideKernels

/// The layout of the rows of A in memory: product `k` of segment `s` in row `r` is at `r·row + s·segment + k·element`.
struct MicrokernelRows {
  /// The number of floats between rows.
  let row: Int
  /// The number of floats between segments.
  let segment: Int
  /// The number of segments.
  let segments: Int
  /// The number of products in a segment.
  let depth: Int
  /// Whether products use ``WideKernels`` with vectors of 16, if the processor has them.
  let isWide = WideVectors.areAvailable

  /// Returns the number of columns to compute at a time at column `column` of `columns`: 32 with vectors of 16,
  /// otherwise 16, or 8 for the remainder.
  @inline(__always)
  func panelsWidth(at column: Int, of columns: Int) -> Int {
    isWide && columns - column >= 32 ? 32 : panelWidth(at: column, of: columns)
  }
}

/// Products of bfloat16, which ``BFloat16Kernels`` computes.
enum BFloat16Products {
  /// Whether the processor has them and this build uses them.
  static var areAvailable: Bool { impasto_processor_has_bfloat16() != 0 }
}

/// Vectors of 16 floats, which ``WideKernels`` uses.
enum WideVectors {
  /// Whether the processor has them and this build uses them.
  static var areAvailable: Bool { impasto_processor_has_avx512() != 0 }
}

/// `C = A·B` for 6 rows and 16 columns. The rows of C are `stride` floats apart.
@inline(never)
func multiply6x16(
  _ a: UnsafePointer<Float>, _ rows: MicrokernelRows, element: Int = 1, _ b: UnsafePointer<Float>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c00, c01) = (Lanes.zero, Lanes.zero)
  var (c10, c11) = (Lanes.zero, Lanes.zero)
  var (c20, c21) = (Lanes.zero, Lanes.zero)
  var (c30, c31) = (Lanes.zero, Lanes.zero)
  var (c40, c41) = (Lanes.zero, Lanes.zero)
  var (c50, c51) = (Lanes.zero, Lanes.zero)
  var b = b
  let row = rows.row
  for segment in 0..<rows.segments {
    var upper = a + segment * rows.segment
    var lower = upper + 3 * row
    for _ in 0..<rows.depth {
      let (b0, b1) = (load(b), load(b + 8))
      var value = Lanes(repeating: upper[0])
      c00 = c00.addingProduct(value, b0)
      c01 = c01.addingProduct(value, b1)
      value = Lanes(repeating: upper[row])
      c10 = c10.addingProduct(value, b0)
      c11 = c11.addingProduct(value, b1)
      value = Lanes(repeating: upper[2 * row])
      c20 = c20.addingProduct(value, b0)
      c21 = c21.addingProduct(value, b1)
      value = Lanes(repeating: lower[0])
      c30 = c30.addingProduct(value, b0)
      c31 = c31.addingProduct(value, b1)
      value = Lanes(repeating: lower[row])
      c40 = c40.addingProduct(value, b0)
      c41 = c41.addingProduct(value, b1)
      value = Lanes(repeating: lower[2 * row])
      c50 = c50.addingProduct(value, b0)
      c51 = c51.addingProduct(value, b1)
      upper += element
      lower += element
      b += 16
    }
  }
  store(c00, c)
  store(c01, c + 8)
  store(c10, c + stride)
  store(c11, c + stride + 8)
  store(c20, c + 2 * stride)
  store(c21, c + 2 * stride + 8)
  store(c30, c + 3 * stride)
  store(c31, c + 3 * stride + 8)
  store(c40, c + 4 * stride)
  store(c41, c + 4 * stride + 8)
  store(c50, c + 5 * stride)
  store(c51, c + 5 * stride + 8)
}

/// The same for one segment of contiguous products: the loop of the Winograd products.
@inline(never)
func multiplySegment6x16(
  _ a: UnsafePointer<Float>, row: Int, depth: Int, _ b: UnsafePointer<Float>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c00, c01) = (Lanes.zero, Lanes.zero)
  var (c10, c11) = (Lanes.zero, Lanes.zero)
  var (c20, c21) = (Lanes.zero, Lanes.zero)
  var (c30, c31) = (Lanes.zero, Lanes.zero)
  var (c40, c41) = (Lanes.zero, Lanes.zero)
  var (c50, c51) = (Lanes.zero, Lanes.zero)
  var b = b
  var upper = a
  var lower = upper + 3 * row
  for _ in 0..<depth {
    let (b0, b1) = (load(b), load(b + 8))
    var value = Lanes(repeating: upper[0])
    c00 = c00.addingProduct(value, b0)
    c01 = c01.addingProduct(value, b1)
    value = Lanes(repeating: upper[row])
    c10 = c10.addingProduct(value, b0)
    c11 = c11.addingProduct(value, b1)
    value = Lanes(repeating: upper[2 * row])
    c20 = c20.addingProduct(value, b0)
    c21 = c21.addingProduct(value, b1)
    value = Lanes(repeating: lower[0])
    c30 = c30.addingProduct(value, b0)
    c31 = c31.addingProduct(value, b1)
    value = Lanes(repeating: lower[row])
    c40 = c40.addingProduct(value, b0)
    c41 = c41.addingProduct(value, b1)
    value = Lanes(repeating: lower[2 * row])
    c50 = c50.addingProduct(value, b0)
    c51 = c51.addingProduct(value, b1)
    upper += 1
    lower += 1
    b += 16
  }
  store(c00, c)
  store(c01, c + 8)
  store(c10, c + stride)
  store(c11, c + stride + 8)
  store(c20, c + 2 * stride)
  store(c21, c + 2 * stride + 8)
  store(c30, c + 3 * stride)
  store(c31, c + 3 * stride + 8)
  store(c40, c + 4 * stride)
  store(c41, c + 4 * stride + 8)
  store(c50, c + 5 * stride)
  store(c51, c + 5 * stride + 8)
}

/// The same for 3 rows, the remainder of a strip.
@inline(never)
func multiply3x16(
  _ a: UnsafePointer<Float>, _ rows: MicrokernelRows, element: Int = 1, _ b: UnsafePointer<Float>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c00, c01) = (Lanes.zero, Lanes.zero)
  var (c10, c11) = (Lanes.zero, Lanes.zero)
  var (c20, c21) = (Lanes.zero, Lanes.zero)
  var b = b
  let row = rows.row
  for segment in 0..<rows.segments {
    var upper = a + segment * rows.segment
    for _ in 0..<rows.depth {
      let (b0, b1) = (load(b), load(b + 8))
      var value = Lanes(repeating: upper[0])
      c00 = c00.addingProduct(value, b0)
      c01 = c01.addingProduct(value, b1)
      value = Lanes(repeating: upper[row])
      c10 = c10.addingProduct(value, b0)
      c11 = c11.addingProduct(value, b1)
      value = Lanes(repeating: upper[2 * row])
      c20 = c20.addingProduct(value, b0)
      c21 = c21.addingProduct(value, b1)
      upper += element
      b += 16
    }
  }
  store(c00, c)
  store(c01, c + 8)
  store(c10, c + stride)
  store(c11, c + stride + 8)
  store(c20, c + 2 * stride)
  store(c21, c + 2 * stride + 8)
}

/// The same for 12 rows and 8 columns, the remainder of the channels.
@inline(never)
func multiply12x8(
  _ a: UnsafePointer<Float>, _ rows: MicrokernelRows, element: Int = 1, _ b: UnsafePointer<Float>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c0, c1, c2, c3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var (c4, c5, c6, c7) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var (c8, c9, c10, c11) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var b = b
  let row = rows.row
  for segment in 0..<rows.segments {
    var first = a + segment * rows.segment
    var second = first + 3 * row
    var third = first + 6 * row
    var fourth = first + 9 * row
    for _ in 0..<rows.depth {
      let b0 = load(b)
      c0 = c0.addingProduct(Lanes(repeating: first[0]), b0)
      c1 = c1.addingProduct(Lanes(repeating: first[row]), b0)
      c2 = c2.addingProduct(Lanes(repeating: first[2 * row]), b0)
      c3 = c3.addingProduct(Lanes(repeating: second[0]), b0)
      c4 = c4.addingProduct(Lanes(repeating: second[row]), b0)
      c5 = c5.addingProduct(Lanes(repeating: second[2 * row]), b0)
      c6 = c6.addingProduct(Lanes(repeating: third[0]), b0)
      c7 = c7.addingProduct(Lanes(repeating: third[row]), b0)
      c8 = c8.addingProduct(Lanes(repeating: third[2 * row]), b0)
      c9 = c9.addingProduct(Lanes(repeating: fourth[0]), b0)
      c10 = c10.addingProduct(Lanes(repeating: fourth[row]), b0)
      c11 = c11.addingProduct(Lanes(repeating: fourth[2 * row]), b0)
      first += element
      second += element
      third += element
      fourth += element
      b += 8
    }
  }
  store(c0, c)
  store(c1, c + stride)
  store(c2, c + 2 * stride)
  store(c3, c + 3 * stride)
  store(c4, c + 4 * stride)
  store(c5, c + 5 * stride)
  store(c6, c + 6 * stride)
  store(c7, c + 7 * stride)
  store(c8, c + 8 * stride)
  store(c9, c + 9 * stride)
  store(c10, c + 10 * stride)
  store(c11, c + 11 * stride)
}

/// `C = A·B` for `count` rows and `width` columns, 16 or 8. Rows beyond `count`, up to a multiple of 3 (or 12), are
/// also read and written, so both buffers must have room for them.
@inline(__always)
func multiplyRows(
  _ count: Int, width: Int, _ a: UnsafePointer<Float>, _ rows: MicrokernelRows, element: Int = 1,
  _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var row = 0
  if width == 16 {
    let isOneSegment = rows.segments == 1 && element == 1
    while count - row > 3 {
      let (a, c) = (a + row * rows.row, c + row * stride)
      if isOneSegment {
        multiplySegment6x16(a, row: rows.row, depth: rows.depth, b, into: c, stride: stride)
      } else {
        multiply6x16(a, rows, element: element, b, into: c, stride: stride)
      }
      row += 6
    }
    if row < count {
      multiply3x16(a + row * rows.row, rows, element: element, b, into: c + row * stride, stride: stride)
    }
  } else {
    while row < count {
      multiply12x8(a + row * rows.row, rows, element: element, b, into: c + row * stride, stride: stride)
      row += 12
    }
  }
}

/// `C = A·B` for `count` rows and `columns` columns, a multiple of 8. `b` holds panels of 16 columns and optionally one
/// of 8, `panel` floats apart, or contiguous if `panel` is nil. Rows beyond `count` are handled as in
/// ``multiplyRows(_:width:_:_:element:_:into:stride:)``.
@inline(__always)
func multiplyPanels(
  _ count: Int, columns: Int, _ a: UnsafePointer<Float>, _ rows: MicrokernelRows, element: Int = 1,
  _ b: UnsafePointer<Float>, panel: Int? = nil, into c: UnsafeMutablePointer<Float>, stride: Int
) {
  let pitch = panel ?? 16 * rows.segments * rows.depth
  var column = 0
  while column < columns {
    let width = rows.panelsWidth(at: column, of: columns)
    let weight = b + column / 16 * pitch
    // Whole tiles of 12 rows; the remaining rows, and a single panel, use vectors of 8.
    var first = 0
    if width == 32 {
      while count - first >= 12 {
        multiplyWide12x32(
          a + first * rows.row, row: rows.row, segment: rows.segment, segments: rows.segments, depth: rows.depth,
          element: element, weight, panel: pitch, into: c + first * stride + column, stride: stride)
        first += 12
      }
    }
    if first < count {
      for within in Swift.stride(from: 0, to: width, by: 16) {
        multiplyRows(
          count - first, width: min(16, width), a + first * rows.row, rows, element: element,
          weight + within / 16 * pitch, into: c + first * stride + column + within, stride: stride)
      }
    }
    column += width
  }
}
