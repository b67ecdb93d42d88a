import Tensors

/// How far computed values lie from expected ones.
public struct Discrepancy: Sendable, CustomStringConvertible {
  /// The greatest `|computed − expected|`; infinite where the counts differ or a computed value is not finite.
  public let maximum: Double
  /// The offset of the element that `maximum` belongs to.
  public let offset: Int
  /// The greatest `|expected|`: the range that float rounding is relative to.
  public let magnitude: Double

  /// `maximum / magnitude`, or `maximum` itself where all that was expected is 0.
  public var relative: Double { magnitude > 0 ? maximum / magnitude : maximum }

  /// The difference in words, for a failing test's message.
  public var description: String {
    "greatest difference \(maximum) at offset \(offset), \(relative) of the range \(magnitude)"
  }

  /// Compares two arrays element by element.
  public init(_ computed: [Float], expected: [Double]) {
    var maximum = computed.count == expected.count ? 0 : Double.infinity
    var offset = 0
    for (index, (value, target)) in zip(computed, expected).enumerated() {
      let difference = value.isFinite ? abs(Double(value) - target) : .infinity
      if difference > maximum { (maximum, offset) = (difference, index) }
    }
    self.maximum = maximum
    self.offset = offset
    magnitude = expected.map(abs).max() ?? 0
  }

  /// Compares a tensor with a reference; another shape counts as infinitely far.
  public init(_ computed: Tensor, expected: ReferenceTensor) {
    self.init(computed.shape == expected.shape ? computed.elements : [], expected: expected.elements)
  }

  /// Compares two tensors; another shape counts as infinitely far.
  public init(_ computed: Tensor, expected: Tensor) {
    self.init(computed, expected: ReferenceTensor(expected))
  }
}
