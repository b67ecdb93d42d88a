import Tensors

/// The difference between computed and expected values.
package struct Discrepancy: Sendable, CustomStringConvertible {
  /// The maximum of `|computed − expected|`; infinite if the counts differ or a computed value is not finite.
  package let maximum: Double
  /// The offset of the element with the maximum difference.
  package let offset: Int
  /// The maximum of `|expected|`, which floating-point rounding is relative to.
  package let magnitude: Double

  /// `maximum / magnitude`, or `maximum` if all expected values are 0.
  package var relative: Double { magnitude > 0 ? maximum / magnitude : maximum }

  /// A description for the message of a failing test.
  package var description: String {
    "maximum difference \(maximum) at offset \(offset), \(relative) of the range \(magnitude)"
  }

  /// Compares two arrays element by element.
  package init(_ computed: [Float], expected: [Double]) {
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

  /// Compares a tensor with a reference. Different shapes give an infinite difference.
  package init(_ computed: Tensor, expected: ReferenceTensor) {
    self.init(computed.shape == expected.shape ? computed.elements : [], expected: expected.elements)
  }

  /// Compares two tensors. Different shapes give an infinite difference.
  package init(_ computed: Tensor, expected: Tensor) {
    self.init(computed, expected: ReferenceTensor(expected))
  }
}
