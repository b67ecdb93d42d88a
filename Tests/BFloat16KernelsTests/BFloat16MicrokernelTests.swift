import BFloat16Kernels
import CProcessor
import TestSupport
import Testing

/// Kinds of factors and sums.
enum BFloat16Values: CaseIterable {
  /// Of about the same size, as in a convolution.
  case moderate
  /// Any bits: all exponents, infinities and NaN.
  case any
  /// Products and sums around the least normal number, where results are flushed to zero.
  case tiny
  /// The second product of each word nearly cancels the first, which tells the order of the sums.
  case cancelling

  func words(count: Int, random: inout Random) -> [UInt32] {
    (0..<count).map { _ in
      let bits = UInt32(truncatingIfNeeded: random.next())
      switch self {
      case .moderate: return bits & 0x81ff_81ff | 0x3e00_3e00
      case .any: return bits
      // Exponents of 2⁻⁶³ to 2⁻⁶⁰: products of 2⁻¹²⁶ to 2⁻¹²⁰, whose differences are often smaller.
      case .tiny: return bits & 0x81ff_81ff | 0x2000_2000
      case .cancelling: return bits & 0x807f_0000 | 0x3f80_0000 | (bits >> 16 & 0x7f | 0x3f80) ^ (bits & 1)
      }
    }
  }
}

@Suite("Products of bfloat16", .enabled(if: impasto_processor_has_bfloat16() != 0, "the processor lacks AVX512_BF16"))
struct BFloat16MicrokernelTests {
  @Test(
    "Twelve rows and 8, 16 or 32 columns are bit-identical to the reference", arguments: [8, 16, 32],
    BFloat16Values.allCases)
  func product(columns: Int, values: BFloat16Values) {
    for depth in [1, 2, 7, 64] {
      var random = Random(seed: UInt64(columns * 1000 + depth))
      let (row, stride, width) = (depth + 3, columns + 3, min(16, columns))
      // Panels that are not contiguous.
      let panel = depth * width + 48
      let a = values.words(count: 12 * row, random: &random)
      var b = values.words(count: 2 * panel, random: &random)
      if values == .cancelling {
        // Equal halves but for the sign: the products of a word differ by one unit in the last place of a bfloat16.
        for index in b.indices { b[index] = b[index] & 0xffff_0000 | (b[index] >> 16 ^ 0x8000) }
      }
      var c = [Float](repeating: -1.5, count: 12 * stride)
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          c.withUnsafeMutableBufferPointer { c in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
            switch columns {
            case 32: multiplyBFloat16Rows12x32(a, row: row, depth: depth, b, panel: panel, into: c, stride: stride)
            case 16: multiplyBFloat16Rows12x16(a, row: row, depth: depth, b, into: c, stride: stride)
            default: multiplyBFloat16Rows12x8(a, row: row, depth: depth, b, into: c, stride: stride)
            }
          }
        }
      }
      for index in c.indices {
        let (line, column) = (index / stride, index % stride)
        guard column < columns else {
          #expect(c[index] == -1.5, "wrote beyond column \(columns) of row \(line)")
          continue
        }
        var sum: Float = 0
        for word in 0..<depth {
          sum = ReferenceBFloat16.adding(
            sum, a[line * row + word], b[column / width * panel + word * width + column % width])
        }
        #expect(
          c[index].bitPattern == sum.bitPattern || c[index].isNaN && sum.isNaN,
          "row \(line), column \(column), depth \(depth): \(c[index]), expected \(sum)")
      }
    }
  }

  /// Subtracts quarters of 2⁻¹⁵¹ from the least normal number, 2⁻¹²⁶. Down to 2⁻¹²⁶ − 2⁻¹⁵¹, 24 bits with an exponent
  /// without limits round to 2⁻¹²⁶. Below, they give a denormal, although the nearest float is still 2⁻¹²⁶.
  @Test("A result is flushed if rounding without limits of the exponent gives a denormal", arguments: 1...8)
  func denormal(quarters: Int) {
    let least = Float.leastNormalMagnitude
    let difference = Float(sign: .minus, exponent: -76, significand: Float(quarters) / 4)
    let spacing = Float(sign: .plus, exponent: -75, significand: 1)
    // The first word adds the least normal number, the second the difference.
    let words = [least, difference].map { UInt32(ReferenceBFloat16.rounded($0)) << 16 }
    let factors = [1, spacing].map { UInt32(ReferenceBFloat16.rounded($0)) << 16 }
    let a = [[UInt32]](repeating: words, count: 12).flatMap { $0 }
    let b = factors.flatMap { [UInt32](repeating: $0, count: 16) }
    var c = [Float](repeating: .nan, count: 12 * 16)
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          multiplyBFloat16Rows12x16(a, row: 2, depth: 2, b, into: c, stride: 16)
        }
      }
    }
    let sum = zip(words, factors).reduce(Float(0)) { ReferenceBFloat16.adding($0, $1.0, $1.1) }
    #expect(sum == 0 || sum == least)
    #expect(c.allSatisfy { $0.bitPattern == sum.bitPattern }, "\(c[0]), expected \(sum)")
  }

  @Test("Rounding is bit-identical to the reference", arguments: [8, 16, 24, 4096])
  func rounding(count: Int) {
    var random = Random(seed: UInt64(count))
    var values = (0..<count).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
    // Ties to an even and to an odd neighbour, values that round to infinity, denormals, zeros, infinities and NaN.
    let special: [UInt32] = [
      0x3f80_8000, 0x3f81_8000, 0x7f7f_ffff, 0x807f_ffff, 0x8000_0000, 0xff80_0000, 0x7f80_0001, 0x0080_0000,
    ]
    for (index, bits) in special.enumerated() { values[index] = Float(bitPattern: bits) }
    var words = [UInt32](repeating: 0xdead_beef, count: count / 2 + 1)
    values.withUnsafeBufferPointer { values in
      words.withUnsafeMutableBufferPointer { words in
        guard let values = values.baseAddress, let words = words.baseAddress else { return }
        roundToBFloat16(values, count: count, into: words)
      }
    }
    #expect(words[count / 2] == 0xdead_beef, "wrote beyond the values")
    for (index, value) in values.enumerated() {
      let bits = UInt16(truncatingIfNeeded: words[index / 2] >> (index % 2 == 0 ? 0 : 16))
      #expect(bits == ReferenceBFloat16.rounded(value), "\(value)")
    }
  }
}
