import Autograd
import Foundation
import Kernels
import Tensors

/// Compares the means and covariances of the colours of a picture with those of the painting.
///
/// `mean((M(y) − M(s))²)/mean(M(s)²)`, where `M` is the matrix of second moments of `(Y, Cb, Cr, 1)`. `Y`, `Cb` and
/// `Cr` are the Rec. 601 components minus their mean in the painting, divided by their standard deviation there, so
/// that chroma counts as much as luma. VGG-16 features hardly depend on chroma, so the palette must enforce it.
struct PaletteLoss: PictureTerm {
  /// The weight within style.
  let factor: Double

  let group = LossGroup.style
  var names: [LossName] { [Self.name] }
  var definition: String {
    String(format: "%g times ", factor)
      + "MSE of the second moments of (Y, Cb, Cr, 1) over the painting's mean square"
  }
  /// False: colours differ far more between photos than strokes do.
  let determinesStyleWeight = false

  /// What the loss is reported as.
  static let name = LossName(.style, "palette")

  func prepared(for painting: Tensor, on tape: Tape) -> any PreparedPictureTerm {
    PaintingPalette(painting: painting, tape: tape)
  }
}

/// The colours of a painting, for ``PaletteLoss``.
struct PaintingPalette: PreparedPictureTerm {
  /// The rows of the full-range Rec. 601 matrix.
  static let rows: [[Double]] = [
    [0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312],
  ]

  private let weight: Variable
  private let bias: Variable
  private let target: Tensor

  /// Measures a painting, `[1, H, W, 3]`, RGB 0…255.
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

  func add(to losses: LossRecorder, weight: Double, output: Variable, photos: Tensor) {
    losses.addMeanSquaredError(
      to: PaletteLoss.name, weight: weight, scale: 1 / target.meanSquare,
      Self.moments(output, self.weight, bias, on: losses.tape), target: target)
  }

  private static func moments(_ picture: Variable, _ weight: Variable, _ bias: Variable, on tape: Tape) -> Variable {
    tape.gram(tape.convolution(picture, weight: weight, bias: bias, padding: 0, paddingMode: .zeros))
  }
}
