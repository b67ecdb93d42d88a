import Autograd
import Kernels
import Tensors

/// How far a picture's colours are from its painting's, as statistics: their mean and how they spread together.
///
/// `mean((M(y) − M(s))²)/mean(M(s)²)`, where `M` is the matrix of second moments of `(Y, Cb, Cr, 1)`, the colours of Rec. 601 minus the
/// painting's mean over the painting's deviation, so that chroma counts as much as luma. Features of VGG-16 mostly see luma.
struct PaletteLoss {
  /// The rows of Rec. 601 in full range.
  private static let rows: [[Double]] = [
    [0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312],
  ]

  private let weight: Variable
  private let bias: Variable
  private let target: Tensor

  /// The loss for a painting, `[1, H, W, 3]` RGB 0…255.
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
      // A painting in grey has no deviation to divide by.
      let scale = 1 / max(variance.squareRoot(), 1)
      weights += row.map { Float($0 * scale) }
      biases.append(Float(-mean * scale))
    }
    weight = Variable(Tensor(Shape([4, 3, 1, 1]), elements: weights + [0, 0, 0]))
    bias = Variable(Tensor(Shape([4]), elements: biases + [1]))
    target = Self.moments(Variable(painting), weight, bias, on: tape).value.copy()
  }

  /// The loss of `output`, `[N, H, W, 3]`; seeds its gradient with `weight` times the loss's.
  func callAsFunction(output: Variable, weight: Double, on tape: Tape) -> Double {
    let scale = 1 / target.meanSquare
    let moments = Self.moments(output, self.weight, bias, on: tape)
    return scale * tape.meanSquaredError(moments, target: target, weight: Float(weight * scale))
  }

  private static func moments(_ picture: Variable, _ weight: Variable, _ bias: Variable, on tape: Tape) -> Variable {
    tape.gram(tape.convolution(picture, weight: weight, bias: bias, padding: 0, paddingMode: .zeros))
  }
}
