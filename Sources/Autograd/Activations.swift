import Kernels
import Tensors

// Operations of networks that other programs trained.

extension Tape {
  /// Computes `x` where it is positive, else `slopes[c] · x` of `input`, `[N, H, W, C]`.
  package func parametricReLU(_ input: Variable, slopes: Variable) -> Variable {
    let shape = input.value.shape
    precondition(slopes.value.shape == Shape([shape.channels]), "slopes \(slopes.value.shape) for \(shape)")
    let pixels = shape.count / max(1, shape.channels)
    let output = uninitialized(shape)
    ParametricReLU.forward(
      input.value.pointer, slopes: slopes.value.pointer, pixels: pixels, channels: shape.channels,
      output: output.pointer, pool: pool)
    return record(output, inputs: [input, slopes]) { [self] gradient in
      ParametricReLU.backward(
        input.value.pointer, slopes: slopes.value.pointer, dOutput: gradient.pointer, pixels: pixels,
        channels: shape.channels, dInput: gradient.pointer, dSlopes: accumulator(slopes).pointer)
      if input.requiresGradient { add(gradient, to: input) }
    }
  }

  /// Joins the channels of `first`, `[N, H, W, A]`, and `second`, `[N, H, W, B]`, to `[N, H, W, A + B]`.
  package func concatenation(_ first: Variable, _ second: Variable) -> Variable {
    let (a, b) = (first.value.shape, second.value.shape)
    precondition(
      (a.batch, a.height, a.width) == (b.batch, b.height, b.width), "cannot join shapes \(a) and \(b)")
    let pixels = a.batch * a.height * a.width
    let channels = a.channels + b.channels
    let output = uninitialized(Shape(batch: a.batch, height: a.height, width: a.width, channels: channels))
    Concatenation.forward(
      first.value.pointer, channels: a.channels, second.value.pointer, channels: b.channels, pixels: pixels,
      output: output.pointer, pool: pool)
    return record(output, inputs: [first, second]) { [self] gradient in
      for (operand, channel) in [(first, 0), (second, a.channels)] where operand.requiresGradient {
        contribute(to: operand) { target in
          Concatenation.backward(
            gradient.pointer, channels: channels, from: channel, count: operand.value.shape.channels, pixels: pixels,
            dInput: target, pool: pool)
        }
      }
    }
  }
}
