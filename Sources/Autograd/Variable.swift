import Tensors

/// A value on a tape and its gradient.
public final class Variable {
  /// The value.
  public let value: Tensor
  /// `∂loss/∂value`; nil until the backward pass reaches the value.
  public internal(set) var gradient: Tensor?
  /// Whether to compute a gradient. The tape does not record operations on values that require none.
  public let requiresGradient: Bool

  /// Creates a leaf: a parameter if `requiresGradient` is true, else a constant.
  public init(_ value: Tensor, requiresGradient: Bool = false) {
    self.value = value
    self.requiresGradient = requiresGradient
  }

  /// Removes the gradient.
  public func clearGradient() { gradient = nil }
}
