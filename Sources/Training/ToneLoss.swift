import Autograd
import Kernels
import Tensors

/// Compares the large light and dark shapes of a picture with those of its photo, adjusted to the painting's brightness
/// and contrast.
///
/// `mean((B(Y_y) − t)²)/σ_s²` with `t = μ_s + g·(B(Y_x) − μ_x)` for output `y`, photo `x` and painting `s`. `Y` is Rec.
/// 601 luma, `B` the means of blocks of 16 × 16 pixels, and `μ` and `σ` the mean and standard deviation of the blocks
/// of a picture. The gain `g = σ_s/σ_x` is clamped.
///
/// Gram matrices contain no positions. Without this loss every part of a picture gets the painting's mean brightness,
/// and the photo's light and dark shapes are lost.
struct ToneLoss: PictureTerm {
  /// The side of a block in pixels.
  fileprivate static let side = 16

  let group = LossGroup.content
  var definition: String { "MSE of the luma of blocks of \(Self.side) over the painting's variance" }

  func prepared(for painting: Tensor, on tape: Tape) -> any PreparedPictureTerm {
    PaintingTone(painting: painting, tape: tape)
  }
}

/// The brightness and contrast of a painting, for ``ToneLoss``.
struct PaintingTone: PreparedPictureTerm {
  /// The bounds of the gain, which limit the amplification of photos with little contrast.
  static let gains = 0.6...1.6

  /// The weight of the convolution that computes the luma.
  static var lumaWeight: Variable { Variable(Tensor(Shape([1, 3, 1, 1]), elements: [0.299, 0.587, 0.114])) }

  private let mean: Double
  private let deviation: Double
  private let luma: Variable
  private let zero = Variable(Tensor(Shape([1])))

  /// Measures a painting, `[1, H, W, 3]`, RGB 0…255.
  init(painting: Tensor, tape: Tape) {
    luma = Self.lumaWeight
    let blocks = Self.blocks(of: Variable(painting), luma, zero, on: tape).value
    (mean, deviation) = Self.moments(blocks.elements)
  }

  func add(to losses: LossRecorder, weight: Double, output: Variable, photos: Tensor) {
    let tape = losses.tape
    let target = Self.blocks(of: Variable(photos), luma, zero, on: tape).value.copy()
    let count = target.count / max(1, target.shape.batch)
    for image in 0..<target.shape.batch {
      let values = target.pointer + image * count
      let (photoMean, photoDeviation) = Self.moments((0..<count).map { values[$0] })
      let gain = min(max(deviation / max(photoDeviation, 1), Self.gains.lowerBound), Self.gains.upperBound)
      for index in 0..<count { values[index] = Float(mean + gain * (Double(values[index]) - photoMean)) }
    }
    losses.addMeanSquaredError(
      to: LossName(.content), weight: weight, scale: 1 / (deviation * deviation),
      Self.blocks(of: output, luma, zero, on: tape),
      target: target)
  }

  /// Returns the mean luma of blocks of pixels, `[N, ⌊H/16⌋, ⌊W/16⌋, 1]`, of `[N, H, W, 3]`.
  static func blocks(of picture: Variable, _ luma: Variable, _ zero: Variable, on tape: Tape) -> Variable {
    let value = tape.convolution(picture, weight: luma, bias: zero, padding: 0, paddingMode: .zeros)
    let shape = value.value.shape
    return tape.areaReduced(
      value, height: max(1, shape.height / ToneLoss.side), width: max(1, shape.width / ToneLoss.side))
  }

  /// Returns the mean and the standard deviation, at least 1, of `values`.
  static func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0) { $0 + Double($1) } / count
    let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    return (mean, max(variance.squareRoot(), 1))
  }
}
