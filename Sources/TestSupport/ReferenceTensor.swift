import Tensors

/// A dense array in double precision, on which the reference kernels compute.
///
/// A value type with an ordinary array, so that a reference cannot share an aliasing or storage bug with the code under
/// test. Elements are in row-major order.
package struct ReferenceTensor: Equatable, Sendable {
  /// The shape; `[N, H, W, C]` for activations.
  package let shape: Shape
  /// The elements, in row-major order.
  package var elements: [Double]

  /// Creates an array of zeros.
  package init(_ shape: Shape) {
    self.shape = shape
    elements = [Double](repeating: 0, count: shape.count)
  }

  /// Creates an array with `elements`, which must number `shape.count`.
  package init(_ shape: Shape, elements: [Double]) {
    precondition(elements.count == shape.count, "\(elements.count) elements for shape \(shape)")
    self.shape = shape
    self.elements = elements
  }

  /// Creates an array with the exact elements of a float tensor.
  package init(_ tensor: Tensor) {
    self.init(tensor.shape, elements: tensor.elements.map(Double.init))
  }

  /// The elements rounded to float.
  package var floats: [Float] { elements.map(Float.init) }

  /// A float tensor of the rounded elements.
  package var tensor: Tensor { Tensor(shape, elements: floats) }

  /// The element at `[n, y, x, c]` of a rank-4 array, or at `[o, i, y, x]` for convolution weights.
  package subscript(first: Int, second: Int, third: Int, fourth: Int) -> Double {
    get { elements[offset(first, second, third, fourth)] }
    set { elements[offset(first, second, third, fourth)] = newValue }
  }

  private func offset(_ first: Int, _ second: Int, _ third: Int, _ fourth: Int) -> Int {
    let extents = shape.dimensions
    precondition(extents.count == 4, "four indices into shape \(shape)")
    precondition(first >= 0 && first < extents[0] && second >= 0 && second < extents[1])
    precondition(third >= 0 && third < extents[2] && fourth >= 0 && fourth < extents[3])
    return ((first * extents[1] + second) * extents[2] + third) * extents[3] + fourth
  }
}

/// The reference kernels: slow and simple, with one loop per index and accumulation in double precision.
///
/// Operations come in pairs. `operation` computes the output. `operationBackward` takes the gradient of a loss with
/// respect to the output and returns the gradients with respect to the inputs.
package enum Reference {}
