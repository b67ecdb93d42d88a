// Products along rows of planes: a 3×3 convolution whose vectors hold neighbouring columns, so that even few channels
// fill them.

import WideKernels

/// The first columns of three rows of planes. Channels are `plane` floats apart.
struct PlaneRows {
  let upper: UnsafePointer<Float>
  let middle: UnsafePointer<Float>
  let lower: UnsafePointer<Float>
  let plane: Int

  /// Returns the same rows from column `column`.
  @inline(__always)
  func moved(_ column: Int) -> PlaneRows {
    PlaneRows(upper: upper + column, middle: middle + column, lower: lower + column, plane: plane)
  }
}

/// The number of columns that ``convolveRow(_:channels:_:bias:appliesReLU:into:stride:isWide:)`` computes.
let rowTileCount = 64

/// `c[o·stride + t] = f(bias[o] + Σ rows[i][k·plane + t + j − 1]·b[((3k + i)·3 + j)·4 + o])` for 64 columns `t`, four
/// outputs `o`, and `k` below `channels`. With `appliesReLU`, `f` is ReLU, else the identity. With `isWide`, it uses
/// vectors of sixteen; the results are bit-identical.
@inline(__always)
func convolveRow(
  _ rows: PlaneRows, channels: Int, _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>, appliesReLU: Bool,
  into c: UnsafeMutablePointer<Float>, stride: Int, isWide: Bool
) {
  if isWide {
    convolveWideRow64x4(
      (rows.upper, rows.middle, rows.lower), plane: rows.plane, channels: channels, b, bias: bias,
      appliesReLU: appliesReLU, into: c, stride: stride)
  } else {
    for column in Swift.stride(from: 0, to: rowTileCount, by: 2 * laneCount) {
      convolveRow16x4(
        rows, at: column, channels: channels, b, bias: bias, appliesReLU: appliesReLU, into: c + column, stride: stride)
    }
  }
}

/// The same for 16 columns from `column`: eight registers hold sums, two hold values and one a weight.
@inline(never)
private func convolveRow16x4(
  _ rows: PlaneRows, at column: Int, channels: Int, _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>,
  appliesReLU: Bool, into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (r0, g0) = (Lanes(repeating: bias[0]), Lanes(repeating: bias[1]))
  var (b0, a0) = (Lanes(repeating: bias[2]), Lanes(repeating: bias[3]))
  var (r1, g1, b1, a1) = (r0, g0, b0, a0)
  var b = b
  for channel in 0..<channels {
    for row in 0..<3 {
      var values = (row == 0 ? rows.upper : row == 1 ? rows.middle : rows.lower) + channel * rows.plane + column - 1
      for _ in 0..<3 {
        let (v0, v1) = (load(values), load(values + 8))
        var weight = Lanes(repeating: b[0])
        r0 = r0.addingProduct(v0, weight)
        r1 = r1.addingProduct(v1, weight)
        weight = Lanes(repeating: b[1])
        g0 = g0.addingProduct(v0, weight)
        g1 = g1.addingProduct(v1, weight)
        weight = Lanes(repeating: b[2])
        b0 = b0.addingProduct(v0, weight)
        b1 = b1.addingProduct(v1, weight)
        weight = Lanes(repeating: b[3])
        a0 = a0.addingProduct(v0, weight)
        a1 = a1.addingProduct(v1, weight)
        values += 1
        b += 4
      }
    }
  }
  @inline(__always) func put(_ value: Lanes, _ place: Int) { store(appliesReLU ? rectified(value) : value, c + place) }
  put(r0, 0)
  put(r1, 8)
  put(g0, stride)
  put(g1, stride + 8)
  put(b0, 2 * stride)
  put(b1, 2 * stride + 8)
  put(a0, 3 * stride)
  put(a1, 3 * stride + 8)
}
