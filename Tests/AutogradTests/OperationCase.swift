import Autograd
import Kernels
import TestSupport
import Tensors
import Testing

/// One rule of the tape: its inputs in `operations.safetensors` and how to apply it.
struct OperationCase: Sendable, CustomTestStringConvertible {
  /// The prefix of its tensors.
  let name: String
  /// The names of the inputs that have gradients, below the prefix.
  let inputs: [String]
  /// Whether a small step may leave the piece of the function that the gradient belongs to: golden inputs with ties.
  var hasKinks = false
  /// The step of central differences: large where the function is linear or quadratic, and they are exact.
  var step: Float = 0.25
  let apply: @Sendable (Tape, [Variable]) -> Variable

  var testDescription: String { name }

  static let all =
    convolutions + [
      OperationCase(name: "instance_norm", inputs: ["input", "scale", "shift"], step: 1e-2) {
        $0.instanceNorm($1[0], gamma: $1[1], beta: $1[2])
      },
      OperationCase(name: "relu", inputs: ["input"], hasKinks: true) { $0.relu($1[0]) },
      OperationCase(name: "scaled_tanh", inputs: ["input"], step: 1e-2) {
        $0.scaledTanh($1[0], scale: 150, offset: 127.5)
      },
      OperationCase(name: "max_pool", inputs: ["input"], hasKinks: true) { $0.maxPool($1[0]) },
      OperationCase(name: "upsample", inputs: ["input"]) { $0.upsampleNearest($1[0]) },
      OperationCase(name: "gram", inputs: ["input"]) { $0.gram($1[0]) },
    ]

  private static let convolutions = [
    convolution("pointwise", padding: 0, mode: .zeros), convolution("unpadded", padding: 0, mode: .zeros),
    convolution("zero", padding: 1, mode: .zeros), convolution("zero_strided", stride: 2, padding: 1, mode: .zeros),
    convolution("reflection", padding: 1, mode: .reflect),
    convolution("reflection_strided", stride: 2, padding: 1, mode: .reflect),
    convolution("wide_in", padding: 4, mode: .reflect), convolution("wide_out", padding: 4, mode: .reflect),
  ]

  private static func convolution(
    _ name: String, stride: Int = 1, padding: Int, mode: PaddingMode
  ) -> OperationCase {
    OperationCase(name: "convolution.\(name)", inputs: ["input", "weight", "bias"]) {
      $0.convolution($1[0], weight: $1[1], bias: $1[2], stride: stride, padding: padding, paddingMode: mode)
    }
  }
}
