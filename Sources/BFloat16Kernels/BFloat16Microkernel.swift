// The products of WideKernels/WideMicrokernel.swift in pairs of bfloat16.

private typealias Wide = SIMD16<Float>
private typealias Half = SIMD8<Float>

/// `C = A·B` for 12 rows and 32 columns, with `depth` pairs of products:
/// `c[r·stride + n] = Σ a[r·row + k]·b[n / 16·panel + k·16 + n % 16]` over `k` below `depth`, where a product of two
/// words is that of their upper halves, added first, and of their lower halves.
///
/// `row`, `panel` and `stride` are in words. The registers are used as in `multiplyWide12x32`. The caller owns the
/// memory.
@inline(never)
public func multiplyBFloat16Rows12x32(
  _ a: UnsafePointer<UInt32>, row: Int, depth: Int, _ b: UnsafePointer<UInt32>, panel: Int,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c0, d0, c1, d1, c2, d2) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (c3, d3, c4, d4, c5, d5) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (c6, d6, c7, d7, c8, d8) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (c9, d9, c10, d10, c11, d11) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var b = b
  var first = a
  var second = first + 3 * row
  var third = first + 6 * row
  var fourth = first + 9 * row
  for _ in 0..<depth {
    let (b0, b1) = (load(b), load(b + panel))
    var value = Pairs(repeating: first[0])
    c0 = adding(c0, value, b0)
    d0 = adding(d0, value, b1)
    value = Pairs(repeating: first[row])
    c1 = adding(c1, value, b0)
    d1 = adding(d1, value, b1)
    value = Pairs(repeating: first[2 * row])
    c2 = adding(c2, value, b0)
    d2 = adding(d2, value, b1)
    value = Pairs(repeating: second[0])
    c3 = adding(c3, value, b0)
    d3 = adding(d3, value, b1)
    value = Pairs(repeating: second[row])
    c4 = adding(c4, value, b0)
    d4 = adding(d4, value, b1)
    value = Pairs(repeating: second[2 * row])
    c5 = adding(c5, value, b0)
    d5 = adding(d5, value, b1)
    value = Pairs(repeating: third[0])
    c6 = adding(c6, value, b0)
    d6 = adding(d6, value, b1)
    value = Pairs(repeating: third[row])
    c7 = adding(c7, value, b0)
    d7 = adding(d7, value, b1)
    value = Pairs(repeating: third[2 * row])
    c8 = adding(c8, value, b0)
    d8 = adding(d8, value, b1)
    value = Pairs(repeating: fourth[0])
    c9 = adding(c9, value, b0)
    d9 = adding(d9, value, b1)
    value = Pairs(repeating: fourth[row])
    c10 = adding(c10, value, b0)
    d10 = adding(d10, value, b1)
    value = Pairs(repeating: fourth[2 * row])
    c11 = adding(c11, value, b0)
    d11 = adding(d11, value, b1)
    first += 1
    second += 1
    third += 1
    fourth += 1
    b += 16
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

/// The same for 16 columns.
@inline(never)
public func multiplyBFloat16Rows12x16(
  _ a: UnsafePointer<UInt32>, row: Int, depth: Int, _ b: UnsafePointer<UInt32>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c0, c1, c2, c3, c4, c5) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var (c6, c7, c8, c9, c10, c11) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero, Wide.zero)
  var b = b
  var first = a
  var second = first + 3 * row
  var third = first + 6 * row
  var fourth = first + 9 * row
  for _ in 0..<depth {
    let b0 = load(b)
    c0 = adding(c0, Pairs(repeating: first[0]), b0)
    c1 = adding(c1, Pairs(repeating: first[row]), b0)
    c2 = adding(c2, Pairs(repeating: first[2 * row]), b0)
    c3 = adding(c3, Pairs(repeating: second[0]), b0)
    c4 = adding(c4, Pairs(repeating: second[row]), b0)
    c5 = adding(c5, Pairs(repeating: second[2 * row]), b0)
    c6 = adding(c6, Pairs(repeating: third[0]), b0)
    c7 = adding(c7, Pairs(repeating: third[row]), b0)
    c8 = adding(c8, Pairs(repeating: third[2 * row]), b0)
    c9 = adding(c9, Pairs(repeating: fourth[0]), b0)
    c10 = adding(c10, Pairs(repeating: fourth[row]), b0)
    c11 = adding(c11, Pairs(repeating: fourth[2 * row]), b0)
    first += 1
    second += 1
    third += 1
    fourth += 1
    b += 16
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

/// The same for 8 columns, with panels `[depth][8]`.
@inline(never)
public func multiplyBFloat16Rows12x8(
  _ a: UnsafePointer<UInt32>, row: Int, depth: Int, _ b: UnsafePointer<UInt32>,
  into c: UnsafeMutablePointer<Float>, stride: Int
) {
  var (c0, c1, c2, c3, c4, c5) = (Half.zero, Half.zero, Half.zero, Half.zero, Half.zero, Half.zero)
  var (c6, c7, c8, c9, c10, c11) = (Half.zero, Half.zero, Half.zero, Half.zero, Half.zero, Half.zero)
  var b = b
  var first = a
  var second = first + 3 * row
  var third = first + 6 * row
  var fourth = first + 9 * row
  for _ in 0..<depth {
    let b0 = UnsafeRawPointer(b).loadUnaligned(as: HalfPairs.self)
    c0 = adding(c0, HalfPairs(repeating: first[0]), b0)
    c1 = adding(c1, HalfPairs(repeating: first[row]), b0)
    c2 = adding(c2, HalfPairs(repeating: first[2 * row]), b0)
    c3 = adding(c3, HalfPairs(repeating: second[0]), b0)
    c4 = adding(c4, HalfPairs(repeating: second[row]), b0)
    c5 = adding(c5, HalfPairs(repeating: second[2 * row]), b0)
    c6 = adding(c6, HalfPairs(repeating: third[0]), b0)
    c7 = adding(c7, HalfPairs(repeating: third[row]), b0)
    c8 = adding(c8, HalfPairs(repeating: third[2 * row]), b0)
    c9 = adding(c9, HalfPairs(repeating: fourth[0]), b0)
    c10 = adding(c10, HalfPairs(repeating: fourth[row]), b0)
    c11 = adding(c11, HalfPairs(repeating: fourth[2 * row]), b0)
    first += 1
    second += 1
    third += 1
    fourth += 1
    b += 8
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
