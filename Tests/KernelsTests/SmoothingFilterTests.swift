import Kernels
import TestSupport
import Testing
import Threading

@Suite struct SmoothingFilterTests {
  /// One pixel, one row, one column, vectors with tails of every kind, more than a band of rows.
  private static let sizes = [(1, 1), (2, 3), (9, 1), (1, 7), (11, 12), (33, 26), (32, 48), (75, 51)]
  /// Nothing, the least, a usual one, the largest.
  private static let thresholds = [0, 1, 16, SmoothingFilter.thresholds.upperBound]

  /// Bytes among which small differences and large ones are about as frequent.
  private static func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { index in
      let hash = UInt32(truncatingIfNeeded: index) &* 2_654_435_761
      let (step, fine) = (hash >> 30, hash >> 8)
      return UInt8([0, 100, 230, 255][Int(step)] ^ Int(fine & (hash & 64 == 0 ? 7 : 31)))
    }
  }

  /// What the filter makes of `values` between guards, with scratch that held something else before.
  private static func smoothed<Value: Equatable>(
    _ values: [Value], width: Int, height: Int, threshold: Int, stride: Int? = nil, threads: Int = 1, unset: Value,
    _ forward: (
      SmoothingFilter, UnsafePointer<Value>, _ stride: Int, UnsafeMutablePointer<Value>,
      _ scratch: UnsafeMutablePointer<Value>, ComputePool
    ) -> Void
  ) -> [Value] {
    let guardCount = 64
    let filter = SmoothingFilter(width: width, height: height, threshold: threshold)
    func guarded(_ count: Int) -> [Value] { [Value](repeating: unset, count: count + 2 * guardCount) }
    var result = guarded(filter.valueCount)
    var scratch = guarded(filter.scratchCount(threads: threads))
    let pool = ComputePool(threads: threads)
    result.withUnsafeMutableBufferPointer { result in
      scratch.withUnsafeMutableBufferPointer { scratch in
        guard let result = result.baseAddress, let scratch = scratch.baseAddress else { return }
        forward(filter, values, stride ?? 3 * width, result + guardCount, scratch + guardCount, pool)
      }
    }
    for memory in [result, scratch] {
      #expect((memory.prefix(guardCount) + memory.suffix(guardCount)).allSatisfy { $0 == unset })
    }
    return Array(result[guardCount..<guardCount + filter.valueCount])
  }

  private static func smoothed(
    _ values: [UInt8], width: Int, height: Int, threshold: Int, stride: Int? = nil, threads: Int = 1
  ) -> [UInt8] {
    smoothed(values, width: width, height: height, threshold: threshold, stride: stride, threads: threads, unset: 0xA5)
    { $0.forward($1, stride: $2, into: $3, scratch: $4, pool: $5) }
  }

  private static func smoothed(
    _ values: [Float], width: Int, height: Int, threshold: Int, stride: Int? = nil, threads: Int = 1
  ) -> [Float] {
    smoothed(values, width: width, height: height, threshold: threshold, stride: stride, threads: threads, unset: -1e30)
    { $0.forward($1, stride: $2, into: $3, scratch: $4, pool: $5) }
  }

  /// All whole numbers: nothing is rounded but by the formula.
  @Test("Bytes, and floats of the same values, are exactly those of the formula", arguments: sizes, thresholds)
  func formula(size: (width: Int, height: Int), threshold: Int) {
    let bytes = Self.bytes(3 * size.width * size.height)
    let expected = ReferenceSmoothing.smoothed(
      bytes.map(Double.init), width: size.width, height: size.height, threshold: threshold)
    let result = Self.smoothed(bytes, width: size.width, height: size.height, threshold: threshold)
    #expect(result.map(Double.init) == expected)
    let floats = Self.smoothed(bytes.map(Float.init), width: size.width, height: size.height, threshold: threshold)
    #expect(floats.map(Double.init) == expected)
  }

  /// Sixteenths, whose sums floats hold exactly.
  @Test("Values between whole ones move by whole ones")
  func fractions() {
    let (width, height) = (19, 9)
    let values = Self.bytes(3 * width * height).enumerated().map { Double($1) / 2 + Double($0 % 16) / 16 }
    let expected = ReferenceSmoothing.smoothed(values, width: width, height: height, threshold: 16)
    let result = Self.smoothed(values.map(Float.init), width: width, height: height, threshold: 16)
    #expect(result.map(Double.init) == expected)
    #expect(zip(result, values).contains { Double($0) != $1 })
  }

  @Test("Rows that do not follow one another, and several threads, change nothing")
  func stridesAndThreads() {
    let (width, height, gap) = (37, 61, 5)
    let bytes = Self.bytes(3 * width * height)
    let expected = Self.smoothed(bytes, width: width, height: height, threshold: 12)
    var apart: [UInt8] = []
    for row in 0..<height {
      apart += bytes[3 * width * row..<3 * width * (row + 1)] + [UInt8](repeating: UInt8(row), count: gap)
    }
    for threads in [1, 3] {
      let stride = 3 * width + gap
      let result = Self.smoothed(apart, width: width, height: height, threshold: 12, stride: stride, threads: threads)
      #expect(result == expected)
      let floats = Self.smoothed(
        apart.map(Float.init), width: width, height: height, threshold: 12, stride: stride, threads: threads)
      #expect(floats == expected.map(Float.init))
    }
  }

  @Test("A step of the threshold is softened, one of twice that stays", arguments: [14, 28])
  func steps(height step: Int) {
    let (width, height) = (40, 30)
    let bytes = (0..<3 * width * height).map { UInt8($0 / 3 % width < width / 2 ? 90 : 90 + step) }
    let result = Self.smoothed(bytes, width: width, height: height, threshold: 14)
    #expect((result == bytes) == (step == 28))
  }

  /// 0.22 in theory, and 0.27 with the variance of 1/12 that rounding adds; 30,000 values tell a deviation to 1 %.
  @Test("Noise falls below three tenths on both sides of an edge")
  func noise() {
    let (width, height) = (100, 100)
    var random = Random(seed: 11)
    // Twelve uniform values: a deviation of 2.
    func noise() -> Double { (0..<12).reduce(0.0) { sum, _ in sum + 2 * Double(random.uniform(in: -0.5...0.5)) } }
    var bytes = [UInt8](repeating: 0, count: 3 * width * height)
    for index in bytes.indices { bytes[index] = UInt8((index / 3 % width < 50 ? 80 : 160) + Int(noise().rounded())) }
    let result = Self.smoothed(bytes, width: width, height: height, threshold: 16)
    func deviation(_ values: [UInt8]) -> Double {
      let squares = values.enumerated().map { index, value in
        let distance = Double(value) - (index / 3 % width < 50 ? 80 : 160)
        return distance * distance
      }
      return (squares.reduce(0, +) / Double(values.count)).squareRoot()
    }
    #expect(deviation(bytes) > 1.8)
    #expect(deviation(result) < 0.3 * deviation(bytes))
  }
}
