/// A small, fast generator of reproducible random numbers with 64 bits of state.
///
/// G. Steele, D. Lea, C. Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The generator for `seed`; with a `stream`, one of many independent generators for it.
  public init(seed: UInt64, stream: UInt64 = 0) {
    state = seed
    // Streams start from well-mixed states, not from neighbouring ones.
    if stream != 0 { state = next() ^ (stream &* 0xd134_2543_de82_ef95) }
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Uniform in `0 ..< 1`.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Uniform in `0 ..< bound`; `bound` is at least 1.
  public mutating func index(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
