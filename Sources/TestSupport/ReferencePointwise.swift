import Foundation
import Tensors

extension Reference {
  /// ReLU: `y = max(x, 0)`.
  package static func relu(_ input: ReferenceTensor) -> ReferenceTensor {
    ReferenceTensor(input.shape, elements: input.elements.map { $0 > 0 ? $0 : 0 })
  }

  /// The gradient of ReLU: `gradient` if the input was positive, otherwise 0. At 0 it is 0, as in PyTorch.
  package static func reluBackward(_ gradient: ReferenceTensor, input: ReferenceTensor) -> ReferenceTensor {
    ReferenceTensor(input.shape, elements: zip(gradient.elements, input.elements).map { $1 > 0 ? $0 : 0 })
  }

  /// The sum `y = a + b`. Both operands have the same gradient as the sum.
  package static func add(_ first: ReferenceTensor, _ second: ReferenceTensor) -> ReferenceTensor {
    precondition(first.shape == second.shape)
    return ReferenceTensor(first.shape, elements: zip(first.elements, second.elements).map { $0 + $1 })
  }

  /// Scaled tanh: `y = offset + scale · tanh(x)`.
  package static func scaledTanh(_ input: ReferenceTensor, scale: Double, offset: Double) -> ReferenceTensor {
    ReferenceTensor(input.shape, elements: input.elements.map { offset + scale * tanh($0) })
  }

  /// The gradient of ``scaledTanh(_:scale:offset:)``: `gradient · scale · (1 − tanh²(x))`.
  package static func scaledTanhBackward(
    _ gradient: ReferenceTensor, input: ReferenceTensor, scale: Double
  ) -> ReferenceTensor {
    ReferenceTensor(
      input.shape,
      elements: zip(gradient.elements, input.elements).map { outer, value in
        let tangent = tanh(value)
        return outer * scale * (1 - tangent * tangent)
      })
  }
}
