import Autograd
import Kernels
import Tensors

/// Compares the means and covariances of the colours of a picture with those of the painting.
///
/// `mean((M(y) − M(s))²)/mean(M(s)²)`, where `M` is the matrix of second moments of `(Y, Cb, Cr, 1)`. `Y`, `Cb` and
/// `Cr` are the Rec. 601 components minus their mean in the painting, divided by their standard deviation there, so
/// that chroma counts as much as luma. VGG-16 features mostly depend on luma.
struct PaletteLoss {
  /// The rows of the full-range Rec. 601 matrix.
  private static let rows: [[Double]] = [
    [0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312],
  ]

  private let weight: Variable
  private let bias: Variable
  private let target: Tensor

  /// Creates the loss for a painting, `[1, H, W, 3]`, RGB 0…255.
  init(painting: Tensor, tape: Tape) {
    let pixels = painting.count / 3
    var weights: [Float] = []
    var biases: [Float] = []
    for row in Self.rows {
      let values = (0..<pixels).map { pixel in
        (0..<3).reduce(0) { $0 + row[$1] * Double(painting.pointer[3 * pixel + $1]) }
      }
      let mean = values.reduce(0, +) / Double(max(1, pixels))
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, pixels))
      // The chroma of a grey painting has a standard deviation of 0.
      let scale = 1 / max(variance.squareRoot(), 1)
      weights += row.map { Float($0 * scale) }
      biases.append(Float(-mean * scale))
    }
    weight = Variable(Tensor(Shape([4, 3, 1, 1]), elements: weights + [0, 0, 0]))
    bias = Variable(Tensor(Shape([4]), elements: biases + [1]))
    target = Self.moments(Variable(painting), weight, bias, on: tape).value.copy()
  }

  /// Computes the loss of `output`, `[N, H, W, 3]`, and adds its gradient, times `weight`, to the gradient of `output`.
  ///
  /// - Returns: The loss, without the weight.
  func callAsFunction(output: Variable, weight: Double, on tape: Tape) -> Double {
    let scale = 1 / target.meanSquare
    let moments = Self.moments(output, self.weight, bias, on: tape)
    return scale * tape.meanSquaredError(moments, target: target, weight: Float(weight * scale))
  }

  private static func moments(_ picture: Variable, _ weight: Variable, _ bias: Variable, on tape: Tape) -> Variable {
    tape.gram(tape.convolution(picture, weight: weight, bias: bias, padding: 0, paddingMode: .zeros))
  }
}
