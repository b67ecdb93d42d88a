import Tensors

/// Random values for tests, the same on every machine for the same seed.
public struct Random: RandomNumberGenerator, Sendable {
  private var generator: SplitMix64

  /// Creates a generator from a seed.
  public init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  /// Returns the next 64 random bits.
  public mutating func next() -> UInt64 { generator.next() }

  /// Returns a float in `range`, one of 2²⁴ evenly spaced values.
  package mutating func uniform(in range: ClosedRange<Float> = -1...1) -> Float {
    range.lowerBound + generator.uniform() * (range.upperBound - range.lowerBound)
  }

  /// Returns `count` floats in `range`.
  public mutating func uniform(count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in uniform(in: range) }
  }

  /// Returns a tensor of floats in `range`.
  package mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Tensor {
    Tensor(shape, elements: uniform(count: shape.count, in: range))
  }

  /// Returns a tensor of whole numbers in `range`. Equal neighbours are frequent, which tests how a kernel breaks ties.
  package mutating func wholeNumbers(_ shape: Shape, in range: ClosedRange<Int>) -> Tensor {
    Tensor(shape, elements: (0..<shape.count).map { _ in Float(Int.random(in: range, using: &self)) })
  }

  /// Returns `count` different indices below `bound` in ascending order, or all of them if there are fewer.
  package mutating func indices(count: Int, below bound: Int) -> [Int] {
    guard bound > count else { return Array(0..<bound) }
    var chosen = Set<Int>()
    while chosen.count < count { chosen.insert(Int.random(in: 0..<bound, using: &self)) }
    return chosen.sorted()
  }
}
