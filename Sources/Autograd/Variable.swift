import Tensors

/// A value on a tape and its gradient.
package final class Variable {
  /// The value.
  package let value: Tensor
  /// `∂loss/∂value`; nil until the backward pass reaches the value.
  package internal(set) var gradient: Tensor?
  /// Whether to compute a gradient. The tape does not record operations on values that require none.
  package let requiresGradient: Bool

  /// Creates a leaf: a parameter if `requiresGradient` is true, else a constant.
  package init(_ value: Tensor, requiresGradient: Bool = false) {
    self.value = value
    self.requiresGradient = requiresGradient
  }

  /// Removes the gradient.
  package func clearGradient() { gradient = nil }
}
