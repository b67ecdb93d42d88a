import Autograd
import Kernels
import Tensors

extension VGG16 {
  /// Calls `body` with the output of each convolution for `image`, up to and including `last`.
  ///
  /// - Parameters:
  ///   - image: Pictures `[N, H, W, 3]`, RGB 0…255. `H` and `W` are at least `2ᵇ` for the block `b` of `last`.
  ///   - rectifier: What the backward passes of the ReLUs let through.
  ///   - rectifiesLast: Whether `last` is behind its ReLU. Before it, a neuron that does not fire has a gradient, too.
  ///   - keepsWeights: Whether to keep the weights as the kernels read them for the next image of this shape.
  package func forEachActivation(
    of image: Variable, upTo last: VGG16Activation, rectifier: RectifierGradient = .exact, rectifiesLast: Bool = true,
    keepsWeights: Bool = true, on tape: Tape, _ body: (VGG16Activation, Variable) -> Void
  ) {
    let shape = image.value.shape
    let prepared =
      keepsWeights && min(shape.height, shape.width) >= Self.minimumExtent
      ? preparation(
        for: shape, gradientToInput: image.requiresGradient, precision: tape.precision, pool: tape.pool
      ).convolutions : nil
    var value = tape.caffePreprocessing(image, mean: Self.mean)
    for layer in VGG16Activation.all where layer <= last {
      let stage = stages[layer.block][layer.position]
      if layer.block > 0, layer.position == 0 { value = tape.maxPool(value) }
      let isRectified = layer < last || rectifiesLast
      value = tape.convolution(
        value, weight: stage.weight, bias: stage.bias, padding: 1, paddingMode: .zeros,
        appliesReLU: isRectified && rectifier == .exact, prepared: prepared?[layer.index])
      if isRectified, rectifier != .exact { value = tape.rectified(value, gradient: rectifier) }
      body(layer, value)
    }
  }
}
