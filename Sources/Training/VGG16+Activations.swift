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
  package func forEachActivation(
    of image: Variable, upTo last: VGG16Activation, rectifier: RectifierGradient = .exact, rectifiesLast: Bool = true,
    on tape: Tape, _ body: (VGG16Activation, Variable) -> Void
  ) {
    var value = tape.caffePreprocessing(image, mean: Self.mean)
    for layer in VGG16Activation.all where layer <= last {
      let stage = stages[layer.block][layer.position]
      if layer.block > 0, layer.position == 0 { value = tape.maxPool(value) }
      let isRectified = layer < last || rectifiesLast
      value = tape.convolution(
        value, weight: stage.weight, bias: stage.bias, padding: 1, paddingMode: .zeros,
        appliesReLU: isRectified && rectifier == .exact, prepared: stage.prepared)
      if isRectified, rectifier != .exact { value = tape.rectified(value, gradient: rectifier) }
      body(layer, value)
    }
  }
}
