import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct PixelConversionTests {
  @Test("A picture with strided rows is extended by reflection, without a shift")
  func extendedBytes() {
    // Two rows of three pixels, with four bytes of stride beyond them.
    let rows: [[UInt8]] = [[1, 2, 3, 11, 12, 13, 21, 22, 23], [101, 102, 103, 111, 112, 113, 121, 122, 123]]
    let gap = [UInt8](repeating: 0xEE, count: 4)
    let bytes = rows[0] + gap + rows[1] + gap
    let output = guarded([], count: 4 * 7 * 3) { _, target in
      PixelConversion.extended(
        bytes, stride: 13, width: 3, height: 2, extendedWidth: 7, extendedHeight: 4, output: target, pool: pool)
    }
    let columns = [0, 1, 2, 1, 0, 1, 2]
    let expected = [0, 1, 0, 1].flatMap { row in
      columns.flatMap { column in rows[row][column * 3..<column * 3 + 3].map(Float.init) }
    }
    #expect(output == expected)
  }

  @Test("Floats are extended like bytes, and a single pixel is repeated")
  func extendedFloats() {
    let single = guarded([1.5, 2.5, 3.5], count: 2 * 3 * 3) {
      PixelConversion.extended(
        $0, width: 1, height: 1, extendedWidth: 3, extendedHeight: 2, output: $1, pool: pool)
    }
    #expect(single == (0..<6).flatMap { _ in [1.5, 2.5, 3.5] as [Float] })
    let pair = guarded([1, 2, 3, 4, 5, 6], count: 12) {
      PixelConversion.extended(
        $0, width: 2, height: 1, extendedWidth: 4, extendedHeight: 1, output: $1, pool: pool)
    }
    #expect(pair == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
  }

  @Test("Values are clamped, rounded to the nearest, halves to even, NaN to 0; bytes between rows are not changed")
  func quantized() {
    let values: [Float] = [
      -1, -0.5, 0.5, 0.501, 1.5, 2.5, 254.5, 255.4, 300, .infinity, -.infinity, .nan, 127.49, 127.5, 1e30,
    ]
    let expected: [UInt8] = [0, 0, 0, 1, 2, 2, 254, 255, 255, 255, 0, 0, 127, 128, 255]
    let input = values + values
    var output = [UInt8](repeating: 77, count: 2 * 20)
    output.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      PixelConversion.quantized(
        input, inputWidth: 5, scaledTanh: nil, width: 5, height: 2, output: base, stride: 20, pool: pool)
    }
    #expect(output == expected + [77, 77, 77, 77, 77] + expected + [77, 77, 77, 77, 77])
    var cropped = [UInt8](repeating: 77, count: 8)
    cropped.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      PixelConversion.quantized(
        input, inputWidth: 5, scaledTanh: nil, width: 1, height: 2, output: base, stride: 4, pool: pool)
    }
    #expect(cropped == [0, 0, 0, 77, 0, 0, 0, 77])
  }

  @Test("The scaled tanh agrees with the C library's over its whole range, odd and bounded")
  func hyperbolicTangent() {
    var input = (-40_000...40_000).map { Float($0) / 2500 }
    input += [1e-30, 1e-6, -1e-6, 9, -9, 20, -20, 1e30, -1e30, .infinity, -.infinity]
    let output = guarded(input, count: input.count) {
      Pointwise.forward(.scaledTanh(scale: 1, offset: 0), $0, output: $1, count: input.count, pool: pool)
    }
    let expected = input.map { tanh(Double($0)) }
    // A few units in the last place of 1 (6e-8).
    #expect(Discrepancy(output, expected: expected).maximum < 4e-7)
    for (value, target) in zip(output, expected) where abs(target) < 0.1 {
      #expect(abs(Double(value) - target) <= 4e-7 * abs(target))
    }
    let notANumber = guarded([.nan, 1], count: 2) {
      Pointwise.forward(.scaledTanh(scale: 1, offset: 0), $0, output: $1, count: 2, pool: pool)
    }
    #expect(notANumber[0].isNaN && !notANumber[1].isNaN)
  }
}
