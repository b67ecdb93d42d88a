/// A function of one value at a time, with its derivative.
///
/// A new function is a case here and a line in each of the two methods. ``Pointwise`` and ``ActivationPass`` run them
/// all.
package enum PointwiseFunction: Hashable, Sendable {
  /// `x`.
  case identity
  /// `max(x, 0)`.
  case relu
  /// `x` where it is positive, else `slope · x`. The slope is at least 0.
  case leakyReLU(slope: Float)
  /// `min(max(x, minimum), maximum)`.
  case clamp(minimum: Float, maximum: Float)
  /// `offset + scale · x`.
  case affine(scale: Float, offset: Float)
  /// `offset + scale · tanh(x)`.
  case scaledTanh(scale: Float, offset: Float)

  /// One of each kind, for tests.
  package static let examples: [PointwiseFunction] = [
    .identity, .relu, .leakyReLU(slope: 0.2), .clamp(minimum: -0.5, maximum: 1), .affine(scale: -0.5, offset: 3),
    .scaledTanh(scale: 150, offset: 127.5),
  ]

  /// Calls `body` with the function on vectors. The switch happens once, outside of the loops of `body`.
  @inline(__always)
  func withValue(_ body: (_ value: (Lanes) -> Lanes) -> Void) {
    switch self {
    case .identity: body { $0 }
    case .relu: body { rectified($0) }
    case .leakyReLU(let slope):
      body { (Lanes(repeating: slope) * $0).replacing(with: $0, where: $0 .> Lanes.zero) }
    case .clamp(let minimum, let maximum):
      let (low, high) = (Lanes(repeating: minimum), Lanes(repeating: maximum))
      body { $0.replacing(with: low, where: $0 .< low).replacing(with: high, where: $0 .> high) }
    case .affine(let scale, let offset):
      body { Lanes(repeating: offset).addingProduct(Lanes(repeating: scale), $0) }
    case .scaledTanh(let scale, let offset):
      body { Lanes(repeating: offset).addingProduct(Lanes(repeating: scale), hyperbolicTangent($0)) }
    }
  }

  /// Calls `body` with the gradient of the input, given the function's own output and the gradient of that.
  @inline(__always)
  func withGradient(_ body: (_ gradient: (_ output: Lanes, _ dOutput: Lanes) -> Lanes) -> Void) {
    switch self {
    case .identity: body { $1 }
    case .relu: body { Lanes.zero.replacing(with: $1, where: $0 .> Lanes.zero) }
    case .leakyReLU(let slope):
      body { (Lanes(repeating: slope) * $1).replacing(with: $1, where: $0 .> Lanes.zero) }
    case .clamp(let minimum, let maximum):
      let (low, high) = (Lanes(repeating: minimum), Lanes(repeating: maximum))
      body { Lanes.zero.replacing(with: $1, where: ($0 .> low) .& ($0 .< high)) }
    case .affine(let scale, _): body { Lanes(repeating: scale) * $1 }
    case .scaledTanh(let scale, let offset):
      body { output, dOutput in
        let tangent = (output - offset) / scale
        return dOutput * scale * (1 - tangent * tangent)
      }
    }
  }
}
