/// SplitMix64, a small and fast generator of reproducible random numbers with 64 bits of state.
///
/// The same seed gives the same sequence on every machine. Not for cryptography.
///
/// G. Steele, D. Lea, C. Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates a generator.
  ///
  /// - Parameters:
  ///   - seed: The initial state.
  ///   - stream: Selects one of many independent sequences for the same seed; 0 uses the seed as it is.
  public init(seed: UInt64, stream: UInt64 = 0) {
    state = seed
    // Neighbouring streams need well-mixed initial states, or their sequences would overlap.
    if stream != 0 { state = next() ^ (stream &* 0xd134_2543_de82_ef95) }
  }

  /// Returns the next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Returns a float that is uniform in `0 ..< 1`, one of 2²⁴ evenly spaced values.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Returns an integer that is uniform in `0 ..< bound`; `bound` is at least 1.
  public mutating func index(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
