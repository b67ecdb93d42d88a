import Kernels
import Tensors

extension Tape {
  /// Computes `max(x, 0)` of each value of `input`, with a choice of what its backward pass lets through.
  ///
  /// See ``RectifierGradient``. With `exact` it does what `pointwise(.relu, input)` does.
  package func rectified(_ input: Variable, gradient rule: RectifierGradient) -> Variable {
    let output = uninitialized(input.value.shape)
    Pointwise.forward(.relu, input.value.pointer, output: output.pointer, count: output.count, pool: pool)
    return record(output, inputs: [input]) { [self] gradient in
      Pointwise.backward(
        rectifier: rule, output: output.pointer, dOutput: gradient.pointer, dInput: gradient.pointer,
        count: gradient.count, pool: pool)
      add(gradient, to: input)
    }
  }
}
