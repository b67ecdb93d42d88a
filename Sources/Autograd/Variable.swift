import Tensors

/// A value on the tape, and its gradient while the tape runs backwards.
public final class Variable {
  /// The value.
  public let value: Tensor
  /// `∂loss/∂value`, once something that depends on the value has been differentiated.
  public internal(set) var gradient: Tensor?
  /// Whether a gradient is wanted; operations on values that want none are not recorded.
  public let requiresGradient: Bool

  /// A leaf: a constant, or with `requiresGradient` a parameter.
  public init(_ value: Tensor, requiresGradient: Bool = false) {
    self.value = value
    self.requiresGradient = requiresGradient
  }

  /// Forgets the gradient.
  public func clearGradient() { gradient = nil }
}
