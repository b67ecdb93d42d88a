import Tensors

/// SplitMix64: a small generator whose sequence is fixed by its seed, on every machine.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
public struct Random: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that starts from `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A float in `range`, one of 2²⁴ evenly spaced values.
  public mutating func uniform(in range: ClosedRange<Float> = -1...1) -> Float {
    let fraction = Float(next() >> 40) * 0x1p-24
    return range.lowerBound + fraction * (range.upperBound - range.lowerBound)
  }

  /// `count` floats in `range`.
  public mutating func uniform(count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in uniform(in: range) }
  }

  /// A tensor of floats in `range`.
  public mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Tensor {
    Tensor(shape, elements: uniform(count: shape.count, in: range))
  }

  /// A tensor of whole numbers in `range`: equal neighbours are frequent, which tries ties.
  public mutating func wholeNumbers(_ shape: Shape, in range: ClosedRange<Int>) -> Tensor {
    Tensor(shape, elements: (0..<shape.count).map { _ in Float(Int.random(in: range, using: &self)) })
  }

  /// `count` different indices below `bound`, ascending; all of them where `bound` is not greater than `count`.
  public mutating func indices(count: Int, below bound: Int) -> [Int] {
    guard bound > count else { return Array(0..<bound) }
    var chosen = Set<Int>()
    while chosen.count < count { chosen.insert(Int.random(in: 0..<bound, using: &self)) }
    return chosen.sorted()
  }
}
