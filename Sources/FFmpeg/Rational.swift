import CFFmpeg

/// A fraction of two integers, as libav uses for time: the timestamp `n` in the time base `a/b` is `n·a/b` seconds.
public struct Rational: Equatable, Hashable, Sendable, CustomStringConvertible {
  /// The numerator.
  public let numerator: Int32
  /// The denominator; 0 means undefined.
  public let denominator: Int32

  /// Creates the fraction `numerator/denominator` without reducing it.
  public init(_ numerator: Int32, _ denominator: Int32) {
    self.numerator = numerator
    self.denominator = denominator
  }

  init(_ value: AVRational) {
    numerator = value.num
    denominator = value.den
  }

  var libav: AVRational { AVRational(num: numerator, den: denominator) }

  /// The time base of container durations in libav: microseconds.
  public static let microseconds = Rational(1, 1_000_000)

  /// Whether both numbers are positive. libav marks an unknown rate or ratio with a zero.
  public var isPositive: Bool { numerator > 0 && denominator > 0 }

  /// The value as a floating-point number; 0 if it is undefined.
  public var value: Double { denominator == 0 ? 0 : Double(numerator) / Double(denominator) }

  /// The reciprocal.
  public var inverse: Rational { Rational(denominator, numerator) }

  /// Converts a timestamp from this time base to `other`, rounded to nearest.
  public func rescale(_ timestamp: Int64, to other: Rational) -> Int64 {
    guard isPositive, other.isPositive else { return timestamp }
    return av_rescale_q(timestamp, libav, other.libav)
  }

  /// `numerator/denominator`.
  public var description: String { "\(numerator)/\(denominator)" }
}
