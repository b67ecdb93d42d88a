import Autograd
import Kernels
import Tensors

/// A picture whose variables are decorrelated, so that gradient ascent finds pictures instead of noise.
///
/// `127.5 + 127.5·tanh(C·Σ_l E(p_l))` with pyramid levels `p_l` of half the size each, bilinear enlargement `E` to the
/// picture's size, and a matrix `C` from decorrelated colours to red, green and blue. A step of the same size at all
/// levels changes every octave by the same amount, as in photos, whose spectrum falls with `1/f`. Without it, fine
/// noise is the fastest way to excite a neuron. C. Olah, A. Mordvintsev, L. Schubert: Feature Visualization,
/// Distill 2017.
struct PyramidPicture {
  /// The levels, the finest first.
  let levels: [Variable]
  private let shape: Shape
  private let colours: Variable

  /// The eigenvectors of the covariance of red, green and blue within a photo, times the standard deviations along
  /// them: lightness, blue against orange, green against magenta. Measured on the default photos of `make setup`, with
  /// colours in −1…1.
  private static let colourMatrix: [Float] = [
    0.388, -0.197, 0.058,
    0.405, -0.010, -0.101,
    0.375, 0.215, 0.049,
  ]
  /// The side of the coarsest level.
  private static let coarsest = 4

  /// Creates a picture that is almost grey.
  ///
  /// - Parameter deviation: The bound of the uniform noise at each level.
  init(height: Int, width: Int, seed: UInt64, deviation: Float = 0.1) {
    shape = Shape(batch: 1, height: height, width: width, channels: 3)
    colours = Variable(Tensor(Shape([3, 3, 1, 1]), elements: Self.colourMatrix))
    var random = SplitMix64(seed: seed)
    var levels: [Variable] = []
    var (rows, columns) = (height, width)
    while true {
      let level = Shape(batch: 1, height: rows, width: columns, channels: 3)
      let noise = (0..<level.count).map { _ in (2 * random.uniform() - 1) * deviation }
      levels.append(Variable(Tensor(level, elements: noise), requiresGradient: true))
      if min(rows, columns) <= Self.coarsest { break }
      (rows, columns) = ((rows + 1) / 2, (columns + 1) / 2)
    }
    self.levels = levels
  }

  /// Returns the picture, `[1, H, W, 3]`, red, green and blue 0…255.
  func callAsFunction(on tape: Tape) -> Variable {
    var sum: Variable?
    for level in levels {
      let enlarged =
        level.value.shape == shape ? level : tape.enlarged(level, height: shape.height, width: shape.width)
      sum = sum.map { tape.add($0, enlarged) } ?? enlarged
    }
    let picture = tape.convolution(sum ?? levels[0], weight: colours, bias: nil, padding: 0, paddingMode: .zeros)
    return tape.pointwise(.scaledTanh(scale: 127.5, offset: 127.5), picture)
  }

  /// Weakens the fine levels: level `l` is multiplied by `1 − strength/2ˡ`. This is a blur, which a pyramid gets by its
  /// coarse levels alone.
  func blur(_ strength: Float) {
    for (index, level) in levels.enumerated() {
      let factor = 1 - strength / Float(1 << min(index, 30))
      for element in 0..<level.value.count { level.value.buffer[element] *= factor }
    }
  }
}

/// Adam for the levels of a ``PyramidPicture``.
final class PyramidOptimizer {
  private let picture: PyramidPicture
  private let moments: [(first: Tensor, second: Tensor)]
  private var step = 0

  /// Creates an optimizer without moments.
  init(_ picture: PyramidPicture) {
    self.picture = picture
    moments = picture.levels.map { (Tensor($0.value.shape), Tensor($0.value.shape)) }
  }

  /// Follows the gradients of the levels downwards, and removes them.
  func update(learningRate: Float) {
    step += 1
    for (level, moments) in zip(picture.levels, moments) {
      guard let gradient = level.gradient else { continue }
      AdamStep.update(
        level.value.pointer, gradient: gradient.pointer, firstMoment: moments.first.pointer,
        secondMoment: moments.second.pointer, count: level.value.count, step: step, learningRate: learningRate)
      level.clearGradient()
    }
  }
}
